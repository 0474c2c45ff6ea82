//go:build goolm

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"cartable/bot/matrix"
	"cartable/core"
	"cartable/core/secret"
	"cartable/vault"
)

// matrixInside tells whether this program can serve Matrix.
const matrixInside = true

func (c config) matrixSettings(v *vault.Vault, log *slog.Logger) matrix.Config {
	return matrix.Config{
		Homeserver: c.matrix.homeserver, User: c.matrix.user, Password: c.matrix.password, Token: c.matrix.token, RecoveryKey: c.matrix.recoveryKey,
		Vault: v, Log: log,
	}
}

func (c config) matrixAdapter(engine *core.Engine, v *vault.Vault, log *slog.Logger) (platform, error) {
	cfg := c.matrixSettings(v, log)
	cfg.Core = engine
	return matrix.New(cfg)
}

func matrixLogin(ctx context.Context, c config, v *vault.Vault, log *slog.Logger, out io.Writer) error {
	return matrix.Login(ctx, c.matrixSettings(v, log), func(d matrix.DeviceCode) error {
		until := ""
		if !d.Ends.IsZero() {
			until = fmt.Sprintf(" until %s", d.Ends.Local().Format("15:04"))
		}
		_, err := fmt.Fprintf(out, "In a browser where the bot's account is logged in, or no account, open\n\n    %s\n\nand type\n\n    %s\n\nThe code is good%s. Waiting …\n", d.Page, d.Code, until)
		return err
	})
}

func matrixVerify(ctx context.Context, c config, v *vault.Vault, log *slog.Logger, out io.Writer) error {
	report, err := matrix.Verify(ctx, c.matrixSettings(v, log))
	if err != nil {
		return err
	}
	return report.Print(out)
}

func matrixRecoveryKey(v *vault.Vault) (secret.Text, error) { return matrix.RecoveryKey(v) }

func matrixAllowReset(v *vault.Vault) error { return matrix.AllowReset(v) }
