package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/core/secret"
)

// exposure is a file with a secret that other users of the machine may read.
type exposure struct {
	setting, file string
	mode          fs.FileMode
}

// guardSecret looks at who may read a file that a setting names. In the data folder, which is the bot's, others may
// not; elsewhere the operator is warned, for what mounts secrets often lets everybody in its container read them.
func (c *config) guardSecret(setting, path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" { // whose modes do not tell
		return err
	}
	mode := info.Mode().Perm()
	switch {
	case mode&0o077 != 0 && within(c.data, path):
		return fmt.Errorf("the mode %#o of %s lets other users read it; run chmod 600 on it, and change the secret if they may have done so", mode, path)
	case mode&0o007 != 0:
		c.exposed = append(c.exposed, exposure{setting, path, mode})
	}
	return nil
}

// within tells whether a file is in a folder, or in one below.
func within(folder, path string) bool {
	for _, p := range []*string{&folder, &path} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
		if absolute, err := filepath.Abs(*p); err == nil {
			*p = absolute
		}
	}
	below, err := filepath.Rel(folder, path)
	return err == nil && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator))
}

// warnExposed tells of secrets that others may read.
func (c config) warnExposed(log *slog.Logger) {
	for _, e := range c.exposed {
		log.Warn("other users of this machine may read a secret", "setting", e.setting, "file", e.file, "mode", fmt.Sprintf("%#o", e.mode))
	}
}

// leastPassphrase is how many characters of a passphrase must be more than a repetition or a row. Whoever has the vault
// tries passphrases without a limit, and scrypt costs them a tenth of a second each.
const leastPassphrase = 20

var errWeakPassphrase = errors.New("this passphrase is too easy to guess: it needs at least 20 characters beside spaces, repetitions and rows of keys. " +
	"Five words drawn by lot do, or take a key from `bot key new` instead")

// checkPassphrase refuses one that is too easy to guess.
func checkPassphrase(passphrase secret.Text) error {
	if telling(passphrase.Reveal()) < leastPassphrase {
		return errWeakPassphrase
	}
	return nil
}

// keyRows are what people run along.
var keyRows = []string{"azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "1234567890"}

// telling counts the characters of a text that do not follow from those before them: that do not repeat one, go on in
// the alphabet, with the numbers or along a row of keys, or in words that were there before.
func telling(text string) (n int) {
	runes := []rune(strings.ToLower(text))
	seen := make(map[string]bool) // three characters in a row
	for i, r := range runes {
		follows := unicode.IsSpace(r) // words are not better for the spaces between them
		if i > 0 {
			before := runes[i-1]
			follows = follows || r == before || r == before+1 || r == before-1 || inRow(before, r)
		}
		if i >= 2 {
			three := string(runes[i-2 : i+1])
			follows = follows || seen[three]
			seen[three] = true
		}
		if !follows && r != utf8.RuneError {
			n++
		}
	}
	return n
}

// inRow tells whether two characters are neighbours on a keyboard.
func inRow(a, b rune) bool {
	for _, row := range keyRows {
		if strings.Contains(row, string([]rune{a, b})) || strings.Contains(row, string([]rune{b, a})) {
			return true
		}
	}
	return false
}
