package core

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// gate is the stored record that keeps logins of one account, or all requests to one host, within what a
// school tolerates: PRONOTE suspends the address of whoever errs too often, for longer each time
// (pronote-today §5.9).
type gate struct {
	Failures []time.Time `json:"failures,omitempty"` // refused logins of the last hour
	Holds    int         `json:"holds,omitempty"`    // holds in a row
	Until    time.Time   `json:"until,omitzero"`     // nothing is sent before
}

const (
	maxLoginFailures = 3
	failureWindow    = time.Hour
	firstHold        = 5 * time.Minute
	longestHold      = 6 * time.Hour
)

// heldError says that a request was not sent, to give the server a rest, or one account.
type heldError struct {
	until   time.Time
	account bool
}

func (e *heldError) Error() string { return "core: held until " + e.until.Format(time.TimeOnly) }

func gateKey(kind string, parts ...string) string {
	h := sha256.New()
	for _, part := range append(parts, kind) {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// pass returns a *heldError while the gate is shut.
func (e *Engine) pass(key string) error {
	return e.cfg.Store.View(func(tx Tx) error {
		g, _, err := gates.get(tx, key)
		if err == nil && e.cfg.Now().Before(g.Until) {
			return &heldError{until: g.Until}
		}
		return err
	})
}

// fail counts a refused login. The third within an hour shuts the gate until the first is an hour old.
func (e *Engine) fail(key string) error {
	return e.changeGate(key, func(g *gate, now time.Time) {
		recent := g.Failures[:0]
		for _, at := range g.Failures {
			if now.Sub(at) < failureWindow {
				recent = append(recent, at)
			}
		}
		g.Failures = append(recent, now)
		if len(g.Failures) >= maxLoginFailures {
			g.Until = g.Failures[0].Add(failureWindow)
		}
	})
}

// hold shuts the gate for five minutes, twice as long each time in a row, with jitter so that several
// accounts do not come back at once.
func (e *Engine) hold(key string) error {
	return e.changeGate(key, func(g *gate, now time.Time) {
		wait := min(firstHold<<min(g.Holds, 10), longestHold)
		g.Holds++
		g.Until = now.Add(wait + rand.N(wait/4))
	})
}

// open forgets failures and holds: the server has accepted something.
func (e *Engine) open(key string) error {
	return e.cfg.Store.Update(func(tx Tx) error { return gates.delete(tx, key) })
}

func (e *Engine) changeGate(key string, change func(*gate, time.Time)) error {
	return e.cfg.Store.Update(func(tx Tx) error {
		g, _, err := gates.get(tx, key)
		if err != nil {
			return err
		}
		change(&g, e.cfg.Now())
		return gates.put(tx, key, g)
	})
}
