//go:build goolm

package matrix

import (
	"context"
	_ "embed"
	"errors"

	"maunium.net/go/mautrix"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

//go:generate go run draw.go

// picture is what people see beside the bot's messages; draw.go draws it.
//
//go:embed picture.png
var picture []byte

// shownName is what the bot is called where its account has no name of its own.
const shownName = "Cartable"

// profileBucket has one record, under profileName, when the account has been given a name and a picture once: who
// changes or removes them later has the last word.
const (
	profileBucket = "matrix.profile"
	profileName   = "given"
)

// profile is the stored record of that.
type profile struct {
	Given bool `json:"given"`
}

// introduce gives the account a name and a picture where it has none.
func (l *connection) introduce() {
	given := false
	err := l.a.cfg.Vault.View(func(tx store.Tx) error {
		record, err := cryptostore.Find[profile](tx, profileBucket, profileName)
		given = record != nil && record.Given
		return err
	})
	if err != nil {
		l.a.log.Error("profile not read", "error", err)
	}
	if err != nil || given {
		return
	}
	l.a.rest("give the account a name and a picture", func(ctx context.Context) error {
		err := l.completeProfile(ctx)
		if err != nil && passing(err) {
			return err
		}
		return errors.Join(err, l.a.cfg.Vault.Update(func(tx store.Tx) error {
			return cryptostore.Put(tx, profileBucket, profileName, profile{Given: true})
		}))
	})
}

func (l *connection) completeProfile(ctx context.Context) error {
	is, err := l.cli.GetProfile(ctx, l.me)
	switch {
	case refusedAs(err, mautrix.MNotFound):
		is = &mautrix.RespUserProfile{}
	case err != nil:
		return err
	}
	if is.DisplayName == "" || is.DisplayName == l.me.Localpart() {
		if err := l.cli.SetDisplayName(ctx, shownName); err != nil {
			return err
		}
	}
	if !is.AvatarURL.IsEmpty() {
		return nil
	}
	upload, err := l.cli.UploadBytes(ctx, picture, "image/png")
	if err != nil {
		return err
	}
	return l.cli.SetAvatarURL(ctx, upload.ContentURI)
}
