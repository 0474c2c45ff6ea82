package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"cartable/core/secret"
	"cartable/vault"
)

// matrixConfig is the bot's account on Matrix.
type matrixConfig struct {
	homeserver  string // empty: no Matrix
	user        string
	password    secret.Text
	recoveryKey secret.Text
}

func (c matrixConfig) on() bool { return c.homeserver != "" }

// check refuses settings that cannot work, before the vault is opened.
func (c matrixConfig) check() error {
	switch {
	case !c.on() && (c.user != "" || !c.password.Empty() || !c.recoveryKey.Empty()):
		return errors.New("CARTABLE_MATRIX_HOMESERVER is missing; for example CARTABLE_MATRIX_HOMESERVER=https://matrix.example.org")
	case !c.on():
		return nil
	case !matrixInside:
		return errNoMatrix
	case c.user == "":
		return errors.New("CARTABLE_MATRIX_USER is missing; for example CARTABLE_MATRIX_USER=@cartable:example.org")
	}
	return nil
}

var errNoMatrix = errors.New("this program was built without Matrix: build it with the tag goolm, as in `go build -tags goolm ./cmd/bot`")

// matrixCmd holds what concerns the bot's account on Matrix. The bot must be stopped meanwhile: it holds the
// vault.
type matrixCmd struct {
	Verify        matrixVerifyCmd   `cmd:"" help:"Ask the homeserver whether other people's apps can trust the bot."`
	RecoveryKey   matrixRecoveryCmd `cmd:"" help:"Print the recovery key of the bot's encryption identity."`
	ResetIdentity matrixResetCmd    `cmd:"" help:"Give the account a new encryption identity at the next start, when the old one is lost."`
}

type (
	matrixVerifyCmd   struct{}
	matrixRecoveryCmd struct{}
	matrixResetCmd    struct{}
)

// Run connects as the bot does, changes nothing, and prints what it finds.
func (matrixVerifyCmd) Run(ctx context.Context, p *program) error {
	return p.withMatrixVault(func(cfg config, v *vault.Vault, log *slog.Logger) error {
		if !cfg.matrix.on() {
			return errors.New("CARTABLE_MATRIX_HOMESERVER is missing; for example CARTABLE_MATRIX_HOMESERVER=https://matrix.example.org")
		}
		return matrixVerify(ctx, cfg, v, log, p.stdout)
	})
}

// Run prints the key, which opens all that the bot could sign.
func (matrixRecoveryCmd) Run(p *program) error {
	return p.withMatrixVault(func(_ config, v *vault.Vault, _ *slog.Logger) error {
		key, err := matrixRecoveryKey(v)
		if err != nil {
			return err
		}
		if key.Empty() {
			return errors.New("there is no recovery key yet: the first `bot run` with Matrix makes it")
		}
		_, err = fmt.Fprintln(p.stdout, key.Reveal())
		return err
	})
}

// Run only notes the wish: the next start fulfils it.
func (matrixResetCmd) Run(p *program) error {
	return p.withMatrixVault(func(_ config, v *vault.Vault, _ *slog.Logger) error {
		if err := matrixAllowReset(v); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "The next `bot run` gives the account a new encryption identity. People's apps will say that it has changed.")
		return err
	})
}

// withMatrixVault opens the vault of the settings for f.
func (p *program) withMatrixVault(f func(config, *vault.Vault, *slog.Logger) error) (err error) {
	if !matrixInside {
		return errNoMatrix
	}
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	v, _, err := cfg.openVault(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return f(cfg, v, log)
}
