//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
)

// logIn gives the client credentials: those of the vault while the server knows them, else by the settings.
// A device is only used with the Olm state that belongs to it.
func (a *Adapter) logIn(ctx context.Context, cli *mautrix.Client) error {
	s, err := a.store.Session()
	if err != nil {
		return err
	}
	if s.UserID == "" { // the first start
		return a.logInAnew(ctx, cli, "")
	}
	if !sameUser(s.UserID, a.cfg.User) {
		return a.otherAccount(s)
	}
	a.tokens.use(s)
	cli.UserID, cli.DeviceID, cli.AccessToken = s.UserID, s.DeviceID, s.AccessToken.Reveal()
	if s.Homeserver != a.cfg.Homeserver {
		if err := a.follow(ctx, cli, s); err != nil {
			return err
		}
	}
	account, err := a.store.GetAccount(ctx)
	if err != nil {
		return err
	}
	if account == nil && s.OAuth == nil && a.cfg.Token.Empty() || s.DeviceID == "" { // the device may have got keys
		return a.logInAnew(ctx, cli, "")
	}
	_, err = cli.Whoami(ctx)
	switch {
	case tokenLost(err):
		if err := a.logInAnew(ctx, cli, s.DeviceID); err != nil { // the same device and keys: nobody notices
			return err
		}
	case err != nil:
		return fail("ask who we are", err)
	}
	old, epoch, err := a.rolledBack(ctx, cli)
	if err != nil {
		return err
	}
	if !old { // the answer to what was offered last may have been lost
		return a.store.ConfirmEpoch(epoch)
	}
	a.log.Warn("the vault is an older copy: the bot takes a new device")
	if err := a.store.ForgetOlm(ctx); err != nil {
		return err
	}
	return a.logInAnew(ctx, cli, "")
}

// logInAnew makes a device, or with its name logs it in again, in the way that the settings and the homeserver allow.
func (a *Adapter) logInAnew(ctx context.Context, cli *mautrix.Client, device id.DeviceID) error {
	before, err := a.store.Session()
	if err != nil {
		return err
	}
	a.tokens.use(cryptostore.Session{})
	if !a.cfg.Token.Empty() {
		return a.logInByToken(ctx, cli, before)
	}
	if before.OAuth != nil {
		return fmt.Errorf("matrix: %w", ErrLoginEnded)
	}
	cli.AccessToken = ""
	flows, err := cli.GetLoginFlows(ctx)
	switch {
	case err != nil && passing(err):
		return fail("ask how to log in", err)
	case err != nil || !flows.HasFlow(mautrix.AuthTypePassword):
		return fmt.Errorf("matrix: %w", ErrNoPasswordLogin)
	}
	return a.logInByPassword(ctx, cli, device)
}

// logInByToken takes the device of the token of the settings. One that is not the vault's has to be new to it.
func (a *Adapter) logInByToken(ctx context.Context, cli *mautrix.Client, before cryptostore.Session) error {
	token := a.cfg.Token.Reveal()
	if before.AccessToken.Reveal() == token { // which was refused just now
		return fmt.Errorf("matrix: %w", ErrToken)
	}
	cli.AccessToken = token
	who, err := cli.Whoami(ctx)
	switch {
	case tokenLost(err) || refusedAs(err, mautrix.MForbidden, mautrix.MUserDeactivated):
		return fmt.Errorf("matrix: %w", ErrToken)
	case err != nil:
		return fail("ask who we are", err)
	case !sameUser(who.UserID, a.cfg.User):
		return fmt.Errorf("matrix: %w", ErrTokenAccount)
	}
	retired, err := a.store.Retired()
	if err != nil {
		return err
	}
	if who.DeviceID == "" || slices.Contains(retired, who.DeviceID) {
		return fmt.Errorf("matrix: %w", ErrTokenDevice)
	}
	if before.DeviceID != "" && before.DeviceID != who.DeviceID {
		if err := a.store.ForgetOlm(ctx); err != nil {
			return err
		}
	}
	cli.UserID, cli.DeviceID = who.UserID, who.DeviceID
	return a.store.SetSession(cryptostore.Session{
		Homeserver: a.cfg.Homeserver, UserID: who.UserID, DeviceID: who.DeviceID, AccessToken: secret.Store(a.cfg.Token),
		Sweep: before.DeviceID != who.DeviceID || before.Sweep,
	})
}

