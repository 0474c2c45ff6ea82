package outbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// The records. The name of a letter sorts by when it was put.
var (
	letters = store.Table[Letter]{Bucket: "letters"}      // group: the chat's key; name: see entry
	posts   = store.Table[post]{Bucket: "letters_posted"} // group: none; name: the chat's key
	about   = store.Table[lead]{Bucket: "letters_about"}  // group: account; name: the chat's key
	moves   = store.Table[move]{Bucket: "letters_moved"}  // group: none; name: the old chat's key
	gone    = store.Table[goneSince]{Bucket: "gone"}      // group: none; name: the chat's key
)

// named is a letter with the name of its record, which no other letter has, in whichever chat, and which it keeps when
// its chat moves.
type named struct {
	name string
	Letter
}

// post says that letters were put for a chat which Run has not seen yet.
type post struct {
	Chat    chat.ChatID `json:"chat"`
	Dropped int         `json:"dropped,omitempty"` // to make room for them
}

// lead says in which chat there are letters about an account.
type lead struct {
	Chat chat.ChatID `json:"chat"`
}

// move says where the letters of a chat went that were on their way meanwhile.
type move struct {
	To chat.ChatID `json:"to"`
	At time.Time   `json:"at"`
}

// goneSince is a chat that cannot be written to.
type goneSince struct {
	Since time.Time `json:"since"`
}

// moveLife is longer than any attempt to send.
const moveLife = time.Hour

// entry names a letter by when it was put, in sixteen digits of nanoseconds, which last until the year 2262. No two
// are the same, and none is before an earlier one, whatever the clock does.
func entry(o *Outbox) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = max(o.last+1, o.cfg.Now().UnixNano())
	return fmt.Sprintf("%016x", o.last)
}

// seen keeps new names behind one that is there. The caller holds mu.
func seen(o *Outbox, name string) {
	if at, err := strconv.ParseInt(name, 16, 64); err == nil {
		o.last = max(o.last, at)
	}
}

// Put keeps a letter, in the transaction that makes it true; whoever commits it calls Wake. A letter to a chat that
// is gone, or that has lost its sense, is not kept, and the ID of one that still waits in this chat is taken once. To
// keep one too many drops the oldest of the chat.
func (o *Outbox) Put(tx store.Tx, l Letter) error {
	_, err := put(o, tx, entry(o), l)
	return err
}

// put is Put of a letter whose name is known. It tells whether the letter is there now.
func put(o *Outbox, tx store.Tx, name string, l Letter) (there bool, err error) {
	switch {
	case asks(l.Reply):
		return false, ErrNotKept
	case l.Reply.Size() > maxLetter:
		return false, ErrTooLarge
	}
	now, key := o.cfg.Now(), l.To.Chat.Key()
	if absent, err := isGone(tx, key); err != nil || absent {
		return false, err
	}
	if err := complete(o, &l, now); err != nil || l.over(now) {
		return false, err
	}
	waiting, err := lettersOf(tx, key)
	if err != nil {
		return false, err
	}
	total := l.Reply.Size()
	for _, w := range waiting {
		if w.ID == l.ID {
			return true, nil
		}
		total += w.Reply.Size()
	}
	doomed := make(map[string]bool)
	for i := 0; len(waiting)-i+1 > maxLetters || total > maxBytes; i++ {
		doomed[waiting[i].name] = true
		total -= waiting[i].Reply.Size()
	}
	if _, err := remove(tx, key, func(l named) bool { return doomed[l.name] }); err != nil {
		return false, err
	}
	return true, errors.Join(write(tx, named{name, l}), announce(tx, l.To.Chat, len(doomed)))
}

// announce has Run look at a chat.
func announce(tx store.Tx, c chat.ChatID, dropped int) error {
	p, _, err := posts.Get(tx, "", c.Key())
	if err != nil && !store.Unreadable(err) {
		return err
	}
	return posts.Put(tx, "", c.Key(), post{c, p.Dropped + dropped})
}

// complete gives a new letter what it does not say itself.
func complete(o *Outbox, l *Letter, now time.Time) (err error) {
	if l.ID == "" {
		if l.ID, err = store.NewID(o.cfg.Rand); err != nil {
			return err
		}
	}
	if l.Since.IsZero() {
		l.Since = now
	}
	if l.Until.IsZero() {
		l.Until = later(now, l.NotBefore).Add(keepLetter)
	}
	return nil
}

// write writes a letter and what leads to it.
func write(tx store.Tx, l named) error {
	key := l.To.Chat.Key()
	if err := letters.Put(tx, key, l.name, l.Letter); err != nil || l.Account == "" {
		return err
	}
	return about.Put(tx, l.Account, key, lead{l.To.Chat})
}

