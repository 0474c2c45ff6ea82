package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// checkConfigCmd shows the settings as the other sub-commands would understand them.
type checkConfigCmd struct{}

// Run refuses what `bot run` would refuse, and leaves nothing behind. It opens no vault and asks no server.
func (checkConfigCmd) Run(p *program) error {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	cfg.logger(p.stderr, slog.LevelWarn)
	if err := cfg.dump(p.stdout); err != nil {
		return err
	}
	if err := cfg.checkRun(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "`bot run` serves", strings.Join(cfg.turnedOn(), " and "))
	return err
}

// checkRun refuses settings with which the bot cannot serve, before anything is made.
func (c config) checkRun() error {
	if err := c.checkPlatforms(); err != nil {
		return err
	}
	if err := checkFolder(c.data); err != nil {
		return fmt.Errorf("CARTABLE_DATA: %w; for example CARTABLE_DATA=/data", err)
	}
	return c.checkWeak()
}

// checkPlatforms refuses settings that turn nothing on, or something that this program does not have.
func (c config) checkPlatforms() error {
	if err := c.matrix.check(); err != nil {
		return err
	}
	if len(c.turnedOn()) == 0 {
		return errors.New("no platform is turned on: set CARTABLE_TELEGRAM_TOKEN or CARTABLE_MATRIX_HOMESERVER, or use `bot chat` for a chat in the terminal")
	}
	return nil
}

// turnedOn names the platforms of the settings.
func (c config) turnedOn() (names []string) {
	switch {
	case c.telegram.token.Empty():
	case c.telegram.webhook:
		names = append(names, "Telegram (webhook at "+c.public+webhookPath+")")
	default:
		names = append(names, "Telegram")
	}
	if c.matrix.on() {
		names = append(names, "Matrix")
	}
	return names
}

// checkFolder tries whether files can be made in a folder, or where it is to be made. Rights alone do not tell:
// a disk may be read-only, and /proc takes no folders from anybody.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch parent := filepath.Dir(path); {
	case errors.Is(err, os.ErrNotExist) && parent != path:
		return checkFolder(parent)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", path)
	}
	trial, err := os.MkdirTemp(path, ".cartable-*")
	if err != nil {
		var why *fs.PathError
		if errors.As(err, &why) { // it names the trial
			err = why.Err
		}
		return fmt.Errorf("nothing can be written to %s: %w", path, err)
	}
	return os.Remove(trial)
}
