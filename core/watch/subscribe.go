package watch

import (
	"container/heap"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
)

// ErrGone says that there is no such account.
var ErrGone = errors.New("watch: the account is gone")

// Linked subscribes the owner of an account that is being linked to all alerts, in the transaction that links it. What
// they chose for it before stays. Run finds out by itself when that has been committed.
func (w *Watch) Linked(tx store.Tx, a rights.Account) error {
	w.mu.Lock()
	w.linked[a.ID] = now(w) // only says where to look
	w.mu.Unlock()
	w.Wake()
	return Import(tx, a, w.cfg.Now())
}

// Import is Linked for the migration: the account was linked before there were alerts.
func Import(tx store.Tx, a rights.Account, now time.Time) error {
	if _, found, err := subscription(tx, a.ID); err != nil || found {
		return err
	}
	return put(tx, Subscription{Account: a.ID, Chat: a.Home, Kinds: KindsOf(a.Kind), Since: now})
}

// subscription is that of an account. One that cannot be read is as good as none: nobody is told anything.
func subscription(tx store.Tx, account string) (s Subscription, found bool, err error) {
	_, err = subscriptions.Each(tx, account, func(_ string, other Subscription) error {
		if !found || other.Since.Before(s.Since) {
			s, found = other, true
		}
		return nil
	})
	return s, found, err
}

// Subscribe writes a subscription in the place of the account's other one. Whoever commits it calls Refresh.
func (w *Watch) Subscribe(tx store.Tx, s Subscription) error { return put(tx, s) }

func put(tx store.Tx, s Subscription) error {
	return errors.Join(
		drop(tx, s.Account),
		subscriptions.Put(tx, s.Account, s.Chat.Key(), s),
		byChat.Put(tx, s.Chat.Key(), s.Account, told{s.Chat}),
	)
}

// drop removes the subscriptions of an account, also those that cannot be read.
func drop(tx store.Tx, account string) error {
	if _, err := subscriptions.Each(tx, account, func(key string, _ Subscription) error {
		return byChat.Delete(tx, key, account)
	}); err != nil {
		return err
	}
	return subscriptions.DeleteGroup(tx, account)
}

// Subscribed tells what the owner of an account is told of it. It is false where nothing was ever chosen, or where that
// cannot be read.
func (w *Watch) Subscribed(account string) (s Subscription, found bool, err error) {
	err = w.cfg.Store.View(func(tx store.Tx) (err error) {
		s, found, err = subscription(tx, account)
		return err
	})
	return s, found, err
}

// Turn turns alerts of an account on or off: at once, also those that were held back for the morning. What is turned
// on is looked at as if for the first time. The caller knows that the owner wants it.
func (w *Watch) Turn(account string, on bool, kinds ...Kind) error {
	a, known := w.cfg.Rights.Account(account)
	if !known {
		return ErrGone
	}
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		s, found, err := subscription(tx, account)
		switch {
		case err != nil:
			return err
		case !found:
			s = Subscription{Account: account, Since: w.cfg.Now()}
		}
		s.Chat = a.Home
		before := s
		s.Kinds = nil
		for _, k := range KindsOf(a.Kind) {
			wanted, was := before.Has(k), before.Has(k)
			if slices.Contains(kinds, k) {
				wanted = on
			}
			if wanted {
				s.Kinds = append(s.Kinds, k)
			}
			if wanted && !was {
				err = errors.Join(err, forgetPages(tx, account, k))
			}
		}
		if !on {
			err = errors.Join(err, withdraw(w, tx, account, kinds))
		}
		return errors.Join(err, put(tx, s))
	}); err != nil {
		return fmt.Errorf("watch: turn: %w", err)
	}
	return w.Refresh(account)
}

