package main

import (
	"errors"
	"fmt"
	"log/slog"
)

// rekeyCmd changes the key of the vault.
type rekeyCmd struct{}

// Run takes the new key from CARTABLE_NEW_KEY, CARTABLE_NEW_KEY_FILE or CARTABLE_NEW_PASSPHRASE_FILE. Where the
// key is in the file beside the vault, it makes a new one there. All is sealed anew in one transaction.
func (rekeyCmd) Run(p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if cfg.hasKey && !cfg.hasNewKey {
		return errors.New("the new key is missing; for example CARTABLE_NEW_KEY_FILE=/run/secrets/new-key, a file with the output of `bot key new`")
	}
	if err := cfg.needVault(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	v, _, err := cfg.openVault(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	logLosses(v, log) // for the last time: it counts anew
	if cfg.hasNewKey {
		err = v.Rekey(cfg.newKey)
	} else {
		err = v.RekeyFile(cfg.keyFilePath())
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, cfg.rekeyed())
	return err
}

// rekeyed says what to do now.
func (c config) rekeyed() string {
	const rest = "\nInvitation codes that nobody has used yet are void."
	if !c.hasNewKey {
		file := c.keyFilePath()
		return fmt.Sprintf("The vault opens with the new key in %s: keep a copy of it elsewhere.\nThe old one is in %s.old; it opens the backups made before: move it to them.", file, file) + rest
	}
	from := c.source("CARTABLE_NEW_KEY") + c.source("CARTABLE_NEW_PASSPHRASE")
	return fmt.Sprintf("The vault opens with what %s gives, and with nothing else: from now on set it as %s.\nThe old key (%s) opens the backups made before: keep it with them.",
		from, "CARTABLE_"+from[len("CARTABLE_NEW_"):], c.keyName()) + rest
}

// keyName tells the operator which key opens the vault.
func (c config) keyName() string {
	if c.hasKey {
		return "what " + c.source("CARTABLE_KEY") + c.source("CARTABLE_PASSPHRASE") + " gives"
	}
	return c.keyFilePath()
}
