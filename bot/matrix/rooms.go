//go:build goolm

package matrix

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

// room is the stored record of what the bot must remember of a room besides its state.
type room struct {
	Direct  bool      `json:"direct,omitempty"`  // was made as a private chat
	Person  id.UserID `json:"person,omitempty"`  // whose private chat it is, for good
	Inviter id.UserID `json:"inviter,omitempty"` // who invited the bot
	Waiting bool      `json:"waiting,omitempty"` // for the bot to accept
	// Greeted is the bot's own event of joining with which the conversation was begun.
	Greeted id.EventID `json:"greeted,omitempty"`
	// Replaces is the closed room whose place this one takes, until it has.
	Replaces id.RoomID `json:"replaces,omitempty"`
}

const roomNotesBucket = "matrix.notes" // by room

// rooms keeps the records, all of them in memory too. A room whose record cannot be read is known, and is nobody's
// private chat.
type rooms struct {
	vault store.Store
	log   *slog.Logger

	write  sync.Mutex // held over each write
	mu     sync.RWMutex
	loaded bool
	known  map[id.RoomID]room
	lost   bool // there are records that cannot be read, and of which it is not known whose they are
}

func newRooms(v store.Store, log *slog.Logger) *rooms {
	return &rooms{vault: v, log: log, known: make(map[id.RoomID]room)}
}

// load reads the records at the first call.
func (r *rooms) load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return nil
	}
	garbage, damaged := 0, 0
	err := r.vault.View(func(tx store.Tx) (err error) {
		damaged, err = tx.Scan(roomNotesBucket, "", func(key string, value []byte) error {
			record, err := cryptostore.Decode[room](value)
			if err != nil {
				garbage++
				record = new(room)
			}
			r.known[id.RoomID(key)] = *record
			return nil
		})
		return err
	})
	if n := garbage + damaged; n > 0 {
		r.log.Error("records of rooms cannot be read: they count as no private chats", "count", n)
	}
	r.loaded, r.lost = err == nil, damaged > 0
	return err
}

// isLost tells whether there is a record of that room which nobody can read.
func (r *rooms) isLost(name id.RoomID) bool {
	err := r.vault.View(func(tx store.Tx) error {
		_, err := tx.Get(roomNotesBucket, "", name.String())
		return err
	})
	return store.Unreadable(err)
}

// get tells in its second result whether there is a record.
func (r *rooms) get(name id.RoomID) (room, bool, error) {
	if err := r.load(); err != nil {
		return room{}, false, err
	}
	r.mu.RLock()
	record, found := r.known[name]
	lost := r.lost
	r.mu.RUnlock()
	return record, found || lost && r.isLost(name), nil
}

// all is a copy of every record.
func (r *rooms) all() (map[id.RoomID]room, error) {
	err := r.load()
	r.mu.RLock()
	defer r.mu.RUnlock()
	return maps.Clone(r.known), err
}

// change writes a record, if that changes it.
func (r *rooms) change(name id.RoomID, change func(*room)) error {
	r.write.Lock()
	defer r.write.Unlock()
	before, found, err := r.get(name)
	if err != nil {
		return err
	}
	after := before
	change(&after)
	if found && after == before {
		return nil
	}
	if err := r.vault.Update(func(tx store.Tx) error { return cryptostore.Put(tx, roomNotesBucket, name.String(), after) }); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[name] = after
	return nil
}

// forget removes a record.
func (r *rooms) forget(name id.RoomID) error {
	r.write.Lock()
	defer r.write.Unlock()
	if _, found, err := r.get(name); err != nil || !found {
		return err
	}
	if err := r.vault.Update(func(tx store.Tx) error { return tx.Delete(roomNotesBucket, "", name.String()) }); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, name)
	return nil
}

// isPrivate tells whether only the person whose private chat a room is and the bot can read it, invited ones
// included. Somebody else who is left there with the bot is not in their own private chat: what was linked in
// it is not theirs.
func (a *Adapter) isPrivate(name id.RoomID) (bool, error) {
	record, _, err := a.rooms.get(name)
	if err != nil || !record.Direct {
		return false, err
	}
	members, lost, err := a.store.PresentIn(name)
	return err == nil && lost == 0 && len(members) == 2 && slices.Contains(members, record.Person), err
}

// isIn tells whether the bot is in a room, as far as is known.
func (l *connection) isIn(ctx context.Context, name id.RoomID) bool {
	return l.a.store.IsMembership(ctx, name, l.me, event.MembershipJoin)
}
