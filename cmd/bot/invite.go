package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"cartable/core/rights"
	"cartable/vault"
)

// inviteCmd makes an invitation. It needs the key and the salt beside the vault, so it works while the bot runs.
type inviteCmd struct{}

// Run prints a code and how to use it.
func (inviteCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	if err := cfg.checkWeak(); err != nil {
		return err
	}
	key, err := cfg.vaultKey(log)
	if err != nil {
		return err
	}
	salt, err := cfg.salt(log)
	if err != nil {
		return err
	}
	invitations, err := invitationsOf(key, []rights.Salt{{Bytes: salt}})
	if err != nil {
		return err
	}
	code, err := invitations.Make(time.Now(), rand.Reader)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\nGood for one person and seven days. On Telegram they write to the bot:\n/start inv_%s\nor open https://t.me/NAME_OF_THE_BOT?start=inv_%s\nOn Matrix they invite the bot to a private chat and write:\n!start inv_%s\n", code, code, code, code)
	return err
}

// salt is the one that codes are made with, without the vault where that can be. Where there is none yet, it is made.
func (c config) salt(log *slog.Logger) ([]byte, error) {
	salt, err := vault.ReadSaltFile(c.saltPath())
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	if _, err := os.Stat(c.vaultPath()); errors.Is(err, fs.ErrNotExist) { // the first `bot run` will take it over
		salt, err := newSalt()
		if err != nil {
			return nil, err
		}
		if err = vault.WriteSaltFile(c.saltPath(), salt); errors.Is(err, fs.ErrExist) { // another was faster
			return vault.ReadSaltFile(c.saltPath())
		}
		return salt, err
	}
	v, _, err := c.openVault(log)
	if errors.Is(err, vault.ErrLocked) {
		return nil, fmt.Errorf("%s is missing, and the bot that uses the vault has it: restart the bot, which writes it again", c.saltPath())
	}
	if err != nil {
		return nil, err
	}
	salts, err := c.salts(v)
	if err = errors.Join(err, v.Close()); err != nil {
		return nil, err
	}
	return salts[0].Bytes, nil
}

// salts are those of the codes that may be good, the one in use first. It stands in a file beside the vault too, which
// is written where it is missing.
func (c config) salts(v *vault.Vault) ([]rights.Salt, error) {
	fresh, err := newSalt()
	if err != nil {
		return nil, err
	}
	for {
		file, err := vault.ReadSaltFile(c.saltPath())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		salts, err := rights.KeepSalts(v, time.Now(), file, fresh)
		if err != nil || file != nil {
			return salts, err
		}
		if err = vault.WriteSaltFile(c.saltPath(), salts[0].Bytes); !errors.Is(err, fs.ErrExist) {
			return salts, err
		} // else somebody else has just made one, which counts
	}
}

func newSalt() ([]byte, error) {
	salt := make([]byte, vault.SaltSize)
	_, err := rand.Read(salt)
	return salt, err
}

// invitations are made and checked with keys of their own.
func (c config) invitations(v *vault.Vault, key vault.Key) (*rights.Invitations, error) {
	salts, err := c.salts(v)
	if err != nil {
		return nil, err
	}
	return invitationsOf(key, salts)
}

func invitationsOf(key vault.Key, salts []rights.Salt) (*rights.Invitations, error) {
	keys := make([]rights.OlderKey, len(salts))
	for i, salt := range salts {
		derived, err := key.Derive("invitations", salt.Bytes)
		if err != nil {
			return nil, fmt.Errorf("invitations: %w", err)
		}
		keys[i] = rights.OlderKey{Key: derived, Until: salt.Until}
	}
	return rights.NewInvitations(keys[0].Key, keys[1:]...), nil
}
