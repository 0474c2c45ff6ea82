package telegram

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxBody   = 51 << 20 // uploads of up to 50 MB, and the parameters beside them
	maxParam  = 1 << 20
	maxParams = 100
)

// query holds the parameters of one call: nested objects as JSON text, everything else as plain text.
type query struct {
	params map[string]string
	files  map[string]upload // parts with a file name
}

type upload struct {
	name string
	data []byte
}

// readQuery reads the parameters in any of the four forms that the Bot API documents ("Making
// requests"): query string, urlencoded, JSON, multipart. It answers 413 to a body that is too big.
func readQuery(w http.ResponseWriter, r *http.Request) (*query, error) {
	q := &query{params: map[string]string{}, files: map[string]upload{}}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	q.addValues(r.URL.Query())
	kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch kind {
	case "multipart/form-data":
		err = q.addMultipart(multipart.NewReader(r.Body, options["boundary"]))
	case "application/json":
		err = q.addJSON(r.Body)
	case "application/x-www-form-urlencoded":
		err = q.addForm(r.Body)
	}
	if err == nil {
		// Up to the very end: net/http looks whether the client has gone away only after that, and a long poll
		// of a killed bot must end.
		_, err = io.Copy(io.Discard, r.Body)
	}
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return nil, &apiError{Code: http.StatusRequestEntityTooLarge, Description: "Request Entity Too Large"}
	}
	for name, v := range q.params {
		if !utf8.ValidString(name) || !utf8.ValidString(v) {
			err = errUTF8
		}
	}
	switch {
	case errors.Is(err, errUTF8):
		return nil, badRequest("strings must be encoded in UTF-8")
	case err != nil:
		return nil, badRequest("can't parse the request")
	}
	return q, nil
}

func (q *query) addValues(values url.Values) {
	for name := range values {
		q.params[name] = values.Get(name)
	}
}

func (q *query) addForm(body io.Reader) error {
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(string(text))
	if err == nil {
		q.addValues(values)
	}
	return err
}

var errUTF8 = errors.New("strings must be encoded in UTF-8")

func (q *query) addJSON(body io.Reader) error {
	text, err := io.ReadAll(body)
	if err != nil || len(text) == 0 {
		return err
	}
	if !utf8.Valid(text) { // encoding/json would repair it
		return errUTF8
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	for name, v := range values {
		var s string
		switch {
		case json.Unmarshal(v, &s) == nil && v[0] == '"':
			q.params[name] = s
		case string(v) != "null":
			q.params[name] = string(v)
		}
	}
	return nil
}

// addMultipart accepts a body without any part: that is what the library sends for getMe.
func (q *query) addMultipart(parts *multipart.Reader) error {
	for range maxParams {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part)
		switch {
		case err != nil:
			return err
		case part.FileName() != "":
			q.files[part.FormName()] = upload{name: part.FileName(), data: data}
		case len(data) > maxParam:
			return errors.New("parameter too long")
		default:
			q.params[part.FormName()] = string(data)
		}
	}
	return errors.New("too many parameters")
}

func (q *query) str(name string) string { return q.params[name] }

func (q *query) has(name string) bool { return q.params[name] != "" }

// num is 0 for a parameter that is missing or no number, as the Bot API reads optional integers.
func (q *query) num(name string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(q.params[name]))
	return n
}

func (q *query) flag(name string) bool {
	switch strings.ToLower(q.params[name]) {
	case "true", "yes", "1":
		return true
	}
	return false
}

func (q *query) chatID() int64 {
	id, _ := strconv.ParseInt(q.params["chat_id"], 10, 64)
	return id
}

// object decodes a JSON parameter into v; a missing one leaves v as it is.
func (q *query) object(name string, v any, refusal string) error {
	if !q.has(name) {
		return nil
	}
	if json.Unmarshal([]byte(q.params[name]), v) != nil {
		return badRequest("%s", refusal)
	}
	return nil
}
