package pronote

import (
	"net/http"
	"net/url"
	"sync"
	"time"

	"cartable/core/secret"
)

// Limits of what one server may leave with us.
const (
	maxCookies      = 32
	maxCookieLength = 4096
)

// cookieJar is an http.CookieJar for one session: it serves one host and can be stored. Path and lifetime
// do not matter to it, because a session asks one application on one host.
type cookieJar struct {
	host string

	mu      sync.Mutex
	cookies map[string]secret.Stored
}

func newCookieJar(host string) *cookieJar {
	return &cookieJar{host: host, cookies: map[string]secret.Stored{}}
}

// SetCookies implements http.CookieJar.
func (j *cookieJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		_, known := j.cookies[c.Name]
		switch {
		case u.Hostname() != j.host || len(c.Name)+len(c.Value) > maxCookieLength:
		case c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()):
			delete(j.cookies, c.Name) // the ways to take a cookie back
		case known || len(j.cookies) < maxCookies:
			j.cookies[c.Name] = secret.Store(secret.New(c.Value))
		}
	}
}

// Cookies implements http.CookieJar.
func (j *cookieJar) Cookies(u *url.URL) []*http.Cookie {
	if u.Hostname() != j.host {
		return nil
	}
	var cookies []*http.Cookie
	for name, value := range j.stored() {
		cookies = append(cookies, &http.Cookie{Name: name, Value: value.Reveal()})
	}
	return cookies
}

// stored copies the cookies for a State.
func (j *cookieJar) stored() map[string]secret.Stored {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept := make(map[string]secret.Stored, len(j.cookies))
	for name, value := range j.cookies {
		kept[name] = value
	}
	return kept
}
