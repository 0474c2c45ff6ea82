package pronote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/school"
	"cartable/core/secret"
)

func TestRequestsToOneHostAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Interval: time.Second})
		began := time.Now()
		done := make(chan time.Duration, 4)
		for range 3 {
			go func() {
				if err := c.pace(t.Context(), "a.example"); err != nil {
					t.Error(err)
				}
				done <- time.Since(began)
			}()
		}
		for i := range 3 {
			if at := <-done; at != time.Duration(i)*time.Second {
				t.Errorf("request %d started after %v", i, at)
			}
		}
		if err := c.pace(t.Context(), "b.example"); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("another host had to wait until %v, %v", time.Since(began), err)
		}
	})
}

func TestPaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Interval: time.Hour})
		if err := c.pace(t.Context(), "a.example"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		errs := make(chan error, 2)
		for range 2 { // one waits for its time, the other for its turn
			go func() { errs <- c.pace(ctx, "a.example") }()
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v", err)
			}
		}
	})
}

// Whoever types addresses must not fill memory with them, and those who wait keep their place.
func TestPacersAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Interval: time.Second})
		for i := range 100 {
			if err := c.pace(t.Context(), fmt.Sprintf("%d.example", i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(c.hosts); n > 11 {
			t.Errorf("%d hosts are remembered", n)
		}
		began := time.Now()
		done := make(chan time.Duration, 2)
		for range 2 {
			go func() { _ = c.pace(t.Context(), "busy.example"); done <- time.Since(began) }()
			synctest.Wait()
		}
		time.Sleep(900 * time.Millisecond) // one request is out, the other waits
		if err := c.pace(t.Context(), "other.example"); err != nil {
			t.Fatal(err)
		}
		if first, second := <-done, <-done; first != 0 || second != time.Second {
			t.Errorf("requests started after %v and %v", first, second)
		}
	})
}

func TestCookies(t *testing.T) {
	home := &url.URL{Scheme: "https", Host: "school.example:8443"}
	away := &url.URL{Scheme: "https", Host: "other.example"}
	j := newCookieJar("school.example")
	j.SetCookies(away, []*http.Cookie{{Name: "a", Value: "1"}})
	j.SetCookies(home, []*http.Cookie{{Name: "b", Value: "2"}, {Name: "c", Value: "3"}, {Name: "d", Value: "4"}})
	j.SetCookies(home, []*http.Cookie{
		{Name: "b", Value: "5"},
		{Name: "c", MaxAge: -1},
		{Name: "d", Expires: time.Unix(0, 0)},
		{Name: "long", Value: strings.Repeat("x", maxCookieLength)},
	})
	if got := j.Cookies(home); len(got) != 1 || got[0].Name != "b" || got[0].Value != "5" {
		t.Errorf("cookies are %v", got)
	}
	if got := j.Cookies(away); len(got) != 0 {
		t.Errorf("another host gets %v", got)
	}
	for i := range 2 * maxCookies {
		j.SetCookies(home, []*http.Cookie{{Name: string(rune('A' + i)), Value: "x"}})
	}
	if got := len(j.stored()); got != maxCookies {
		t.Errorf("%d cookies are kept", got)
	}
}

