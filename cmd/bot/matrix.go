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
	token       secret.Text
	recoveryKey secret.Text
}

func (c matrixConfig) on() bool { return c.homeserver != "" }

// check refuses settings that cannot work, before the vault is opened.
func (c matrixConfig) check() error {
	switch {
	case !c.on() && (c.user != "" || !c.password.Empty() || !c.token.Empty() || !c.recoveryKey.Empty()):
		return errNoHomeserver
	case !c.on():
		return nil
	case !matrixInside:
		return errNoMatrix
	case c.user == "":
		return errors.New("CARTABLE_MATRIX_USER is missing; for example CARTABLE_MATRIX_USER=@cartable:example.org")
	}
	return nil
}

var errNoHomeserver = errors.New("CARTABLE_MATRIX_HOMESERVER is missing; for example CARTABLE_MATRIX_HOMESERVER=https://matrix.example.org")

var errNoMatrix = errors.New("this program was built without Matrix: build it with the tag goolm, as in `go build -tags goolm ./cmd/bot`")

// matrixCmd holds what concerns the bot's account on Matrix. The bot must be stopped meanwhile: it holds the
// vault.
type matrixCmd struct {
	Login         matrixLoginCmd    `cmd:"" help:"Log the bot in with a code, where the homeserver takes no passwords."`
	Verify        matrixVerifyCmd   `cmd:"" help:"Ask the homeserver whether other people's apps can trust the bot."`
	RecoveryKey   matrixRecoveryCmd `cmd:"" help:"Print the recovery key of the bot's encryption identity."`
	ResetIdentity matrixResetCmd    `cmd:"" help:"Give the account a new encryption identity at the next start, when the old one is lost."`
}

type (
	matrixLoginCmd    struct{}
	matrixVerifyCmd   struct{}
	matrixRecoveryCmd struct{}
	matrixResetCmd    struct {
		Yes bool `help:"Really do it."`
	}
)

// Run says what to do in a browser, and waits until that is done.
func (matrixLoginCmd) Run(ctx context.Context, p *program) error {
	return p.withMatrixVault(config.readyForMatrix, func(cfg config, v *vault.Vault, log *slog.Logger) error {
		if err := matrixLogin(ctx, cfg, v, log, p.stdout); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "The bot is logged in. Start it with `bot run`.")
		return err
	})
}

// Run connects as the bot does, changes nothing, and prints what it finds.
func (matrixVerifyCmd) Run(ctx context.Context, p *program) error {
	return p.withMatrixVault(config.needMatrixVault, func(cfg config, v *vault.Vault, log *slog.Logger) error {
		return matrixVerify(ctx, cfg, v, log, p.stdout)
	})
}

// Run prints the key, which opens all that the bot could sign.
func (matrixRecoveryCmd) Run(p *program) error {
	// A key can be read from a vault that is not served any more.
	return p.withMatrixVault(config.needVault, func(_ config, v *vault.Vault, _ *slog.Logger) error {
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
func (c matrixResetCmd) Run(p *program) error {
	check := func(cfg config) error {
		if err := cfg.needMatrix(); err != nil {
			return err
		}
		if c.Yes {
			return cfg.needVault()
		}
		return errors.New("this gives up the encryption identity of the bot's account: people's apps will warn of it, and the recovery key is void. " +
			"Where the recovery key is at hand, set CARTABLE_MATRIX_RECOVERY_KEY instead; where it is lost, add --yes")
	}
	return p.withMatrixVault(check, func(_ config, v *vault.Vault, _ *slog.Logger) error {
		if err := matrixAllowReset(v); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "The next `bot run` gives the account a new encryption identity. People's apps will say that it has changed.")
		return err
	})
}

// needMatrix refuses settings without an account on Matrix.
func (c config) needMatrix() error {
	if !c.matrix.on() {
		return errNoHomeserver
	}
	return c.matrix.check()
}

// needMatrixVault is needMatrix for what works on a vault that is there.
func (c config) needMatrixVault() error {
	if err := c.needMatrix(); err != nil {
		return err
	}
	return c.needVault()
}

// readyForMatrix is needMatrix for what may come before the first `bot run`, and then makes the vault.
func (c config) readyForMatrix() error {
	if err := c.needMatrix(); err != nil {
		return err
	}
	return c.checkRun()
}

// withMatrixVault opens the vault of the settings for f, unless check refuses them.
func (p *program) withMatrixVault(check func(config) error, f func(config, *vault.Vault, *slog.Logger) error) (err error) {
	if !matrixInside {
		return errNoMatrix
	}
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := check(cfg); err != nil {
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
