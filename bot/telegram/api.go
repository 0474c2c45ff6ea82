package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot"

	"cartable/core/secret"
)

const (
	// maxUpdates bounds the answer to getUpdates, in bytes: 100 updates, each with a text of 4096 characters and the
	// message that it replies to, escaped and with entities some 120 KiB.
	maxUpdates = 12 << 20
	maxAnswer  = 1 << 20   // bytes of any other
	maxHeader  = 256 << 10 // bytes of an answer's header
	pollLimit  = 100
	// maxBuffered bounds what is kept in memory of a request, in bytes. No text comes near it.
	maxBuffered = 256 << 10
)

// api speaks to the Bot API: through the library for typed calls, whose HTTP client it is, and by itself
// for updates and files. All of its errors are *Error.
type api struct {
	base  string
	token secret.Text
	http  *http.Client
	bot   *bot.Bot
}

func newAPI(base string, token secret.Text, client *http.Client) (*api, error) {
	c := &api{base: base, token: token, http: &http.Client{}}
	if client != nil {
		*c.http = *client
	}
	if c.http.Transport == nil {
		c.http.Transport = newTransport()
	}
	c.http.Timeout = 0
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { // it would carry the token elsewhere
		return http.ErrUseLastResponse
	}
	var err error
	c.bot, err = bot.New(token.Reveal(), bot.WithSkipGetMe(), bot.WithServerURL(base),
		bot.WithHTTPClient(time.Minute, c), bot.WithErrorsHandler(func(error) {})) // what fails is returned as well
	if err != nil {
		return nil, c.fail("new", err)
	}
	return c, nil
}

func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 8
	t.MaxResponseHeaderBytes = maxHeader
	t.IdleConnTimeout = 90 * time.Second
	return t
}

// envelope is what every answer of the Bot API is ("Making requests").
type envelope struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// Do implements the library's HttpClient. What is no success comes back as an *Error, which the library
// wraps, so that its own kinds of error, which tell less, never arise.
//
// The library writes the request into a pipe. All but a large file is read into memory first, so that Go can begin
// again on a new connection when an idle one turns out to be dead.
func (c *api) Do(req *http.Request) (*http.Response, error) {
	op := path.Base(req.URL.Path)
	if err := buffer(req); err != nil {
		return nil, c.fail(op, err)
	}
	body, _, err := c.exchange(req, op)
	if err != nil {
		return nil, err
	}
	if r, ok := req.Context().Value(reachedKey{}).(*reached); ok {
		r.done.Store(true)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

func buffer(req *http.Request) error {
	pipe := req.Body
	form, err := io.ReadAll(io.LimitReader(pipe, maxBuffered))
	if err != nil {
		return errors.Join(err, pipe.Close())
	}
	if len(form) == maxBuffered {
		req.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(form), pipe), pipe}
		return nil
	}
	if err := pipe.Close(); err != nil {
		return err
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(form)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(form))
	return nil
}

// exchange sends the request and returns the answer, as it is and decoded, if it is a success.
func (c *api) exchange(req *http.Request, op string) ([]byte, *envelope, error) {
	var sent atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		e := c.fail(op, err)
		e.unsent = !sent.Load()
		return nil, nil, e
	}
	defer resp.Body.Close()
	limit := maxAnswer
	if op == opUpdates {
		limit = maxUpdates
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, nil, c.fail(op, err)
	}
	var answer envelope
	if len(body) > limit || json.Unmarshal(body, &answer) != nil || !answer.OK && answer.Code == 0 {
		return nil, nil, &Error{Op: op, Code: gatewayCode(resp.StatusCode), Text: "not an answer of the Bot API"}
	}
	if !answer.OK {
		return nil, nil, c.refusal(op, &answer)
	}
	return body, &answer, nil
}

// gatewayCode is the code for a page that the Bot API did not write. Only 401 and 404 say something
// about the token, and only when the Bot API says it.
func gatewayCode(status int) int {
	if status >= 500 {
		return status
	}
	return http.StatusBadGateway
}

