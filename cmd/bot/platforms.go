package main

import (
	"log/slog"
	"net/http"
	"time"

	"cartable/bot/telegram"
	"cartable/core"
	"cartable/core/chat"
	"cartable/i18n"
	"cartable/vault"
)

// platform is an adapter that has to be closed, that says when it last heard from its server and what has gone wrong
// since, nil for nothing, and that counts.
type platform interface {
	chat.Adapter
	Close() error
	Heard() (at time.Time, trouble error)
	Counts() map[string]uint64 // since the start, by words that are always the same
}

// platforms are those that the settings turn on, and what answers at webhookPath; nil for nothing. With an
// error, those that were made are to be closed.
func (c config) platforms(engine *core.Engine, v *vault.Vault, log *slog.Logger) (list []platform, webhook http.Handler, err error) {
	if !c.telegram.token.Empty() {
		adapter, err := c.telegramAdapter(engine, v, log)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, adapter)
		if c.telegram.webhook {
			webhook = adapter.Webhook()
		}
	}
	if c.matrix.on() {
		adapter, err := c.matrixAdapter(engine, v, log)
		if err != nil {
			return list, nil, err
		}
		list = append(list, adapter)
	}
	return list, webhook, nil
}

// access is who may use the bot on the platforms.
func (c config) access(v *vault.Vault, key vault.Key) (*core.Access, error) {
	invitations, err := c.invitations(v, key)
	if err != nil {
		return nil, err
	}
	return &core.Access{Open: c.open, Admins: c.admins, Invitations: invitations}, nil
}

func (c config) telegramAdapter(engine *core.Engine, v *vault.Vault, log *slog.Logger) (*telegram.Adapter, error) {
	cfg := telegram.Config{
		Token: c.telegram.token, API: c.telegram.api, Store: v, Log: log,
		Takes: engine.Takes, Migrate: engine.MoveChat, Present: engine.Present, Menu: engine.CommandList, About: engine.About, Langs: i18n.Languages,
	}
	if c.telegram.webhook {
		cfg.Webhook = &telegram.WebhookConfig{PublicURL: c.public + webhookPath}
	}
	return telegram.New(cfg)
}
