package pronote

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for _, public := range []string{"93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "172.32.0.1", "100.128.0.1"} {
		if !isPublic(netip.MustParseAddr(public)) {
			t.Errorf("%s is taken for private", public)
		}
	}
	for _, private := range []string{
		"127.0.0.1", "127.8.8.8", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1",
		"169.254.169.254", "fe80::1", "fe80::1%eth0", "100.64.0.1", "100.100.100.200", "0.0.0.0", "0.1.2.3", "::",
		"224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.9",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::1",
		"::ffff:100.64.0.1", "::ffff:198.18.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:a00:1::1", "2002:a9fe:a9fe::",
		"2001:0:5ef5:79fb::f5ff:fffe",
		"2002:7f00:1::1", "2001:0:1::1", "2001:db8::1", "fec0::1",
	} {
		if isPublic(netip.MustParseAddr(private)) {
			t.Errorf("%s is taken for public", private)
		}
	}
}

// expectReason fails unless err holds an *AddressError with that reason.
func expectReason(t *testing.T, err error, want AddressReason) {
	t.Helper()
	if address, ok := errors.AsType[*AddressError](err); !ok || address.Reason != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestLoopbackIsNotDialled(t *testing.T) {
	reached := make(chan struct{}, 1)
	web := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer web.Close()
	_, port, err := net.SplitHostPort(web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if _, err := NewHTTPClient(false).Get("https://" + host + ":" + port); !errors.Is(err, errPrivate) {
			t.Errorf("error is %v", err)
		}
	}
	select {
	case <-reached:
		t.Error("the server was reached")
	default:
	}
}

func TestPlainHTTPIsRefused(t *testing.T) {
	_, err := NewHTTPClient(false).Post("http://93.184.216.34/", "text/plain", strings.NewReader("x"))
	expectReason(t, err, AddressNotHTTPS)
}

// A redirect is checked like the first address. The first answer stands for a public server's.
func TestRedirectsAreChecked(t *testing.T) {
	for _, location := range []string{"https://127.0.0.1:9/", "https://[::1]:9/", "https://169.254.169.254/latest", "http://93.184.216.34/"} {
		hc := NewHTTPClient(false)
		hc.Transport = firstAnswer{location, hc.Transport}
		_, err := hc.Get("https://school.example/")
		if strings.HasPrefix(location, "http:") {
			expectReason(t, err, AddressNotHTTPS)
		} else if !errors.Is(err, errPrivate) {
			t.Errorf("%s: error is %v", location, err)
		}
	}
}

// firstAnswer redirects requests to school.example and passes on all others.
type firstAnswer struct {
	location string
	next     http.RoundTripper
}

func (f firstAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "school.example" {
		return f.next.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusFound, Header: http.Header{"Location": {f.location}},
		Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

func TestRedirectsEnd(t *testing.T) {
	var hops int
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, "/more", http.StatusFound)
	}))
	defer web.Close()
	_, err := NewHTTPClient(true).Get(web.URL)
	expectReason(t, err, AddressTooFar)
	if hops != 1+maxRedirects {
		t.Errorf("%d requests were made", hops)
	}
}
