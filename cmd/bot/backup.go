package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"cartable/bot/matrix/cryptostore"
	"cartable/vault"
)

// backupCmd copies the vault.
type backupCmd struct {
	File string `arg:"" help:"Where to write the copy; must not exist. - is the standard output."`
}

// Run asks the running bot for a copy, or makes one if none runs. The copy is marked as one, so that a bot that
// is started on it takes a new device on Matrix.
func (c backupCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := cfg.needVault(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	file := c.File
	if file == "-" {
		folder, err := os.MkdirTemp(cfg.data, ".backup-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		file = filepath.Join(folder, "vault.db")
	}
	if err := cfg.copyVault(ctx, log, file); err != nil {
		return err
	}
	if c.File == "-" {
		return printFile(p.stdout, file)
	}
	_, err = fmt.Fprintf(p.stdout, "The copy is in %s. It opens with the same key, which is not in it: keep %s too, elsewhere.\n", file, cfg.keyName())
	return err
}

// copyVault writes a marked copy of the vault to a new file.
func (c config) copyVault(ctx context.Context, log *slog.Logger, file string) error {
	v, key, err := c.openVault(log)
	var source io.ReadCloser
	switch {
	case errors.Is(err, vault.ErrLocked):
		if source, err = borrowCopy(ctx, c.lenderPath()); err != nil {
			return fmt.Errorf("the bot that uses the vault gives no copy; stop it, and try again: %w", err)
		}
		if key, err = c.vaultKey(log); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		defer func() { _ = v.Close() }() // only read from
		source = pipeCopy(v)
	}
	defer source.Close()
	return vault.RestoreCopy(source, file, key, markCopied)
}

// pipeCopy reads a copy of the vault. Closing it ends the copying.
func pipeCopy(v *vault.Vault) io.ReadCloser {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(v.Backup(w)) }()
	return r
}

func markCopied(v *vault.Vault) error { return cryptostore.MarkCopied(v) }

func printFile(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// restoreCmd puts a backup back.
type restoreCmd struct {
	File string `arg:"" help:"What bot backup wrote. - is the standard input."`
}

// Run never overwrites a vault. With a key at hand it makes sure that the key opens the backup; without one
// that is left to the next start.
func (c restoreCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	source := p.stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		source = f
	}
	atHand, err := cfg.hasKeyAtHand()
	if err != nil {
		return err
	}
	if !atHand {
		if err := vault.Restore(source, cfg.vaultPath()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s is restored. Its key is missing: put it into %s, or name it by the settings.\n", cfg.vaultPath(), cfg.keyFilePath())
		return err
	}
	key, err := cfg.vaultKey(cfg.logger(p.stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	if err := vault.RestoreCopy(source, cfg.vaultPath(), key, markCopied); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s is restored, and its key fits. Start the bot with `bot run`.\n", cfg.vaultPath())
	return err
}
