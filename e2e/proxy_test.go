//go:build goolm

package e2e

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/e2e/homeserver"
)

// newProxy stands between the bot and its homeserver, as change has it.
func newProxy(t *testing.T, hs *homeserver.Server, change func(*httputil.ReverseProxy)) *httptest.Server {
	t.Helper()
	behind, err := url.Parse(hs.URL)
	if err != nil {
		t.Fatal(err)
	}
	nowhere := log.New(io.Discard, "", 0) // the complaints about connections that the bot gave up
	p := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(behind) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     nowhere,
	}
	change(p)
	server := httptest.NewServer(p)
	server.Config.ErrorLog = nowhere
	t.Cleanup(server.Close)
	return server
}

// slowly is a transport that holds requests back whose path has one of the words in it, before they are made and
// again before their answers are given.
type slowly struct {
	words []string
	delay time.Duration
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.ContainsFunc(s.words, func(word string) bool { return strings.Contains(r.URL.Path, word) }) {
		defer pause(r.Context(), s.delay)
		pause(r.Context(), s.delay)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
