//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/ssss"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

// Report is what the homeserver says of the bot's account.
type Report struct {
	User        id.UserID
	Device      id.DeviceID
	Old         bool // the vault is an older copy: the server has seen a newer one
	Published   bool // the device's keys are there, and are those of the vault
	Identity    bool // there is a cross-signing identity, and the vault holds it
	Signed      bool // it has signed the device
	Recoverable bool // the server holds it, sealed with the recovery key
	OneTimeKeys int  // with which new devices begin a conversation
	Others      int  // devices of the account besides the bot's
	Backup      bool // there is a backup of room keys, which the bot does not use
}

// Verify asks the homeserver how the bot's account is set up. It changes nothing. Config.Core is not needed.
func Verify(ctx context.Context, cfg Config) (Report, error) {
	s, err := sessionOf(cfg.Vault)
	if err != nil {
		return Report{}, err
	}
	a, err := New(cfg)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = a.Close() }()
	if s.Homeserver != a.cfg.Homeserver || !sameUser(s.UserID, a.cfg.User) { // the token is none of their business
		return Report{}, a.otherAccount(s)
	}
	cli, err := a.newClient()
	if err != nil {
		return Report{}, err
	}
	a.tokens.use(s)
	cli.UserID, cli.DeviceID, cli.AccessToken = s.UserID, s.DeviceID, s.AccessToken.Reveal()
	r := Report{User: s.UserID, Device: s.DeviceID}
	err = a.inspect(ctx, cli, &r)
	return r, err
}

// sessionOf reads what the bot is logged in with, of a vault that a Store may be opened on without changing it.
func sessionOf(v store.Store) (cryptostore.Session, error) {
	session, copied, err := cryptostore.Peek(v)
	switch {
	case err != nil:
		return cryptostore.Session{}, err
	case copied:
		return cryptostore.Session{}, errors.New("matrix: the vault was restored from a copy; the next `bot run` takes a device of its own, and there is nothing to verify before")
	case session.UserID == "":
		return cryptostore.Session{}, errors.New("matrix: the bot has not been on Matrix yet; start it with `bot run`")
	}
	return session, nil
}

func (a *Adapter) inspect(ctx context.Context, cli *mautrix.Client, r *Report) error {
	own, err := (&connection{a: a, cli: cli, me: cli.UserID}).ownKeys(ctx)
	if tokenLost(err) {
		return errors.New("matrix: the homeserver has forgotten the bot's login; the next `bot run` logs in again, or says what it needs for that")
	} else if err != nil {
		return err
	}
	if r.Old, _, err = a.rolledBack(ctx, cli); err != nil {
		return err
	}
	account, err := a.store.GetAccount(ctx)
	if err != nil {
		return err
	}
	r.Published = account != nil && own.device.Keys.GetEd25519(r.Device) == account.SigningKey()
	r.Signed = r.Published && own.signed(r.User, r.Device)
	if err := a.inspectIdentity(ctx, cli, own, r); err != nil {
		return err
	}
	counts, err := cli.UploadKeys(ctx, &mautrix.ReqUploadKeys{})
	if err != nil {
		return fail("count one-time keys", err)
	}
	r.OneTimeKeys = counts.OneTimeKeyCounts.SignedCurve25519
	devices, err := cli.GetDevicesInfo(ctx)
	if err != nil {
		return fail("list devices", err)
	}
	r.Others = max(len(devices.Devices)-1, 0)
	_, err = cli.GetKeyBackupLatestVersion(ctx)
	if r.Backup = err == nil; !r.Backup && !refusedAs(err, mautrix.MNotFound, mautrix.MUnrecognized) {
		return fail("ask for a key backup", err)
	}
	return nil
}

// inspectIdentity compares the identity in the vault with what the server has of it.
func (a *Adapter) inspectIdentity(ctx context.Context, cli *mautrix.Client, own ownKeys, r *Report) error {
	kept, err := a.store.Identity()
	if err != nil || kept.Empty() {
		return err
	}
	keys, err := kept.Seeds.Decode()
	if err != nil {
		return fmt.Errorf("matrix: the encryption identity in the vault: %w", err)
	}
	r.Identity = keys.MasterKey.PublicKey() == own.master && keys.SelfSigningKey.PublicKey() == own.selfSigning
	found, err := findSealed(ctx, ssss.NewSSSSMachine(cli), kept)
	r.Recoverable = err == nil && found == sealedByUs
	return err
}

// Print writes the report for an operator.
func (r Report) Print(w io.Writer) error {
	answer := func(yes bool) string {
		if yes {
			return "yes"
		}
		return "NO"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "account            %s\ndevice             %s\n", r.User, r.Device)
	fmt.Fprintf(&b, "vault up to date   %s\n", answer(!r.Old))
	fmt.Fprintf(&b, "keys published     %s\nidentity held      %s\n", answer(r.Published), answer(r.Identity))
	fmt.Fprintf(&b, "device signed      %s\nrecoverable        %s\n", answer(r.Signed), answer(r.Recoverable))
	fmt.Fprintf(&b, "one-time keys      %d\nother devices      %d\n", r.OneTimeKeys, r.Others)
	fmt.Fprintf(&b, "key backup         %s\n", map[bool]string{true: "on the server, not used by the bot", false: "none, and none is needed"}[r.Backup])
	b.WriteString(r.verdict() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict says what the report comes to.
func (r Report) verdict() string {
	switch {
	case r.Old:
		return "The vault is an older copy than the homeserver has seen: the next `bot run` takes a new device."
	case !r.Published || !r.Identity || !r.Signed:
		return "People's apps will warn of the bot or keep their keys from it: start it with `bot run`, which mends what it can and says what it cannot."
	case r.OneTimeKeys == 0:
		return "People's apps can trust the bot's messages, but new ones cannot begin a conversation with it: start it with `bot run`, which publishes new one-time keys."
	}
	return "People's apps can trust the bot's messages."
}
