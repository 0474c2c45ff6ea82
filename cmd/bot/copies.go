package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cartable/core"
	"cartable/vault"
)

// copyLife is how long the copy of an old vault is kept: until then one can go back to the version before.
const copyLife = 30 * 24 * time.Hour

// keepOlder keeps a copy of the vault when this version is about to change what older ones stored.
func (c config) keepOlder(v *vault.Vault, log *slog.Logger) error {
	had, pending, err := core.Pending(v)
	if err != nil || had == 0 || pending == 0 { // nothing is older than the first step but what vault.Convert keeps
		return err
	}
	return c.keepBefore(v, had+1, log)
}

// keepBefore puts a marked copy of the vault beside it, before the step of that number.
func (c config) keepBefore(v *vault.Vault, step int, log *slog.Logger) error {
	file := filepath.Join(c.data, fmt.Sprintf("vault-before-%d.db", step))
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) { // of an attempt that was interrupted
		return err
	}
	if err := v.Copy(file, markCopied); err != nil {
		return fmt.Errorf("keep a copy before the vault is changed: %w", err)
	}
	log.Warn("this version changes how things are stored; a copy of the vault as it was is kept", "file", file)
	return nil
}

// oldCopies are the copies that older versions can be run on.
func (c config) oldCopies() []string {
	files := []string{c.oldVaultPath()}
	more, err := filepath.Glob(filepath.Join(c.data, "vault-before-*.db"))
	if err != nil { // only a bad pattern is
		return files
	}
	for _, file := range more { // and no backup that somebody named like that
		number := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "vault-before-"), ".db")
		if _, err := strconv.ParseUint(number, 10, 16); err == nil {
			files = append(files, file)
		}
	}
	return files
}

// dropOldCopies removes the copies whose time is over: they still hold what was erased since.
func (c config) dropOldCopies(now time.Time, log *slog.Logger) error {
	var failed error
	for _, file := range c.oldCopies() {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err == nil && now.Sub(info.ModTime()) < copyLife:
			continue
		case err == nil:
			err = os.Remove(file)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		log.Info("the copy of the old vault was removed after 30 days", "file", file)
	}
	return failed
}

// dropCopiesDaily does so each day until ctx ends.
func (c config) dropCopiesDaily(ctx context.Context, log *slog.Logger) {
	day := time.NewTicker(24 * time.Hour)
	defer day.Stop()
	for {
		if err := c.dropOldCopies(time.Now(), log); err != nil {
			log.Error("the copy of the old vault was not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-day.C:
		}
	}
}
