//go:build goolm

package matrixplayer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
)

// patience bounds every wait. It is long because test machines are slow; what is waited for takes
// fractions of a second.
const patience = 45 * time.Second

// Player is a person on one device. Its methods that end in Err return errors and may be called from any
// goroutine; the others fail the test, and are for the goroutine of the test.
type Player struct {
	ID     id.UserID
	Device id.DeviceID

	t        testing.TB
	hs       *homeserver.Server
	name     string
	password string
	options  Options
	seeds    crypto.CrossSigningSeeds // zero when the person signs nothing

	client *mautrix.Client
	syncer syncer
	helper *cryptohelper.CryptoHelper

	mu      sync.Mutex
	events  []*Event            // in the order in which they could be read
	read    map[id.RoomID]int   // how many of events were there when the person spoke last
	gone    map[id.EventID]bool // redacted
	changed chan struct{}       // closed, and made anew, whenever something was received
}

// Options is the temper of a person's device. The zero value is what current clients are: cross-signed, and
// giving keys to every device.
type Options struct {
	// Unsigned leaves the person without cross-signing, or a further device without its signature.
	Unsigned bool
	// SignedOnly gives message keys to devices only that their owners have cross-signed (MSC4153).
	SignedOnly bool
}

// New registers a person and logs in. The person is gone at the end of the test.
func New(t testing.TB, hs *homeserver.Server, name string, o Options) *Player {
	t.Helper()
	password := "the password of " + name
	hs.Register(name, password)
	p := &Player{t: t, hs: hs, name: name, password: password, options: o}
	p.start()
	return p
}

// SecondDevice logs the same person in on another device, which the first one signs unless it is unsigned.
func (p *Player) SecondDevice(o Options) *Player {
	p.t.Helper()
	second := &Player{t: p.t, hs: p.hs, name: p.name, password: p.password, options: o, seeds: p.seeds}
	second.start()
	return second
}

func (p *Player) start() {
	p.t.Helper()
	p.read, p.gone, p.changed = map[id.RoomID]int{}, map[id.EventID]bool{}, make(chan struct{})
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := p.logIn(ctx); err != nil {
		p.t.Fatalf("%s logs in: %v", p.name, err)
	}
	if err := p.sign(ctx); err != nil {
		p.t.Fatalf("%s signs: %v", p.name, err)
	}
	first := make(chan struct{})
	p.syncer.OnSync(func(context.Context, *mautrix.RespSync, string) bool {
		select {
		case <-first:
		default:
			close(first)
		}
		return true
	})
	p.sync()
	select {
	case <-first:
	case <-ctx.Done():
		p.t.Fatalf("%s gets nothing from the homeserver: %v", p.name, ctx.Err())
	}
}

// logIn makes the device and its keys, and connects what is received with this player.
func (p *Player) logIn(ctx context.Context) (err error) {
	if p.client, err = mautrix.NewClient(p.hs.URL, "", ""); err != nil {
		return err
	}
	p.client.Log = zerolog.Nop()
	p.client.DefaultHTTPRetries = 3
	p.client.StateStore = newRoomStates()
	login, err := p.client.Login(ctx, &mautrix.ReqLogin{
		Type:             mautrix.AuthTypePassword,
		Identifier:       mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: p.name},
		Password:         p.password,
		StoreCredentials: true,
	})
	if err != nil {
		return err
	}
	p.ID, p.Device = login.UserID, login.DeviceID
	p.syncer = syncer{mautrix.NewDefaultSyncer()}
	p.client.Syncer = p.syncer
	p.syncer.OnSync(p.markDeviceLists)
	p.syncer.OnEvent(p.client.StateStoreSyncHandler)
	if p.helper, err = cryptohelper.NewCryptoHelper(p.client, []byte("pickle"), crypto.NewMemoryStore(nil)); err != nil {
		return err
	}
	p.helper.DecryptErrorCallback = p.hearNothing
	if err := p.helper.Init(ctx); err != nil {
		return err
	}
	p.syncer.OnSync(p.refreshDeviceLists)
	p.syncer.OnEvent(p.hear)
	p.client.Crypto = p.helper
	if p.options.SignedOnly {
		p.helper.Machine().SendKeysMinTrust = id.TrustStateCrossSignedTOFU
	}
	return nil
}

