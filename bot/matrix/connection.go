//go:build goolm

package matrix

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// connection is a client of the homeserver, logged in, with a signed device. It is made anew when the server
// has forgotten the token.
type connection struct {
	a      *Adapter
	cli    *mautrix.Client
	helper *cryptohelper.CryptoHelper
	mach   *crypto.OlmMachine
	sync   *syncer
	me     id.UserID
	life   context.Context // of the connection

	lists     lists
	uploads   atomic.Int64 // bytes that a file may have; 0: not asked yet
	resending atomic.Bool  // a loop sends again what the server slows down
	fallback  time.Time    // when the server was last given a fallback key; of the sync loop
	unarrived bool         // that key did not arrive

	moved map[id.RoomID]bool // where others came or went in a response, and whether one came; of the sync loop

	mu      sync.Mutex
	sealed  map[id.EventID]*event.Event // encrypted events that are being decrypted
	titles  map[id.RoomID]string        // of groups
	told    map[id.EventID]bool         // of these their senders know that they are unreadable
	mended  map[id.DeviceID]time.Time   // when Olm sessions with a device were last made anew
	fetched map[id.UserID]time.Time     // when devices were last asked for because one was unknown
}

const (
	httpRetries  = 4 // the library's default is none, not even after a 429
	firstBackoff = time.Second
	longBackoff  = 30 * time.Second
	requestLimit = 2 * time.Minute // for one request; a sync waits for 30 s
	maxResponse  = 64 << 20        // bytes
)

// newClient makes a client without credentials, whose access token is renewed where that is needed.
func (a *Adapter) newClient() (*mautrix.Client, error) { return a.bareClient(a.tokens.client()) }

// bareClient makes a client that goes through another.
func (a *Adapter) bareClient(through *http.Client) (*mautrix.Client, error) {
	cli, err := mautrix.NewClient(a.cfg.Homeserver, "", "")
	if err != nil {
		return nil, errors.New("matrix: the address of the homeserver is none")
	}
	cli.DefaultHTTPRetries = httpRetries
	cli.DefaultHTTPBackoff = firstBackoff
	cli.MaxHTTPBackoff = longBackoff
	cli.ResponseSizeLimit = maxResponse
	cli.Log = libraryLog(a.log)
	cli.Client = through
	cli.StateStore, cli.Store = a.store, a.store
	return cli, nil
}

// connect logs in, publishes and signs the device, and registers what handles events: in the order of
// matrix-notes §3. The connection ends with ctx.
func (a *Adapter) connect(ctx context.Context) (*connection, error) {
	cli, err := a.newClient()
	if err != nil {
		return nil, err
	}
	l := &connection{
		a: a, cli: cli, life: ctx, lists: lists{later: make(map[id.UserID]respite)}, moved: make(map[id.RoomID]bool),
		sealed: make(map[id.EventID]*event.Event), told: make(map[id.EventID]bool), titles: make(map[id.RoomID]string), mended: make(map[id.DeviceID]time.Time), fetched: make(map[id.UserID]time.Time),
	}
	l.sync = newSyncer(l)
	cli.Syncer = l.sync
	if err := a.logIn(ctx, cli); err != nil {
		return nil, err
	}
	l.me = cli.UserID
	l.beforeLibrary()
	if l.helper, err = cryptohelper.NewCryptoHelper(cli, a.store.PickleKey(), a.store); err != nil {
		return nil, fail("set up encryption", err)
	}
	l.helper.DecryptErrorCallback = l.notDecrypted
	if err := a.checkDevice(ctx, cli); err != nil {
		return nil, err
	}
	if err := l.helper.Init(ctx); err != nil {
		return nil, fail("publish the device", err)
	}
	l.mach = l.helper.Machine()
	l.mach.DisableRatchetTracking = true // half of the writes of a command, for what we do not use
	l.mach.SetBackgroundCtx(a.life)
	cli.Crypto = sealer{l.helper, a}
	l.afterLibrary()
	if err := l.ensureIdentity(ctx); err != nil {
		return nil, err
	}
	l.retireDevices(ctx)
	if err := l.bumpEpoch(ctx); err != nil { // before the first sync, whose keys a copy must not use again
		return nil, err
	}
	l.listen()
	return l, nil
}

// ended tells whether what is still under way is to be left to the next connection.
func (l *connection) ended() bool { return l.life.Err() != nil || l.a.life.Err() != nil }

// listen registers what answers events.
func (l *connection) listen() {
	for _, kind := range []event.Type{event.EventMessage, event.EventSticker, event.EventUnstablePollResponse, pollResponse} {
		l.sync.OnEventType(kind, l.onEvent)
	}
	l.sync.OnEventType(event.EventReaction, l.onEvent)
	l.sync.OnEventType(event.StateMember, l.onMember)
	l.sync.OnEventType(event.StateRoomName, l.onTitle)
	l.sync.OnEventType(event.StateTombstone, l.onTombstone)
	l.sync.OnEventType(event.ToDeviceVerificationRequest, l.declineVerification)
}

// pollResponse is the stable name of a vote (MSC3381); the library only knows the other one.
var pollResponse = event.Type{Type: "m.poll.response", Class: event.MessageEventType}
