package pronote

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Deadlines of one request. A PRONOTE answer takes a second or two; a busy server ten.
const (
	connectTimeout = 10 * time.Second
	headerTimeout  = 30 * time.Second
	requestTimeout = 45 * time.Second
	idleTimeout    = 90 * time.Second
)

const maxRedirects = 5

// maxHeader bounds the header of an answer, in bytes: each cookie in it becomes a structure.
const maxHeader = 64 << 10

// NewHTTPClient makes the client for addresses that users give: https only, and never to an address inside
// the operator's network, which is checked on the IP address that is dialled, after every look-up and
// redirect, and refused with ErrNoHost. Nothing goes through a proxy, which would hide that address. With allowPrivate (tests, demo)
// any address and plain http are taken.
//
// It keeps no cookies: each session has its own.
func NewHTTPClient(allowPrivate bool) *http.Client {
	dialer := &net.Dialer{Timeout: connectTimeout}
	if !allowPrivate {
		dialer.Control = refusePrivate
	}
	var transport http.RoundTripper = &http.Transport{
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       idleTimeout,
		MaxIdleConnsPerHost:   2,

		MaxResponseHeaderBytes: maxHeader,
	}
	if !allowPrivate {
		transport = httpsOnly{transport}
	}
	return &http.Client{Transport: transport, Timeout: requestTimeout, CheckRedirect: limitRedirects}
}

func limitRedirects(_ *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return &AddressError{AddressTooFar}
	}
	return nil
}

// httpsOnly refuses plain requests, also those that a redirect asks for.
type httpsOnly struct{ next http.RoundTripper }

func (t httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, &AddressError{AddressNotHTTPS}
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections implements what http.Client.CloseIdleConnections looks for.
func (t httpsOnly) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// refusePrivate is a net.Dialer.Control: it sees the address that is really dialled.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(target.Addr()) {
		return errPrivate
	}
	return nil
}

// reserved are the ranges beside those netip knows that are not the public Internet (IANA special-purpose
// registries, RFC 6890), and those that carry an IPv4 address inside, through which a gateway might lead
// back into a private network.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("::ffff:0:0:0/96"), // IPv4-translated, RFC 7915
	netip.MustParsePrefix("64:ff9b::/96"),    // NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), // Teredo and others
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// isPublic tells addresses of the public Internet from all others: loopback, private, link-local (where
// clouds keep their metadata), multicast, unspecified, reserved.
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