// follow goes with the account to another address of its homeserver. What is there has to know the bot's
// token, and is only asked when the settings name account and server in full: "cartable" is somebody else's
// name elsewhere, and the token is none of their business.
func (a *Adapter) follow(ctx context.Context, cli *mautrix.Client, s cryptostore.Session) error {
	if id.UserID(a.cfg.User) != s.UserID {
		return a.otherAccount(s)
	}
	who, err := cli.Whoami(ctx)
	switch {
	case err != nil && passing(err):
		return fail("ask who we are", err)
	case err != nil || who.UserID != s.UserID || who.DeviceID != s.DeviceID:
		return a.otherAccount(s)
	}
	s.Homeserver = a.cfg.Homeserver
	if err := a.store.SetSession(s); err != nil {
		return err
	}
	a.log.Info("the homeserver has a new address")
	return nil
}

func (a *Adapter) otherAccount(s cryptostore.Session) error {
	return fmt.Errorf("matrix: the vault is of %s at %s: %w", s.UserID, s.Homeserver, ErrOtherAccount)
}

// logInByPassword makes the device, or with its name logs it in again, and writes the credentials down. With a
// new device also that those before it are to be deleted, which may have to wait for the recovery key.
func (a *Adapter) logInByPassword(ctx context.Context, cli *mautrix.Client, device id.DeviceID) error {
	password := a.cfg.Password.Reveal()
	if password == "" {
		return fmt.Errorf("matrix: %w", ErrNoPassword)
	}
	before, err := a.store.Session()
	if err != nil {
		return err
	}
	cli.AccessToken = ""
	answer, err := cli.Login(ctx, &mautrix.ReqLogin{
		Type:       mautrix.AuthTypePassword,
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: a.cfg.User},
		Password:   password, DeviceID: device, InitialDeviceDisplayName: deviceName, StoreCredentials: true,
	})
	switch {
	case refusedAs(err, mautrix.MForbidden, mautrix.MUserDeactivated):
		return fmt.Errorf("matrix: %w", ErrLogin)
	case err != nil:
		return fail("log in", err)
	}
	return a.store.SetSession(cryptostore.Session{
		Homeserver: a.cfg.Homeserver, UserID: answer.UserID, DeviceID: answer.DeviceID, AccessToken: secret.Store(secret.New(answer.AccessToken)),
		Sweep: device == "" || before.Sweep,
	})
}

// sameUser compares a full name with one that may be short.
func sameUser(full id.UserID, given string) bool {
	if strings.HasPrefix(given, "@") && strings.Contains(given, ":") {
		return full == id.UserID(given)
	}
	local, _, err := full.Parse()
	return err == nil && local == strings.TrimPrefix(given, "@")
}

// checkDevice compares what the server has of our device with the vault, before anything is published. It
// mends what the library stops at: keys that the server has lost with the device are shared again, and keys
// that arrived although we were killed before we noted it are noted (matrix-notes §5).
func (a *Adapter) checkDevice(ctx context.Context, cli *mautrix.Client) error {
	account, err := a.store.GetAccount(ctx)
	if err != nil {
		return err
	}
	answer, err := cli.QueryKeys(ctx, &mautrix.ReqQueryKeys{
		DeviceKeys: mautrix.DeviceKeysRequest{cli.UserID: mautrix.DeviceIDList{cli.DeviceID}},
	})
	if err != nil {
		return fail("ask for our keys", err)
	}
	device := answer.DeviceKeys[cli.UserID][cli.DeviceID]
	published := len(device.Keys) > 0
	switch {
	case account == nil && published:
		return fmt.Errorf("matrix: %w", ErrDeviceTaken)
	case account == nil, account.Shared == published && !published:
		return nil
	case published && device.Keys.GetEd25519(cli.DeviceID) != account.SigningKey():
		return fmt.Errorf("matrix: %w", ErrDeviceTaken)
	case account.Shared == published:
		return nil
	}
	account.Shared = published
	return a.store.PutAccount(ctx, account)
}
