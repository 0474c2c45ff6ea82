package pronote

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// transport sends the requests of one session: with its own cookies, to one host, at the client's pace.
type transport struct {
	client *Client
	guise  guise
	page   *http.Client // follows redirects within the host
	post   *http.Client // follows none
	jar    *cookieJar
}

func newTransport(c *Client, host string, g guise) *transport {
	t := &transport{client: c, guise: g, jar: newCookieJar(host)}
	for name, value := range g.cookies {
		t.jar.cookies[name] = secret.Store(secret.New(value))
	}
	page, post := *c.http, *c.http
	page.Jar, post.Jar = t.jar, t.jar
	page.CheckRedirect = stayOnHost
	post.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.page, t.post = &page, &post
	return t
}

// stayOnHost follows a school's server to https or to another page, and sees a portal in a redirection to
// any other host, pronote-today §3.5.
func stayOnHost(r *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case r.URL.Hostname() != from.Hostname():
		return ErrNeedsENT
	case from.Scheme == "https" && r.URL.Scheme != "https":
		return &AddressError{AddressNotHTTPS}
	}
	return limitRedirects(r, via)
}

// answer is an HTTP answer, read to its end.
type answer struct {
	status int
	server string // the header of that name
	body   []byte
	url    *url.URL // where redirects led
}

// openPage asks for the page of a space. Its errors do not hold the address.
func (t *transport) openPage(ctx context.Context, address Address, space Space) (answer, error) {
	target := string(address) + "/" + t.guise.page(space) + "?" + pageQuery
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return answer{}, &AddressError{AddressNotURL}
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "fr-FR,fr;q=0.9")
	return t.do(t.page, opPage, r, maxPage)
}

// send posts the body of a function call.
func (t *transport) send(ctx context.Context, op, target string, body []byte) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return answer{}, &AddressError{AddressNotURL}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return t.do(t.post, op, r, boundsOf(op).body())
}

// do sends r and reads at most limit bytes of the answer. What went wrong on the way is a *NetworkError.
func (t *transport) do(hc *http.Client, op string, r *http.Request, limit int64) (answer, error) {
	if err := t.client.pace(r.Context(), r.URL.Host); err != nil {
		return answer{}, &NetworkError{Op: op, err: err}
	}
	began := time.Now()
	var connected atomic.Bool // from here on the server may have seen something
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}))
	r.Header.Set("User-Agent", t.guise.userAgent)
	resp, err := hc.Do(r)
	if noHost(err) != nil {
		t.client.evenOut(r.Context(), began)
	}
	if err != nil {
		return answer{}, networkError(op, connected.Load(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return answer{}, networkError(op, true, err)
	}
	if int64(len(body)) > limit {
		return answer{}, &ReplyError{op, "answer too long"}
	}
	return answer{resp.StatusCode, resp.Header.Get("Server"), body, resp.Request.URL}, nil
}

// networkError strips the URL of what net/http reports. Refusals of our own keep their kind.
func networkError(op string, sent bool, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if address, ok := errors.AsType[*AddressError](err); ok {
		return fmt.Errorf("pronote: %s: %w", op, address)
	}
	if errors.Is(err, ErrNeedsENT) {
		return fmt.Errorf("pronote: %s: %w", op, ErrNeedsENT)
	}
	return &NetworkError{Op: op, Sent: sent, err: harmless(err)}
}

// harmless keeps causes that tell about the connection alone. Others may quote what the server sent.
func harmless(err error) error {
	if err := noHost(err); err != nil {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return context.DeadlineExceeded
	}
	return errBroken
}

var errBroken = errors.New("connection broken")

// notAnAnswer says what came instead of the answer to a function call: those have status 200, errors
// included, and are JSON (pronote-today §4.2). An error object is taken with any status; anything else is
// a page.
func notAnAnswer(op string, a answer) error {
	head := bytes.TrimSpace(a.body[:min(len(a.body), 512)])
	switch {
	case a.status == http.StatusOK && !bytes.HasPrefix(head, []byte("<")):
		return nil
	case cipher.IsObject(head) && bytes.Contains(head, []byte(`"Erreur"`)):
		return nil
	}
	err := whatPage(a.status, string(a.body[:min(len(a.body), maxErrorPage)]))
	switch err {
	case ErrSuspended, ErrBusy, ErrUnavailable, ErrServer, ErrRateLimited:
		return fmt.Errorf("pronote: %s: %w", op, err)
	}
	return &ReplyError{op, fmt.Sprintf("a page with HTTP status %d instead of an answer", a.status)}
}
