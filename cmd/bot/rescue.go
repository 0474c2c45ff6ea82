package main

import (
	"fmt"

	"cartable/vault"
)

// rescueCmd saves what is left of a vault on which the bot does not start.
type rescueCmd struct {
	File string `arg:"" help:"Where to write it; must not exist."`
}

// Run needs no key, for everything stays sealed. It only reads the vault, and works for a whole one too.
func (c rescueCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := cfg.needVault(); err != nil {
		return err
	}
	damaged, err := vault.Rescue(cfg.vaultPath(), c.File)
	if err != nil {
		return err
	}
	if len(damaged) == 0 {
		_, err = fmt.Fprintf(p.stdout, "No page of %s is damaged. All of it is in %s too.\n", cfg.vaultPath(), c.File)
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "What can be read of %s is in %s.\nMove the damaged file away and keep it. Then run `bot restore %[2]s`, and `bot doctor`, which tells what is missing.\n",
		cfg.vaultPath(), c.File)
	return err
}
