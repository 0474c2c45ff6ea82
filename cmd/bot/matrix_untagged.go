//go:build !goolm

package main

import (
	"context"
	"io"
	"log/slog"

	"cartable/core"
	"cartable/core/secret"
	"cartable/vault"
)

// matrixInside tells whether this program can serve Matrix. Without the tag goolm its encryption is not
// there, and each of the functions below refuses.
const matrixInside = false

func (config) matrixAdapter(*core.Engine, *vault.Vault, *slog.Logger) (platform, error) {
	return nil, errNoMatrix
}

func matrixLogin(context.Context, config, *vault.Vault, *slog.Logger, io.Writer) error {
	return errNoMatrix
}

func matrixVerify(context.Context, config, *vault.Vault, *slog.Logger, io.Writer) error {
	return errNoMatrix
}

func matrixRecoveryKey(*vault.Vault) (secret.Text, error) { return secret.Text{}, errNoMatrix }

func matrixAllowReset(*vault.Vault) error { return errNoMatrix }