// sign makes the person's cross-signing keys, or takes those of the first device, and signs this one.
func (p *Player) sign(ctx context.Context) error {
	if p.options.Unsigned {
		return nil
	}
	mach := p.helper.Machine()
	if p.seeds.MasterKey == nil {
		keys, err := mach.GenerateCrossSigningKeys()
		if err != nil {
			return err
		}
		if err := mach.PublishCrossSigningKeys(ctx, keys, nil); err != nil {
			return err
		}
		p.seeds = keys.Seeds()
	} else if err := mach.ImportCrossSigningKeys(p.seeds); err != nil {
		return err
	}
	if _, err := mach.FetchKeys(ctx, []id.UserID{p.ID}, true); err != nil {
		return err
	}
	return errors.Join(mach.SignOwnDevice(ctx, mach.OwnIdentity()), mach.SignOwnMasterKey(ctx))
}

// sync receives until the end of the test.
func (p *Player) sync() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.client.SyncWithContext(ctx) }()
	p.t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			p.t.Errorf("%s lost the connection: %v", p.name, err)
		}
	})
}

// markDeviceLists and refreshDeviceLists do what the library leaves out: without them a lost answer of the
// server would hide a person's new device for ever.
func (p *Player) markDeviceLists(ctx context.Context, resp *mautrix.RespSync, _ string) bool {
	if err := p.helper.Machine().CryptoStore.MarkTrackedUsersOutdated(ctx, resp.DeviceLists.Changed); err != nil {
		p.t.Errorf("%s: device lists: %v", p.name, err)
	}
	return true
}

func (p *Player) refreshDeviceLists(ctx context.Context, _ *mautrix.RespSync, _ string) bool {
	mach := p.helper.Machine()
	users, err := mach.CryptoStore.GetOutdatedTrackedUsers(ctx)
	if err == nil && len(users) > 0 {
		_, err = mach.FetchKeys(ctx, users, true)
	}
	if err != nil && ctx.Err() == nil {
		p.t.Logf("%s: device lists, to be tried again: %v", p.name, err)
	}
	return true
}

// syncer is the library's, which waits ten seconds for a homeserver that starts in a third of one.
type syncer struct{ *mautrix.DefaultSyncer }

func (s syncer) OnFailedSync(resp *mautrix.RespSync, err error) (time.Duration, error) {
	if _, err := s.DefaultSyncer.OnFailedSync(resp, err); err != nil {
		return 0, err
	}
	return 200 * time.Millisecond, nil
}

// roomStates is the library's store, without three faults: it lists people who have left, which would give
// them keys; it reads that list while others write it; and the answers of requests write memberships into
// it that are older than what sync has told meanwhile. Here sync alone tells who is where.
type roomStates struct{ *mautrix.MemoryStateStore }

func (roomStates) SetMembership(context.Context, id.RoomID, id.UserID, event.Membership) error {
	return nil
}

func (roomStates) ReplaceCachedMembers(context.Context, id.RoomID, []*event.Event, ...event.Membership) error {
	return nil
}

func newRoomStates() roomStates {
	return roomStates{mautrix.NewMemoryStateStore().(*mautrix.MemoryStateStore)}
}

func (s roomStates) GetRoomJoinedOrInvitedMembers(ctx context.Context, room id.RoomID) (here []id.UserID, err error) {
	members, err := s.GetAllMembers(ctx, room)
	for user, m := range members {
		if m.Membership == event.MembershipJoin || m.Membership == event.MembershipInvite {
			here = append(here, user)
		}
	}
	return here, err
}
