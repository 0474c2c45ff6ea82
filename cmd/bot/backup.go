package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"cartable/bot/matrix/cryptostore"
	"cartable/vault"
)

// backupCmd copies the vault.
type backupCmd struct {
	File string `arg:"" help:"Where to write the copy; must not exist. - is the standard output."`
}

// Run asks the running bot for a copy, or makes one if none runs. The copy is marked as one, so that a bot that
// is started on it takes a new device on Matrix. The data folder may be read-only.
func (c backupCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := cfg.needVault(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	v, err := cfg.openToRead(log)
	switch {
	case errors.Is(err, vault.ErrLocked):
		err = cfg.passCopy(ctx, log, c.File, p.stdout)
	case err != nil:
		return err
	case c.File == "-":
		err = errors.Join(v.Backup(p.stdout, markCopied), v.Close())
	default:
		err = errors.Join(v.Copy(c.File, markCopied), v.Close())
	}
	if err != nil || c.File == "-" {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "The copy is in %s. It opens with the same key, which is not in it: keep %s too, elsewhere.\n", c.File, cfg.keyName())
	return err
}

// passCopy takes a copy from the running bot.
func (c config) passCopy(ctx context.Context, log *slog.Logger, file string, stdout io.Writer) error {
	source, err := borrowCopy(ctx, c.lenderPath())
	if err != nil {
		return fmt.Errorf("the bot that uses the vault gives no copy; stop it, and try again: %w", err)
	}
	defer source.Close()
	if file == "-" {
		return vault.Relay(stdout, source)
	}
	key, err := c.vaultKey(log)
	if err != nil {
		return err
	}
	return vault.RestoreCopy(source, file, key, markCopied)
}

func markCopied(v *vault.Vault) error { return cryptostore.MarkCopied(v) }

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