func TestUselessStatesAreRefused(t *testing.T) {
	c := New(Config{})
	good := `{"format":1,"root":"https://school.example/pronote","space":"eleve","dialect":"2025.1.3","codec":{},"kind":"3",` +
		`"id":"5374312","key":"00ff","iv":"000102030405060708090a0b0c0d0e0f","next":9,"school":{},"family":{}}`
	for name, stored := range map[string]string{
		"good": good, "zero": `{}`, "empty": "", "not JSON": "x", "other format": strings.Replace(good, `:1,`, `:9,`, 1),
		"dialect": strings.Replace(good, "2025.1.3", "x", 1), "key": strings.Replace(good, "00ff", "zz", 1),
		"IV": strings.Replace(good, "0e0f", "", 1), "no key": strings.Replace(good, "00ff", "", 1),
		"number": strings.Replace(good, ":9,", ":0,", 1), "id": strings.Replace(good, "5374312", "../x", 1),
	} {
		if _, err := c.Resume(stateOf(stored)); errors.Is(err, ErrBadState) != (name != "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func stateOf(text string) school.State { return school.State{Stored: secret.Store(secret.New(text))} }

func TestFindHost(t *testing.T) {
	missing := &net.DNSError{Err: "no such host", IsNotFound: true}
	for _, tt := range []struct {
		name  string
		found []string
		err   error
		want  error
	}{
		{"found", []string{"93.184.216.34"}, nil, nil},
		{"found inside and outside", []string{"10.0.0.1", "93.184.216.34"}, nil, nil},
		{"found inside", []string{"10.0.0.1", "fd00::1"}, nil, ErrNoHost},
		{"not found", nil, missing, ErrNoHost},
		{"name servers that do not answer", nil, &net.DNSError{Err: "i/o timeout", IsTimeout: true}, nil},
		{"anything else", nil, errors.New("broken"), nil},
	} {
		asked := ""
		synctest.Test(t, func(t *testing.T) {
			c := New(Config{LookUp: func(_ context.Context, host string) ([]string, error) {
				asked = host
				return tt.found, tt.err
			}})
			if err := c.FindHost(t.Context(), "https://school.example:8443/pronote"); !errors.Is(err, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
		})
		if asked != "school.example" {
			t.Errorf("asked for %q", asked)
		}
	}
}

func TestFindHostOnPrivateNetworks(t *testing.T) {
	c := New(Config{AllowPrivate: true, LookUp: func(context.Context, string) ([]string, error) { return []string{"10.0.0.1"}, nil }})
	if err := c.FindHost(t.Context(), "https://school.example/pronote"); err != nil {
		t.Error(err)
	}
}

// TestInsideIsNowhere compares a name that is inside with one that does not exist, whose answers take the name servers
// other times: neither words nor time tell them apart.
func TestInsideIsNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := func(takes time.Duration, found []string, err error) (time.Duration, error) {
			c := New(Config{LookUp: func(context.Context, string) ([]string, error) {
				time.Sleep(takes)
				return found, err
			}})
			began := time.Now()
			err = c.FindHost(t.Context(), "https://name.example/pronote")
			return time.Since(began), err
		}
		inside, insideErr := ask(time.Millisecond, []string{"192.168.1.1"}, nil)
		nowhere, nowhereErr := ask(300*time.Millisecond, nil, &net.DNSError{IsNotFound: true})
		if inside != nowhere || !errors.Is(insideErr, ErrNoHost) || !errors.Is(nowhereErr, ErrNoHost) {
			t.Errorf("inside: %v after %v; nowhere: %v after %v", insideErr, inside, nowhereErr, nowhere)
		}
	})
}

// TestALoginInsideIsOneNowhere is the same for a login, which dials: a QR code brings an address that nobody looked up.
func TestALoginInsideIsOneNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login := func(takes time.Duration, dial error) (time.Duration, error) {
			hc := &http.Client{Transport: failing{takes, dial}}
			began := time.Now()
			_, err := New(Config{HTTPClient: hc}).Login(t.Context(), Credentials{
				Address: "https://name.example/pronote", Space: SpacePupil, Username: "u", Password: secret.New("p"),
			})
			return time.Since(began), err
		}
		inside, insideErr := login(time.Millisecond, &net.OpError{Op: "dial", Err: errPrivate})
		nowhere, nowhereErr := login(200*time.Millisecond, &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}})
		for _, err := range []error{insideErr, nowhereErr} {
			if !errors.Is(err, ErrNoHost) || !errors.Is(err, ErrNetwork) {
				t.Errorf("error is %v", err)
			}
		}
		if inside != nowhere {
			t.Errorf("told after %v inside, and after %v nowhere", inside, nowhere)
		}
	})
}

// failing is a network on which each request fails after a time.
type failing struct {
	after time.Duration
	err   error
}

func (f failing) RoundTrip(*http.Request) (*http.Response, error) {
	time.Sleep(f.after)
	return nil, f.err
}