func (c *api) refusal(op string, answer *envelope) *Error {
	return &Error{
		Op: op, Code: answer.Code, Text: c.clean(answer.Description),
		RetryAfter: time.Duration(answer.Parameters.RetryAfter) * time.Second,
		MigrateTo:  answer.Parameters.MigrateTo,
	}
}

// reached notes that Telegram has said yes, for when the library cannot read the rest of the answer.
type reached struct{ done atomic.Bool }

type reachedKey struct{}

// typed makes a call through the library. A success whose result the library cannot read, because
// Telegram has learnt something new, is a success.
func (c *api) typed(ctx context.Context, op string, limit time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := new(reached)
	err := call(context.WithValue(ctx, reachedKey{}, r))
	if err == nil || r.done.Load() {
		return nil
	}
	return c.fail(op, err)
}

// link is where a method or file is. It holds the token.
func (c *api) link(prefix, rest string) string {
	return c.base + prefix + "/bot" + c.token.Reveal() + "/" + rest
}

// getUpdates waits up to timeout for updates from offset on; offset 0 asks for all that are not yet
// confirmed, and gives pollLimit of them at most. They are not decoded: one that cannot be must not hide the others.
func (c *api) getUpdates(ctx context.Context, offset int64, timeout time.Duration) ([]json.RawMessage, error) {
	const op = opUpdates
	ctx, cancel := context.WithTimeout(ctx, timeout+quickCall)
	defer cancel()
	asked, err := json.Marshal(struct {
		Offset  int64    `json:"offset,omitempty"`
		Limit   int      `json:"limit"`
		Timeout int      `json:"timeout"`
		Allowed []string `json:"allowed_updates"`
	}{offset, pollLimit, int(timeout / time.Second), allowedUpdates})
	if err != nil {
		return nil, c.fail(op, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.link("", op), bytes.NewReader(asked))
	if err != nil {
		return nil, c.fail(op, err)
	}
	req.Header.Set("Content-Type", "application/json")
	_, answer, err := c.exchange(req, op)
	if err != nil {
		return nil, err
	}
	updates, err := firstUpdates(answer.Result)
	if err != nil {
		return nil, &Error{Op: op, Code: http.StatusBadGateway, Text: "the result is no list"}
	}
	return updates, nil
}

// opUpdates is the method with the longest answers.
const opUpdates = "getUpdates"

// firstUpdates reads a list as far as pollLimit. What stands behind comes again, since it is not confirmed.
func firstUpdates(list []byte) (updates []json.RawMessage, err error) {
	in := json.NewDecoder(bytes.NewReader(list))
	if start, err := in.Token(); err != nil || start != json.Delim('[') {
		return nil, errors.New("not a list")
	}
	for in.More() && len(updates) < pollLimit {
		var update json.RawMessage
		if err := in.Decode(&update); err != nil {
			return nil, err
		}
		updates = append(updates, update)
	}
	return updates, nil
}

// opDownload stands for a method in the errors of reading a file, which is none.
const opDownload = "download"

// download reads a file by the path that getFile gave, of at most limit bytes.
func (c *api) download(ctx context.Context, file string, limit int) ([]byte, error) {
	const op = opDownload
	if file == "" || strings.Contains(file, "..") || strings.ContainsAny(file, "?#%\\:") || strings.HasPrefix(file, "/") {
		return nil, &Error{Op: op, Text: "odd file path"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.link("/file", file), nil)
	if err != nil {
		return nil, c.fail(op, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.fail(op, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &Error{Op: op, Code: resp.StatusCode, Text: http.StatusText(resp.StatusCode)}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, c.fail(op, err)
	}
	if len(data) > limit {
		return nil, fmt.Errorf("telegram: %w", errTooBig)
	}
	return data, nil
}

var errTooBig = errors.New("the file is too big")
