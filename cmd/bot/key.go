package main

import (
	"fmt"

	"cartable/vault"
)

// keyCmd holds what concerns master keys.
type keyCmd struct {
	New keyNewCmd `cmd:"" help:"Print a new random master key, for CARTABLE_KEY."`
}

type keyNewCmd struct{}

// Run prints a key and keeps nothing.
func (keyNewCmd) Run(p *program) error {
	key, err := vault.NewKey(nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, key.Encode().Reveal())
	return err
}
