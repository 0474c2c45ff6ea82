//go:build goolm

package matrix

import (
	"context"
	"errors"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// What depends on how the library works inside, and not only on what it promises, is in this file, in prekeys.go and
// in cryptostore/hash.go. library_test.go fails when one of these is no longer so.

// sealer encrypts what is sent. The library reads who is in a room, gives them the key of a new session, which takes
// some requests, and keeps the session last: who comes meanwhile could not read what is said until the next session.
// The store does not keep such a session (Store.BeginSharing), the library then finds none (ErrNoGroupSession), and
// it is tried again.
type sealer struct {
	*cryptohelper.CryptoHelper
	a *Adapter
}

var _ mautrix.CryptoHelper = sealer{}

// maxShares bounds how often a session is shared anew for one message.
const maxShares = 4

// Encrypt implements mautrix.CryptoHelper. Messages to one room are encrypted one after the other.
func (s sealer) Encrypt(ctx context.Context, room id.RoomID, kind event.Type, content any) (sealed *event.EncryptedEventContent, err error) {
	defer s.a.sealing.WithLock(room)()
	for range maxShares {
		s.a.store.BeginSharing(room)
		sealed, err = s.CryptoHelper.Encrypt(ctx, room, kind, content)
		if !errors.Is(err, crypto.ErrNoGroupSession) {
			break
		}
	}
	return sealed, err
}

// readState asks for the state of a room and keeps it. An answer that was overtaken by the news that somebody has come
// or gone would put them out again, or bring them back: it is asked for once more.
func (l *connection) readState(ctx context.Context, name id.RoomID) (mautrix.RoomStateMap, error) {
	for range maxShares {
		before := l.a.store.Moves(name)
		state, err := l.cli.State(ctx, name)
		if err != nil {
			return nil, fail("read a room", err)
		}
		if l.a.store.Moves(name) == before {
			return state, nil
		}
	}
	return nil, errors.New("matrix: read a room: people come and go all the time")
}
