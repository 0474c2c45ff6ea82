package homeserver

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// front stands before Dendrite, as a reverse proxy does in front of every real homeserver. It lets a request
// finish whose client has died: on SQLite, Dendrite leaves a transaction open when it is interrupted, and
// panics at the next one. Tests kill clients.
type front struct {
	*httptest.Server
	address atomic.Pointer[string] // of Dendrite; nil while there is none
}

func newFront() *front {
	f := &front{}
	f.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if address := f.address.Load(); address != nil {
				r.SetURL(&url.URL{Scheme: "http", Host: *address})
			}
			r.Out.Host = r.In.Host
		},
		Transport: &patient{http.Transport{MaxIdleConnsPerHost: 100, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}},
		// A homeserver that is down gives no answer.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	})
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	return f
}

// longest bounds a request; a sync takes half of it.
const longest = time.Minute

// patient is a transport that reads each answer to its end, whether or not somebody still wants it.
type patient struct{ http.Transport }

func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	type result struct {
		resp *http.Response
		err  error
	}
	done := make(chan result, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), longest)
		defer cancel()
		out := r.Clone(ctx)
		out.Body = io.NopCloser(bytes.NewReader(body))
		resp, err := p.Transport.RoundTrip(out)
		if err == nil {
			defer resp.Body.Close()
			var answer []byte
			answer, err = io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(answer))
		}
		done <- result{resp, err}
	}()
	select {
	case d := <-done:
		return d.resp, d.err
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}
