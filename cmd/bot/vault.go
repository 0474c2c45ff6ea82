package main

import (
	"fmt"
	"log/slog"
	"os"

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
	case c.hasKey:
		v, err := vault.Open(c.vaultPath(), key)
		return v, key, err
	default:
		return vault.OpenByKeyFile(c.vaultPath(), c.keyFilePath(), key, func(err error) {
			log.Warn("the key of the vault is not in its file", "error", err)
		})
	}
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
