package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"cartable/vault"
)

// vaultKey is the key that the settings name, or else that of the key file beside the vault, which is made with
// a new vault.
func (c config) vaultKey(log *slog.Logger) (vault.Key, error) {
	if c.hasKey {
		return c.key, nil
	}
	key, created, err := vault.LoadOrCreateKeyFile(c.keyFilePath(), c.vaultPath())
	if created {
		log.Warn("a new vault key was made; keep a copy of it elsewhere: nothing opens the vault without it", "file", c.keyFilePath())
	}
	return key, err
}

// openVault opens the vault, or makes an empty one where there is none.
func (c config) openVault(log *slog.Logger) (*vault.Vault, vault.Key, error) {
	key, err := c.vaultKey(log)
	switch {
	case err != nil:
		return nil, key, err
	case c.weak != nil:
		if err := c.checkWeak(); err != nil {
			return nil, key, err
		}
		log.Warn("the passphrase of the vault is easy to guess; `bot rekey` changes it")
		fallthrough
	case c.hasKey:
		v, err := vault.Open(c.vaultPath(), key)
		return v, key, err
	default:
		return vault.OpenByKeyFile(c.vaultPath(), c.keyFilePath(), key, func(err error) {
			log.Warn("the key of the vault is not in its file", "error", err)
		})
	}
}

// openToRead opens a vault that is there and changes nothing.
func (c config) openToRead(log *slog.Logger) (*vault.Vault, error) {
	key, err := c.vaultKey(log)
	switch {
	case err != nil:
		return nil, err
	case c.hasKey:
		return vault.OpenReadOnly(c.vaultPath(), key)
	default:
		return vault.OpenReadOnlyByKeyFile(c.vaultPath(), c.keyFilePath(), key)
	}
}

// checkWeak refuses to make a new vault with a passphrase that is too easy to guess.
func (c config) checkWeak() error {
	if c.weak == nil {
		return nil
	}
	_, err := os.Stat(c.vaultPath())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("CARTABLE_PASSPHRASE_FILE: %w", c.weak)
	}
	return err
}

// openNewest opens the vault for a bot. One of an older version is kept beside it before it is changed; one of a newer
// version is refused and left alone.
func (c config) openNewest(log *slog.Logger) (*vault.Vault, vault.Key, error) {
	v, key, err := c.openVault(log)
	if err != nil {
		return v, key, err
	}
	if v.Format() == vault.NewestFormat {
		if err := c.keepOlder(v, log); err != nil {
			return nil, key, errors.Join(err, v.Close())
		}
		return v, key, nil
	}
	if err := v.Close(); err != nil {
		return nil, key, err
	}
	lost, err := vault.Convert(c.vaultPath(), key, c.oldVaultPath(), markCopied)
	if err != nil {
		return nil, key, err
	}
	log.Warn("the vault has a new file format; a copy of the old one is kept", "file", c.oldVaultPath())
	if lost > 0 {
		log.Error("damaged records were left in the old vault", "count", lost)
	}
	v, err = vault.Open(c.vaultPath(), key)
	return v, key, err
}

// logLosses tells of records that are gone without a trace. What is left can be used.
func logLosses(v *vault.Vault, log *slog.Logger) {
	if v.LastChangeLost() {
		log.Error("one of the two heads of the vault file was damaged; its last change may be lost")
	}
	for _, l := range lossesByTable(v) {
		log.Error("the vault has lost records; `bot doctor` tells what to do", "table", l.Bucket, "want", l.Want, "have", l.Have)
	}
}

// lossesByTable sums up what is lost, in the order of the tables; see tableOf. Where it is not known what should be
// there, that is -1.
func lossesByTable(v *vault.Vault) (sums []vault.Loss) {
	for _, l := range v.Losses() {
		l.Bucket = tableOf(l.Bucket)
		at := slices.IndexFunc(sums, func(sum vault.Loss) bool { return sum.Bucket == l.Bucket && (sum.Want < 0) == (l.Want < 0) })
		if at < 0 {
			sums = append(sums, l)
			continue
		}
		sums[at].Have += l.Have
		if l.Want >= 0 {
			sums[at].Want += l.Want
		}
	}
	slices.SortFunc(sums, func(a, b vault.Loss) int { return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Want, b.Want)) })
	return sums
}

// needVault refuses where there is nothing to copy or to change, so that no empty vault is made for it.
func (c config) needVault() error {
	if _, err := os.Stat(c.vaultPath()); err != nil {
		return fmt.Errorf("no vault to work on; is CARTABLE_DATA right? %w", err)
	}
	return nil
}

// hasKeyAtHand tells whether there is a key without making one.
func (c config) hasKeyAtHand() (bool, error) {
	if c.hasKey {
		return true, nil
	}
	_, err := os.Stat(c.keyFilePath())
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil, err
}