// lettersOf are the letters of a chat that can be read, in order.
func lettersOf(tx store.Tx, key string) (list []named, err error) {
	_, err = letters.Each(tx, key, func(name string, l Letter) error {
		list = append(list, named{name, l})
		return nil
	})
	slices.SortFunc(list, func(a, b named) int { return strings.Compare(a.name, b.name) })
	return list, err
}

// remove removes the letters of a chat that match, and what led to them.
func remove(tx store.Tx, key string, match func(named) bool) (removed int, err error) {
	waiting, err := lettersOf(tx, key)
	if err != nil {
		return 0, err
	}
	left, touched := make(map[string]bool), make(map[string]bool)
	for _, l := range waiting {
		if !match(l) {
			left[l.Account] = true
			continue
		}
		if err := letters.Delete(tx, key, l.name); err != nil {
			return 0, err
		}
		removed++
		touched[l.Account] = true
	}
	for account := range touched {
		if account == "" || left[account] {
			continue
		}
		if err := about.Delete(tx, account, key); err != nil {
			return 0, err
		}
	}
	return removed, nil
}

// removeAll removes all letters of a chat, those too that cannot be read.
func removeAll(tx store.Tx, key string) (removed int, err error) {
	if removed, err = remove(tx, key, func(named) bool { return true }); err != nil {
		return 0, err
	}
	return removed, letters.DeleteGroup(tx, key)
}

// Withdraw takes back a letter that has not been sent.
func (o *Outbox) Withdraw(tx store.Tx, to chat.ChatID, id string) error {
	_, err := remove(tx, to.Key(), func(l named) bool { return l.ID == id })
	return err
}

// Forget removes the letters about an account.
func (o *Outbox) Forget(tx store.Tx, account string) error {
	var keys []string
	if _, err := tx.Scan(about.Bucket, account, func(key string, _ []byte) error {
		keys = append(keys, key)
		return nil
	}); err != nil {
		return err
	}
	for _, key := range keys {
		if _, err := remove(tx, key, func(l named) bool { return l.Account == account }); err != nil {
			return err
		}
	}
	return about.DeleteGroup(tx, account)
}

// ForgetChat removes all that is kept for a chat.
func (o *Outbox) ForgetChat(tx store.Tx, c chat.ChatID) error {
	if _, err := removeAll(tx, c.Key()); err != nil {
		return err
	}
	return errors.Join(posts.Delete(tx, "", c.Key()), moves.Delete(tx, "", c.Key()), gone.Delete(tx, "", c.Key()))
}

// MoveChat makes the letters to a chat those to another, of which the platform says that it is the same. They name no
// message of the old one any more. Whoever commits it calls Wake.
func (o *Outbox) MoveChat(tx store.Tx, old, to chat.ChatID) error {
	if old == to {
		return nil
	}
	moving, err := lettersOf(tx, old.Key())
	if err != nil {
		return err
	}
	there, err := lettersOf(tx, to.Key())
	if err != nil {
		return err
	}
	ids := make(map[string]bool)
	for _, l := range there {
		ids[l.ID] = true
	}
	if _, err := remove(tx, old.Key(), func(named) bool { return true }); err != nil {
		return err
	}
	for _, l := range moving {
		if ids[l.ID] {
			continue
		}
		l.To = chat.Target{Chat: to, Private: l.To.Private}
		if err := write(tx, l); err != nil {
			return err
		}
	}
	if len(moving) == 0 {
		return gone.Delete(tx, "", old.Key())
	}
	return errors.Join(
		moves.Put(tx, "", old.Key(), move{to, o.cfg.Now()}),
		announce(tx, to, 0),
		gone.Delete(tx, "", old.Key()), // whether the other one can be written to will show
	)
}

// sweepPortion bounds the chats of one Sweep.
const sweepPortion = 20

// Sweep removes letters that have lost their sense, of some chats at a time, which Run does too, and what tells where
// chats have moved.
func (o *Outbox) Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	_, err = sweepChats(o, tx, overdue(o, now), now)
	return false, err // Run sees to others
}

func sweepChats(o *Outbox, tx store.Tx, chats []chat.ChatID, now time.Time) (removed int, err error) {
	for _, c := range chats {
		n, err := remove(tx, c.Key(), func(l named) bool { return l.over(now) })
		if err != nil {
			return 0, err
		}
		removed += n
	}
	return removed, moves.DeleteIf(tx, "", func(_ string, m move) bool { return now.Sub(m.At) > moveLife })
}
