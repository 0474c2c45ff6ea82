package izly

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"

	"cartable/core/secret"
	"cartable/core/visible"
)

// arg is one argument of a remote method. All are strings.
type arg struct {
	name  string
	value string
	null  bool // i:null="true" instead of a text
}

// Envelope as the application's library ksoap2 writes it (izly-today §1.1).
const (
	envelopeHead = `<?xml version="1.0" encoding="utf-8"?>` +
		`<v:Envelope xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:d="http://www.w3.org/2001/XMLSchema"` +
		` xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" xmlns:v="http://schemas.xmlsoap.org/soap/envelope/">` +
		`<v:Header/><v:Body>`
	envelopeTail = `</v:Body></v:Envelope>`
)

// envelope writes a request: the common arguments, then args in their order.
func (c *Client) envelope(op string, args []arg) string {
	common := []arg{
		{name: "version", value: c.cfg.Version},
		{name: "channel", value: argChannel},
		{name: "format", value: argFormat},
		{name: "model", value: argModel},
		{name: "language", value: argLanguage},
	}
	var b strings.Builder
	b.WriteString(envelopeHead + `<` + op + ` xmlns="Service" id="o0" c:root="1">`)
	for _, a := range append(common, args...) {
		if a.null {
			b.WriteString(`<` + a.name + ` i:null="true" />`)
			continue
		}
		b.WriteString(`<` + a.name + ` i:type="d:string">`)
		_ = xml.EscapeText(&b, []byte(a.value)) // a strings.Builder does not fail
		b.WriteString(`</` + a.name + `>`)
	}
	b.WriteString(`</` + op + `>` + envelopeTail)
	return b.String()
}

// soap calls one method, once, and gives the document in its answer. Refusals come as *Error, anything
// else that is not such a document as *ReplyError, *StatusError or *NetworkError. bearer is empty for
// Logon only.
func (c *Client) soap(ctx context.Context, op string, bearer secret.Text, args ...arg) (*node, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.SOAPURL, strings.NewReader(c.envelope(op, args)))
	if err != nil {
		return nil, networkError(ctx, op, err)
	}
	req.GetBody = nil // without it net/http cannot send the request a second time by itself
	// The exact case of the names is the application's; Header.Set would change it.
	req.Header["Content-Type"] = []string{"text/xml;charset=utf-8"}
	req.Header["SOAPAction"] = []string{"Service/" + op}
	req.Header["User-Agent"] = []string{soapUserAgent}
	req.Header["clientVersion"] = []string{c.cfg.Version}
	req.Header["smoneyClientType"] = []string{clientType}
	if !bearer.Empty() {
		req.Header["Authorization"] = []string{"Bearer " + bearer.Reveal()}
	}
	status, body, err := c.exchange(ctx, op, req)
	if err != nil {
		return nil, err
	}
	return unwrap(op, status, body)
}

// exchange sends req and reads the whole answer, as long as it is within the bounds of op.
func (c *Client) exchange(ctx context.Context, op string, req *http.Request) (status int, body string, err error) {
	start := c.cfg.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		err = networkError(ctx, op, err)
		c.cfg.Log.Debug("izly call failed", "op", op, "err", err)
		return 0, "", err
	}
	defer resp.Body.Close()
	limit := boundsOf(op).bytes
	b, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	c.cfg.Log.Debug("izly call", "op", op, "status", resp.StatusCode, "bytes", len(b), "took", c.cfg.Now().Sub(start))
	if err != nil {
		return 0, "", networkError(ctx, op, err)
	}
	if len(b) > limit {
		return 0, "", &ReplyError{op, "too long"}
	}
	return resp.StatusCode, string(b), nil
}

// unwrap finds the inner document of an answer: Envelope/Body/<op>Response/<op>Result holds it as text
// (izly-today §1.2).
func unwrap(op string, status int, body string) (*node, error) {
	nodes := boundsOf(op).nodes
	outer, err := parseDocument(body, nodes)
	soapBody := outer.child("Body")
	if fault := soapBody.child("Fault"); fault != nil || status != http.StatusOK {
		return nil, &StatusError{Op: op, Status: status, Fault: fault != nil}
	}
	if err != nil {
		return nil, &ReplyError{op, "envelope: " + err.Error()}
	}
	result := soapBody.child(op + "Response").child(op + "Result")
	if outer.name != "Envelope" || result == nil {
		return nil, &ReplyError{op, "no " + op + "Result in it"}
	}
	inner, err := parseDocument(result.text, nodes)
	if err != nil {
		return nil, &ReplyError{op, "result: " + err.Error()}
	}
	if inner.name == rootError {
		return nil, refusal(op, inner)
	}
	return inner, nil
}

// refusal reads the document E (seed-izly §III; izly-today §1.3). The seed knows Error and Msg only: a
// number in Error stands in for a missing Code.
func refusal(op string, e *node) *Error {
	code, err := strconv.Atoi(e.at("Code"))
	if err != nil {
		code, _ = strconv.Atoi(e.at("Error"))
	}
	prio, err := strconv.Atoi(e.at("Prio"))
	if err != nil {
		prio = prioUnknown
	}
	return &Error{Op: op, Code: code, Prio: prio, Msg: visible.Line(e.at("Msg"))}
}
