package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cartable/core/rights"
	"cartable/vault"
)

// inviteCmd makes an invitation. It needs the key alone, so it works while the bot runs.
type inviteCmd struct{}

// Run prints a code and how to use it.
func (inviteCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	key, err := cfg.vaultKey(cfg.logger(p.stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	invitations, err := cfg.invitations(key)
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

// invitations are made and checked with a key of their own.
func (c config) invitations(key vault.Key) (*rights.Invitations, error) {
	derived, err := key.Derive("invitations")
	if err != nil {
		return nil, errors.Join(errors.New("invitations"), err)
	}
	return rights.NewInvitations(derived), nil
}
