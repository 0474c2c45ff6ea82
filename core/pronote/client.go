package pronote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // the default zone must exist in an image without files
)

// Config is what a Client depends on. The zero value is good for the real servers.
type Config struct {
	HTTPClient *http.Client     // default NewHTTPClient(AllowPrivate); its jar is not used, its Timeout bounds each request
	Now        func() time.Time // default time.Now
	Rand       io.Reader        // default crypto/rand
	Log        *slog.Logger     // default none
	// LookUp asks the name servers for a host. Default that of the operating system.
	LookUp func(ctx context.Context, host string) ([]string, error)

	// AllowPrivate makes the default HTTPClient take plain http and private networks, for tests and demos. Without
	// it, a host inside the operator's network is one that does not exist: see ErrNoHost.
	AllowPrivate bool
	// Location is the school's time zone: servers send local times. Default Europe/Paris.
	Location *time.Location
	// Interval is the least time between the starts of two requests to one host, over all sessions of the
	// Client. Default none.
	Interval time.Duration
}

// Client makes sessions. It may be used by several goroutines at once.
type Client struct {
	http     *http.Client
	now      func() time.Time
	rand     io.Reader
	log      *slog.Logger
	lookUp   func(ctx context.Context, host string) ([]string, error)
	loc      *time.Location
	interval time.Duration
	private  bool // Config.AllowPrivate

	mu    sync.Mutex
	hosts map[string]*pacer
}

// New makes a Client. It panics if Location is nil and the program has no zone data, which it embeds.
func New(cfg Config) *Client {
	c := &Client{
		http: cfg.HTTPClient, now: cfg.Now, rand: cfg.Rand, log: cfg.Log,
		lookUp: cfg.LookUp, loc: cfg.Location, interval: cfg.Interval, private: cfg.AllowPrivate, hosts: map[string]*pacer{},
	}
	if c.http == nil {
		c.http = NewHTTPClient(cfg.AllowPrivate)
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.rand == nil {
		c.rand = rand.Reader
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.lookUp == nil {
		c.lookUp = net.DefaultResolver.LookupHost
	}
	if c.loc == nil {
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			panic("pronote: no zone data: " + err.Error())
		}
		c.loc = paris
	}
	return c
}

// lookUpTimeout bounds FindHost: a login asks again, with more patience.
const lookUpTimeout = 3 * time.Second

// FindHost returns ErrNoHost when the name servers say that the host of an address does not exist, or know it on
// private networks only, and nil otherwise, also when they do not answer. It sends nothing to the school.
func (c *Client) FindHost(ctx context.Context, a Address) error {
	u, err := url.Parse(string(a))
	if err != nil {
		return fmt.Errorf("pronote: find host: %w", &AddressError{AddressNotURL})
	}
	began := time.Now()
	ask, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	found, err := c.lookUp(ask, u.Hostname())
	if err = noHost(err); err == nil && !c.private && len(found) > 0 && !slices.ContainsFunc(found, isPublicText) {
		err = errPrivate
	}
	if err == nil {
		return nil
	}
	c.evenOut(ctx, began)
	return fmt.Errorf("pronote: find host: %w", err)
}

func isPublicText(ip string) bool {
	address, err := netip.ParseAddr(ip)
	return err == nil && isPublic(address)
}

// noHost is what err says of a host that does not exist or may not be asked; nil when it says something else.
func noHost(err error) error {
	if errors.Is(err, errPrivate) {
		return errPrivate
	}
	if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
		return ErrNoHost
	}
	return nil
}

// evenTime is the grain in which the time shows that it took to find out that there is no host.
const evenTime = time.Second

// evenOut waits until a whole number of seconds have passed since began: a name that is refused because it is inside
// would otherwise be told sooner, or later, than one that does not exist.
func (c *Client) evenOut(ctx context.Context, began time.Time) {
	if c.private {
		return
	}
	select {
	case <-time.After(evenTime - time.Since(began)%evenTime):
	case <-ctx.Done():
	}
}

// pace blocks until the next request to host may start, or until ctx is done.
func (c *Client) pace(ctx context.Context, host string) error {
	if c.interval <= 0 {
		return context.Cause(ctx)
	}
	p := c.pacer(host)
	defer c.release(p)
	return p.wait(ctx, c.interval)
}

// pacer finds or makes the one of a host, and forgets those that keep nobody waiting any more: hosts come from what
// people type.
func (c *Client) pacer(host string) *pacer {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.hosts[host]
	if p == nil {
		for other, idle := range c.hosts {
			if idle.users == 0 && time.Since(idle.last) >= c.interval {
				delete(c.hosts, other)
			}
		}
		p = &pacer{turn: make(chan struct{}, 1)}
		c.hosts[host] = p
	}
	p.users++
	return p
}

func (c *Client) release(p *pacer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users--
}

// pacer spaces the requests to one host. It uses the real clock, not Config.Now, which tests may stop.
type pacer struct {
	users int           // those in wait; guarded by the Client's mu
	turn  chan struct{} // held by the one that waits for its time; the others queue for it
	last  time.Time     // start of the latest request; guarded by turn, and nobody's while users is 0
}

func (p *pacer) wait(ctx context.Context, interval time.Duration) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if pause := time.Until(p.last.Add(interval)); !p.last.IsZero() && pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	p.last = time.Now()
	return nil
}
