package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cartable/core/pronote"
)

// snapshot is the stored record of something read from a school: asked again within a minute it costs
// no request, and when the school cannot be reached it is shown with its date.
type snapshot struct {
	Link    string          `json:"link"`
	Fetched time.Time       `json:"fetched"`
	Data    json.RawMessage `json:"data"`
}

const (
	snapshotFresh = time.Minute
	snapshotLife  = 14 * 24 * time.Hour
)

// reading is a value with the time when the school gave it.
type reading[T any] struct {
	value   T
	fetched time.Time
	cause   error // not nil: the value is an old one, because of this
}

func snapshotKey(parts ...string) string {
	key := ""
	for _, part := range parts {
		key += part + "\x00"
	}
	return key
}

// read returns what fetch gets from the school, or what is stored of it. key names the value within the
// account.
func read[T any](ctx context.Context, a *schoolAccount, key string, fetch func(*pronote.Session) (T, error)) (reading[T], error) {
	key = snapshotKey(a.id, key)
	stored, found, err := storedReading[T](a.e, key)
	if err != nil {
		return reading[T]{}, err
	}
	if age := a.e.cfg.Now().Sub(stored.fetched); found && age >= 0 && age < snapshotFresh {
		return stored, nil
	}
	fresh := reading[T]{fetched: a.e.cfg.Now()}
	err = a.do(ctx, func(s *pronote.Session) (err error) {
		fresh.value, err = fetch(s)
		return err
	})
	if err == nil {
		return fresh, a.e.storeSnapshot(a.id, key, fresh.value, fresh.fetched)
	}
	if found && outOfReach(err) {
		stored.cause = err
		return stored, nil
	}
	return reading[T]{}, err
}

// outOfReach tells whether err says that the school cannot be asked now, rather than that it refused.
func outOfReach(err error) bool {
	var held *heldError
	return errors.As(err, &held) || errors.Is(err, pronote.ErrNetwork) || errors.Is(err, pronote.ErrUnavailable) ||
		errors.Is(err, pronote.ErrBusy) || errors.Is(err, pronote.ErrSuspended) || errors.Is(err, pronote.ErrRateLimited) ||
		errors.Is(err, context.DeadlineExceeded)
}

func storedReading[T any](e *Engine, key string) (r reading[T], found bool, err error) {
	err = e.cfg.Store.View(func(tx Tx) error {
		snap, ok, err := snapshots.get(tx, key)
		if err != nil || !ok {
			return err
		}
		if json.Unmarshal(snap.Data, &r.value) != nil { // of another version of the program: as good as none
			r = reading[T]{}
			return nil
		}
		r.fetched, found = snap.Fetched, true
		return nil
	})
	return r, found, err
}

func (e *Engine) storeSnapshot(linkID, key string, value any, at time.Time) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return e.cfg.Store.Update(func(tx Tx) error {
		return snapshots.put(tx, key, snapshot{Link: linkID, Fetched: at, Data: data})
	})
}
