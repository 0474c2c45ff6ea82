//go:build goolm

package matrix

import (
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/chat"
	"cartable/core/store"
)

// latest is the stored record of what a number typed in a room may stand for.
type latest struct {
	Offer   id.EventID  `json:"offer,omitempty"`
	Current bool        `json:"current,omitempty"` // the choices are of the last thing said
	Expect  chat.Expect `json:"expect,omitempty"`
}

const (
	offersBucket = "matrix.offers" // by our message
	votesBucket  = "matrix.votes"  // our message, by choice, where one can vote
	latestBucket = "matrix.latest" // by room

	// offerLife is as long as the core remembers a choice.
	offerLife = 24 * time.Hour
	// codeLife is how long a typed code is taken; a proposal lives five minutes.
	codeLife = 10 * time.Minute
	// bareLife is how long a number alone means a choice in a group, where people write numbers for other
	// reasons.
	bareLife = 10 * time.Minute
)

// offers keeps the records.
type offers struct {
	vault store.Store
	now   func() time.Time

	mu         sync.Mutex
	identities map[id.UserID]string // codes of people whose identity has changed
}

func newOffers(v store.Store, now func() time.Time) *offers {
	return &offers{vault: v, now: now, identities: make(map[id.UserID]string)}
}

// byEvent reads an offer by our message; nil when there is none that is still good.
func (f *offers) byEvent(evt id.EventID) (*offer, error) {
	o, err := f.find(func(tx store.Tx) (id.EventID, error) { return evt, nil })
	if o != nil && o.Settled {
		return nil, err
	}
	return o, err
}

// byVote reads an offer by one of its choices, whose names nobody can guess.
func (f *offers) byVote(choice string) (*offer, error) {
	return f.find(func(tx store.Tx) (id.EventID, error) {
		name, err := tx.Get(votesBucket, "", choice)
		return id.EventID(name), err
	})
}

func (f *offers) find(name func(store.Tx) (id.EventID, error)) (found *offer, err error) {
	err = f.vault.View(func(tx store.Tx) error {
		evt, err := name(tx)
		if err != nil || evt == "" {
			return err
		}
		found, err = cryptostore.Get[offer](tx, offersBucket, evt.String())
		return err
	})
	if found != nil && f.now().Sub(found.Made) > offerLife {
		return nil, err
	}
	return found, err
}

// byCode finds the choice that a code confirms in a room, or has confirmed.
func (f *offers) byCode(room id.RoomID, code string) (found *offer, at int, err error) {
	err = f.vault.View(func(tx store.Tx) error {
		found = nil
		_, err := cryptostore.Each(tx, offersBucket, func(_ string, o *offer) error {
			life := codeLife
			if o.Settled {
				life = offerLife
			}
			if o.Room != room || f.now().Sub(o.Made) > life {
				return nil
			}
			i := slices.IndexFunc(o.Choices, func(c offered) bool { return c.Code == code })
			if i >= 0 && (found == nil || found.Settled && !o.Settled || found.Settled == o.Settled && o.Made.After(found.Made)) {
				found, at = o, i
			}
			return nil
		})
		return err
	})
	return found, at, err
}

// voted are the offers of a room with a poll that is open.
func (f *offers) voted(room id.RoomID) (list []*offer, err error) {
	err = f.vault.View(func(tx store.Tx) error {
		list = nil
		_, err := cryptostore.Each(tx, offersBucket, func(_ string, o *offer) error {
			if o.Room == room && o.Poll != "" && !o.Settled {
				list = append(list, o)
			}
			return nil
		})
		return err
	})
	return list, err
}

// last reads what a number may stand for in a room.
func (f *offers) last(room id.RoomID) (l latest, err error) {
	err = f.vault.View(func(tx store.Tx) error {
		record, err := cryptostore.Find[latest](tx, latestBucket, room.String())
		if record != nil {
			l = *record
		}
		return err
	})
	return l, err
}

// said notes what was said in a room last: its choices, if it has any, and what it expects.
func (f *offers) said(room id.RoomID, evt id.EventID, o *offer, expect chat.Expect) error {
	return f.vault.Update(func(tx store.Tx) error {
		l, err := cryptostore.Find[latest](tx, latestBucket, room.String())
		if err != nil {
			return err
		}
		if l == nil {
			l = new(latest)
		}
		l.Current, l.Expect = o != nil, expect
		if o != nil {
			l.Offer = evt
			if err := f.put(tx, o); err != nil {
				return err
			}
		}
		return cryptostore.Put(tx, latestBucket, room.String(), l)
	})
}

func (f *offers) put(tx store.Tx, o *offer) error {
	if risky(o.Choices) {
		for _, c := range o.Choices {
			if err := tx.Put(votesBucket, "", c.ID, []byte(o.Event)); err != nil {
				return err
			}
		}
	}
	return cryptostore.Put(tx, offersBucket, o.Event.String(), o)
}

// update changes an offer, if it is still there.
func (f *offers) update(evt id.EventID, change func(*offer)) error {
	return f.vault.Update(func(tx store.Tx) error {
		o, err := cryptostore.Get[offer](tx, offersBucket, evt.String())
		if err != nil || o == nil {
			return err
		}
		change(o)
		return f.put(tx, o)
	})
}

// remove takes an offer away and returns it; nil when there is none.
func (f *offers) remove(evt id.EventID) (gone *offer, err error) {
	err = f.vault.Update(func(tx store.Tx) error {
		gone, err = cryptostore.Get[offer](tx, offersBucket, evt.String())
		if err != nil || gone == nil {
			return err
		}
		return f.delete(tx, gone)
	})
	return gone, err
}

func (f *offers) delete(tx store.Tx, o *offer) error {
	if risky(o.Choices) {
		for _, c := range o.Choices {
			if err := tx.Delete(votesBucket, "", c.ID); err != nil {
				return err
			}
		}
	}
	return tx.Delete(offersBucket, "", o.Event.String())
}

// forget removes what a number may stand for in a room that the bot has left.
func (f *offers) forget(room id.RoomID) error {
	return f.vault.Update(func(tx store.Tx) error { return tx.Delete(latestBucket, "", room.String()) })
}

// cleanUp removes offers whose time is over, and tells how many cannot be read.
func (f *offers) cleanUp() (lost int, err error) {
	err = f.vault.Update(func(tx store.Tx) (err error) {
		lost, err = cryptostore.Each(tx, offersBucket, func(_ string, o *offer) error {
			if f.now().Sub(o.Made) <= offerLife {
				return nil
			}
			return f.delete(tx, o)
		})
		return err
	})
	return lost, err
}

// identityCode is what somebody with a changed identity types to begin anew. It lives until the next start.
func (f *offers) identityCode(user id.UserID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.identities[user] == "" {
		f.identities[user] = newCode()
	}
	return f.identities[user]
}

func (f *offers) dropIdentityCode(user id.UserID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.identities, user)
}
