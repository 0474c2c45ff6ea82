//go:build goolm

package main

import (
	"context"
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
		Homeserver: c.matrix.homeserver, User: c.matrix.user, Password: c.matrix.password, RecoveryKey: c.matrix.recoveryKey,
		Vault: v, Log: log,
	}
}

func (c config) matrixAdapter(engine *core.Engine, v *vault.Vault, log *slog.Logger) (platform, error) {
	cfg := c.matrixSettings(v, log)
	cfg.Core = engine
	return matrix.New(cfg)
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
