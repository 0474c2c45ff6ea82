// Package rights says who may: who may use the bot, whose an account is, and what of it a group may read. It knows
// nothing of what an account contains, of commands and of words.
package rights

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Kind is what an account is of. Kinds are stored.
type Kind string

// The kinds of accounts.
const (
	School Kind = "school"
	Wallet Kind = "wallet"
)

// Page is a part of an account that can be shown in a group. Pages are stored.
type Page string

// The pages of a school, and that of a wallet: its balance and history.
const (
	Timetable  Page = "timetable"
	Homework   Page = "homework"
	Grades     Page = "grades"
	WalletPage Page = "wallet"
)

// Who is the person who speaks, and where.
type Who struct {
	Chat    chat.ChatID
	Person  chat.PersonID
	Private bool // nobody else is in the chat
	// Unverified is true where the platform's servers alone say who it is: only what is at home in this very
	// chat may be touched then.
	Unverified bool
}

// Account is an account that its owner has linked.
type Account struct {
	ID    string        `json:"id"`
	Kind  Kind          `json:"kind"`
	Name  string        `json:"name"`  // what others see on a button: the school's name, "Izly"
	Label string        `json:"label"` // how its owner knows it: "Izly – …3344"
	Owner chat.PersonID `json:"owner"`
	Home  chat.ChatID   `json:"home"` // the owner's private chat
	Since time.Time     `json:"since"`
	Same  string        `json:"same"` // what two links of one account have in common
}

// Grant is an account that its owner shows in a group, and which pages of it.
type Grant struct {
	Group   chat.ChatID `json:"group"`
	Account string      `json:"account"`
	Pages   []Page      `json:"pages"`
	Since   time.Time   `json:"since"`
}

// Has tells whether a page is shown; "" stands for any.
func (g Grant) Has(p Page) bool {
	if p == "" {
		return len(g.Pages) > 0
	}
	return slices.Contains(g.Pages, p)
}

var (
	// ErrNotYours says that the account is not the person's, or not one that may be touched from this chat. What
	// has been removed is nobody's.
	ErrNotYours = errors.New("rights: not the person's account")
	// ErrNothing refuses a grant without pages.
	ErrNothing = errors.New("rights: nothing to show")
	// ErrNoInvitations says that the bot is not made to invite people.
	ErrNoInvitations = errors.New("rights: no invitations")
)

// Config is what Rights are made of. Store is required.
type Config struct {
	Store store.Store
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
	Log   *slog.Logger     // default: nothing is logged

	// Open lets everyone in. Otherwise a person needs an invitation, once.
	Open bool
	// Admins need none, and may invite others.
	Admins []chat.PersonID
	// Invitations makes and checks invitation codes; without, nobody can be invited.
	Invitations *Invitations
}

// Rights answers from memory, which is a copy of what is stored. Its methods may be called from several goroutines.
type Rights struct {
	cfg       Config
	strangers strangers

	reading sync.Mutex // held from the reading of the store until memory is replaced: an older reading never wins

	mu      sync.RWMutex // guards what follows; nobody who holds it uses the store
	memory  memory
	damaged int
}

// New reads what is stored. What cannot be read is left out and counted.
func New(cfg Config) (*Rights, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Rights{cfg: cfg}
	if err := r.Refresh(); err != nil {
		return nil, err
	}
	if n := r.Damaged(); n > 0 {
		cfg.Log.Error("some accounts or grants cannot be read", "count", n)
	}
	return r, nil
}

// Owned are the accounts that may be touched at this person's word, in whichever chat they are at home; at an
// unverified word only those of this very chat.
func (r *Rights) Owned(who Who) []Account {
	mine := r.Of(who.Person)
	if !who.Unverified {
		return mine
	}
	return slices.DeleteFunc(mine, func(a Account) bool { return a.Home != who.Chat })
}

// Of are all accounts of a person: for answers in private, and for hiding.
func (r *Rights) Of(p chat.PersonID) []Account {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []Account
	for _, id := range r.memory.owned[p] {
		list = append(list, r.memory.accounts[id])
	}
	return list
}

// Readable are the accounts of a kind of which a page may be read in this chat: in private those at home there, if
// they are the person's, for the chat may have been somebody else's before; in a group those of which the page is
// shown, in the order in which they came to be shown. "" stands for any kind or page.
func (r *Rights) Readable(who Who, kind Kind, page Page) []Account {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []Account
	add := func(a Account, known bool) {
		if known && (kind == "" || a.Kind == kind) {
			list = append(list, a)
		}
	}
	if !who.Private {
		shown := make(map[string]time.Time)
		for _, g := range r.memory.shown[who.Chat] {
			shown[g.Account] = g.Since
			if a, known := r.memory.accounts[g.Account]; g.Has(page) {
				add(a, known)
			}
		}
		// What comes to be shown later never takes the first place, however long its owner has had it.
		slices.SortFunc(list, func(a, b Account) int { return cmp.Or(shown[a.ID].Compare(shown[b.ID]), byAge(a, b)) })
		return list
	}
	for _, id := range r.memory.owned[who.Person] {
		if a := r.memory.accounts[id]; a.Home == who.Chat {
			add(a, true)
		}
	}
	return list
}

// Account finds an account by its ID.
func (r *Rights) Account(id string) (Account, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a, known := r.memory.accounts[id]
	return a, known
}

// OfSeveral tells whether the owner of an account has others of its kind, so that it must be named.
func (r *Rights) OfSeveral(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	a := r.memory.accounts[id]
	same := 0
	for _, other := range r.memory.owned[a.Owner] {
		if r.memory.accounts[other].Kind == a.Kind {
			same++
		}
	}
	return same > 1
}

// Shown is what is shown in a group, in the order of the accounts. What is shown of an account that cannot be read
// is left out.
func (r *Rights) Shown(group chat.ChatID) []Grant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := slices.DeleteFunc(slices.Clone(r.memory.shown[group]), func(g Grant) bool {
		_, known := r.memory.accounts[g.Account]
		return !known
	})
	slices.SortFunc(list, func(a, b Grant) int {
		return byAge(r.memory.accounts[a.Account], r.memory.accounts[b.Account])
	})
	return apart(list)
}

// ShownOf tells where an account is shown, the oldest first.
func (r *Rights) ShownOf(account string) []Grant {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, known := r.memory.accounts[account]; !known {
		return nil
	}
	var list []Grant
	for _, group := range r.memory.groups[account] {
		for _, g := range r.memory.shown[group] {
			if g.Account == account {
				list = append(list, g)
			}
		}
	}
	slices.SortFunc(list, func(a, b Grant) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Group.Key(), b.Group.Key()))
	})
	return apart(list)
}

// apart lets the caller keep grants that share nothing with memory.
func apart(list []Grant) []Grant {
	for i := range list {
		list[i].Pages = slices.Clone(list[i].Pages)
	}
	return list
}

// byAge is the order of accounts everywhere.
func byAge(a, b Account) int {
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
}

// In are the IDs of the accounts that are at home in a chat or shown there.
func (r *Rights) In(c chat.ChatID) (ids []string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id, a := range r.memory.accounts {
		if a.Home == c {
			ids = append(ids, id)
		}
	}
	for _, g := range r.memory.shown[c] {
		ids = append(ids, g.Account)
	}
	return ids
}

// Damaged counts the accounts and grants that could not be read when everything was read last.
func (r *Rights) Damaged() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.damaged
}
