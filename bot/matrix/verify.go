//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// Report is what the homeserver says of the bot's account.
type Report struct {
	User        id.UserID
	Device      id.DeviceID
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
	a, err := New(cfg)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = a.Close() }()
	s, err := a.store.Session()
	if err != nil {
		return Report{}, err
	}
	if s.UserID == "" {
		return Report{}, errors.New("matrix: the bot has not been on Matrix yet; start it with `bot run`")
	}
	cli, err := a.newClient()
	if err != nil {
		return Report{}, err
	}
	cli.UserID, cli.DeviceID, cli.AccessToken = s.UserID, s.DeviceID, s.AccessToken.Reveal()
	r := Report{User: s.UserID, Device: s.DeviceID}
	err = a.inspect(ctx, cli, &r)
	return r, err
}

func (a *Adapter) inspect(ctx context.Context, cli *mautrix.Client, r *Report) error {
	l := &link{a: a, cli: cli, me: cli.UserID}
	own, err := l.ownKeys(ctx)
	if refusedAs(err, mautrix.MUnknownToken) {
		return errors.New("matrix: the homeserver has forgotten the bot's login; the next `bot run` logs in again with the password")
	} else if err != nil {
		return err
	}
	account, err := a.store.GetAccount(ctx)
	if err != nil {
		return err
	}
	kept, err := a.store.Identity()
	if err != nil {
		return err
	}
	r.Published = account != nil && own.device.Keys.GetEd25519(r.Device) == account.SigningKey()
	if !kept.empty() {
		keys, err := kept.Seeds.Decode()
		r.Identity = err == nil && keys.MasterKey.PublicKey() == own.master
	}
	r.Signed = r.Published && own.signed(r.User, r.Device)
	r.Recoverable = kept.Recoverable
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
	r.Backup = err == nil
	return nil
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
	fmt.Fprintf(&b, "keys published     %s\nidentity held      %s\n", answer(r.Published), answer(r.Identity))
	fmt.Fprintf(&b, "device signed      %s\nrecoverable        %s\n", answer(r.Signed), answer(r.Recoverable))
	fmt.Fprintf(&b, "one-time keys      %d\nother devices      %d\n", r.OneTimeKeys, r.Others)
	fmt.Fprintf(&b, "key backup         %s\n", map[bool]string{true: "on the server, not used by the bot", false: "none, and none is needed"}[r.Backup])
	if r.Published && r.Identity && r.Signed {
		b.WriteString("People's apps can trust the bot's messages.\n")
	} else {
		b.WriteString("People's apps will warn of the bot or keep their keys from it: start it with `bot run`, which mends what it can and says what it cannot.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
