package izly_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cartable/core/izly"
	sim "cartable/sim/izly"
)

// Over the client's own connections a header is read up to a bound.
func TestLongHeadersAreNotRead(t *testing.T) {
	server := sim.New(sim.Config{})
	long := false
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if long {
			w.Header().Set("Set-Cookie", strings.Repeat("x", 200<<10))
		}
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	c, err := izly.New(izly.Config{SOAPURL: web.URL + "/Service.asmx", RESTURL: web.URL, SiteURL: web.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RequestActivation(t.Context(), phone, code); err != nil {
		t.Fatal(err)
	}
	long = true
	if _, err := c.RequestActivation(t.Context(), phone, code); !errors.Is(err, izly.ErrNetwork) {
		t.Errorf("a long header: %v", err)
	}
}
