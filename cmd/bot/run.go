package main

import (
	"errors"
	"fmt"
	"strings"
)

// runCmd serves the chat platforms.
type runCmd struct{}

// Run refuses: no platform is part of this version.
func (runCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	for _, g := range cfg.given {
		if platform := g.setting.later; platform == telegram || platform == matrix {
			return fmt.Errorf("%s is not part of this version; use `bot chat`, or unset %s", platform, cfg.givenFor(platform))
		}
	}
	return errors.New("no platform is turned on: CARTABLE_TELEGRAM_TOKEN will turn on Telegram and CARTABLE_MATRIX_HOMESERVER Matrix, " +
		"but neither is part of this version; use `bot chat` for a chat in the terminal")
}

// givenFor names the variables that are set for a platform.
func (c config) givenFor(platform string) string {
	var names []string
	for _, g := range c.given {
		if g.setting.later == platform {
			names = append(names, g.from)
		}
	}
	return strings.Join(names, ", ")
}