// forgetPages forgets what was seen that alerts of a kind come from.
func forgetPages(tx store.Tx, account string, k Kind) error {
	var names []string
	if _, err := pages.Each(tx, account, func(name string, _ page) error {
		if strings.HasSuffix(name, pageName("", k)) {
			names = append(names, name)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, name := range names {
		if err := pages.Delete(tx, account, name); err != nil {
			return err
		}
	}
	return nil
}

// withdraw takes back the letters of some kinds that have not been sent.
func withdraw(w *Watch, tx store.Tx, account string, kinds []Kind) error {
	t, found, err := store.Legible(todays.Get(tx, "", account))
	if err != nil || !found {
		return err
	}
	kept := t.Letters[:0:0]
	for _, l := range t.Letters {
		if !slices.Contains(kinds, l.Kind) {
			kept = append(kept, l)
			continue
		}
		if err := w.cfg.Outbox.Withdraw(tx, l.Chat, l.ID); err != nil {
			return err
		}
	}
	t.Letters = kept
	return todays.Put(tx, "", account, t)
}

// Forget removes all that is kept for an account. Whoever commits it calls Refresh.
func (w *Watch) Forget(tx store.Tx, account string) error {
	return errors.Join(drop(tx, account), pages.DeleteGroup(tx, account), todays.Delete(tx, "", account))
}

// MoveChat makes the subscriptions of a chat those of another.
func (w *Watch) MoveChat(tx store.Tx, old, to chat.ChatID) error {
	if old == to {
		return nil
	}
	var accounts []string
	if _, err := byChat.Each(tx, old.Key(), func(account string, _ told) error {
		accounts = append(accounts, account)
		return nil
	}); err != nil {
		return err
	}
	for _, account := range accounts {
		if err := moveLetters(tx, account, old, to); err != nil {
			return err
		}
		s, found, err := subscription(tx, account)
		if err != nil {
			return err
		}
		if !found || s.Chat != old {
			continue
		}
		s.Chat = to
		if err := put(tx, s); err != nil {
			return err
		}
	}
	return byChat.DeleteGroup(tx, old.Key())
}

// moveLetters makes the letters of an account that may have to be taken back from a chat those of another.
func moveLetters(tx store.Tx, account string, old, to chat.ChatID) error {
	t, found, err := store.Legible(todays.Get(tx, "", account))
	if err != nil || !found {
		return err
	}
	moves := false
	for i, l := range t.Letters {
		if l.Chat == old {
			t.Letters[i].Chat, moves = to, true
		}
	}
	if !moves {
		return nil
	}
	return todays.Put(tx, "", account, t)
}

// Refresh reads again who is told of some accounts, or of all when none is named. Whoever has committed a change of
// them calls it.
func (w *Watch) Refresh(accounts ...string) error {
	defer w.Wake()
	return refresh(w, accounts...)
}

func refresh(w *Watch, accounts ...string) error {
	w.reading.Lock()
	defer w.reading.Unlock()
	var all map[string]Subscription
	damaged := 0
	err := w.cfg.Store.View(func(tx store.Tx) (err error) {
		all = make(map[string]Subscription)
		if len(accounts) == 0 {
			damaged, err = subscriptions.All(tx, func(account, _ string, s Subscription) error {
				all[account] = s
				return nil
			})
			return err
		}
		for _, account := range accounts {
			s, found, err := subscription(tx, account)
			if err != nil {
				return err
			}
			if found {
				all[account] = s
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("watch: read subscriptions: %w", err)
	}
	soon := func(string) bool { return true }
	if len(accounts) == 0 {
		w.mu.Lock()
		w.damaged, w.read = damaged, true
		known := slices.Collect(maps.Keys(w.plans))
		linked := maps.Clone(w.linked)
		w.mu.Unlock()
		soon = func(account string) bool { _, is := linked[account]; return is }
		accounts = append(slices.Collect(maps.Keys(all)), known...)
	}
	for portion := range slices.Chunk(accounts, followAtOnce) {
		profiles := make([]school.Profile, len(portion))
		for i, account := range portion {
			profiles[i], _ = w.cfg.Family.Profile(account)
		}
		w.mu.Lock()
		for i, account := range portion {
			follow(w, account, all[account].Kinds, profiles[i], soon(account))
		}
		w.mu.Unlock()
	}
	return nil
}

// followAtOnce is how many plans are made while others wait for the clock.
const followAtOnce = 100

// catchUp reads the subscriptions when that has not been done, and later those of accounts that are being linked.
func catchUp(w *Watch, now time.Time) {
	w.mu.Lock()
	all := !w.read && !now.Before(w.retry)
	if all {
		w.retry = now.Add(readAgain)
	}
	linked := slices.Collect(maps.Keys(w.linked))
	w.mu.Unlock()
	var err error
	switch {
	case w.cfg.Off:
	case all:
		err = refresh(w)
	case len(linked) > 0:
		err = refresh(w, linked...)
	}
	if err != nil {
		w.cfg.Log.Error("subscriptions not read", "error", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for account, since := range w.linked {
		if _, known := w.cfg.Rights.Account(account); known && w.plans[account] != nil || now.Sub(since) > linkLimit {
			delete(w.linked, account)
		}
	}
}

// follow makes, changes or ends the plan of an account. soon is for one that was subscribed to just now. The caller
// holds mu.
func follow(w *Watch, account string, kinds []Kind, profile school.Profile, soon bool) {
	p := w.plans[account]
	if len(kinds) == 0 {
		if p != nil {
			delete(w.plans, account)
			if p.place != notWaiting {
				heap.Remove(&w.waiting, p.place)
			}
		}
		return
	}
	if p == nil {
		p = &plan{account: account, place: notWaiting, whole: soon}
		w.plans[account] = p
	} else if slices.Equal(p.kinds, kinds) {
		return
	}
	p.kinds = slices.Clone(kinds)
	if p.place != notWaiting {
		heap.Remove(&w.waiting, p.place)
	} else if p.busy {
		return // it is planned anew when the look ends
	}
	w.plan(p, profile, now(w))
	heap.Push(&w.waiting, p)
}

// Export is what is kept of an account here, for its owner. The names are part of what people keep.
type Export struct {
	Alerts []ExportedAlerts `json:"alerts"`
	Seen   []ExportedSeen   `json:"seen"`
}

// ExportedAlerts says what is told where.
type ExportedAlerts struct {
	Chat  chat.ChatID `json:"chat"`
	Kinds []string    `json:"kinds"` // "grade", "cancelled", "balance"
	Since time.Time   `json:"since"`
}

// ExportedSeen says of what it is remembered that it was seen: how many lessons or grades, not which.
type ExportedSeen struct {
	Page    string    `json:"page"` // "timetable", "grades", "balance"
	At      time.Time `json:"at"`
	Entries int       `json:"entries,omitempty"`
}

// Export gathers what is kept of an account.
func (w *Watch) Export(tx store.Tx, account string) (Export, error) {
	x := Export{Alerts: []ExportedAlerts{}, Seen: []ExportedSeen{}}
	_, err := subscriptions.Each(tx, account, func(_ string, s Subscription) error {
		told := ExportedAlerts{Chat: s.Chat, Kinds: []string{}, Since: s.Since.UTC()}
		for _, k := range s.Kinds {
			told.Kinds = append(told.Kinds, string(k))
		}
		x.Alerts = append(x.Alerts, told)
		return nil
	})
	if err != nil {
		return Export{}, err
	}
	_, err = pages.Each(tx, account, func(name string, p page) error {
		seen := ExportedSeen{At: p.At.UTC()}
		if at := slices.Index([]byte(name), 0); at >= 0 {
			seen.Page = name[at+1:]
		}
		for _, span := range p.Seen {
			seen.Entries += len(span.Entries)
		}
		x.Seen = append(x.Seen, seen)
		return nil
	})
	return x, err
}
