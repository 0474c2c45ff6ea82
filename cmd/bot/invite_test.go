package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/vault"
)

// installation is a data folder, and a key or passphrase.
type installation struct {
	t *testing.T
	config
	environ []string
}

func newInstallation(t *testing.T, settings ...string) *installation {
	t.Helper()
	i := &installation{t: t, environ: append(settings, "CARTABLE_DATA="+filepath.Join(t.TempDir(), "data"))}
	var err error
	if i.config, err = loadConfig(i.environ); err != nil {
		t.Fatal(err)
	}
	return i
}

// byKey is the setting of a new key, which costs no time, byPassphrase that of a passphrase.
func byKey(t *testing.T) string {
	t.Helper()
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return "CARTABLE_KEY=" + key.Encode().Reveal()
}

func byPassphrase(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("vase tuile brume cogner sapin"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "CARTABLE_PASSPHRASE_FILE=" + file
}

// invite is `bot invite`.
func (i *installation) invite() (code string, err error) {
	i.t.Helper()
	var out, log bytes.Buffer
	if err := run(i.t.Context(), []string{"invite"}, i.environ, strings.NewReader(""), &out, &log); err != nil {
		return "", err
	}
	code, _, _ = strings.Cut(out.String(), "\n")
	return code, nil
}

func (i *installation) invited() string {
	i.t.Helper()
	code, err := i.invite()
	if err != nil {
		i.t.Fatal(err)
	}
	return code
}

// start opens the vault as `bot run` does, at a time from now, and gives who decides there. The vault stays open until
// stop.
func (i *installation) start(later time.Duration) (r *rights.Rights, stop func()) {
	i.t.Helper()
	v, key, err := i.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		i.t.Fatal(err)
	}
	invitations, err := i.invitations(v, key)
	if err == nil {
		r, err = rights.New(rights.Config{Store: v, Now: func() time.Time { return time.Now().Add(later) }, Invitations: invitations})
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return r, func() {
		if err := v.Close(); err != nil {
			i.t.Error(err)
		}
	}
}

// good tells whether a code lets somebody in.
func good(t *testing.T, r *rights.Rights, code string) bool {
	t.Helper()
	outcome, err := r.Redeem(chat.PersonID{Platform: "test", ID: code}, code)
	if err != nil {
		t.Fatal(err)
	}
	return outcome == rights.Admitted
}

// TestCodesAreGood makes codes before there is a vault, while it is open, and afterwards.
func TestCodesAreGood(t *testing.T) {
	i := newInstallation(t)
	first := i.invited()
	if _, err := os.Stat(i.vaultPath()); err == nil {
		t.Error("an invitation made a vault")
	}
	_, stop := i.start(0)
	while := i.invited() // the vault is locked
	stop()
	after := i.invited()
	r, stop := i.start(0)
	defer stop()
	for name, code := range map[string]string{"first": first, "while it runs": while, "after it": after} {
		if !good(t, r, code) {
			t.Errorf("the code made %s is not good", name)
		}
	}
}

// TestACodeTellsNothingOfThePassphrase takes a code and the right passphrase, but not the salt of the installation.
func TestACodeTellsNothingOfThePassphrase(t *testing.T) {
	passphrase := byPassphrase(t)
	a, b := newInstallation(t, passphrase), newInstallation(t, passphrase)
	code := a.invited()
	r, stop := b.start(0)
	defer stop()
	if good(t, r, code) {
		t.Error("a code is good where the passphrase alone is the same")
	}
	if !good(t, r, b.invited()) {
		t.Error("a code of its own is not good")
	}
}

// TestCodesFromBeforeThereWereSalts stay good for a week.
func TestCodesFromBeforeThereWereSalts(t *testing.T) {
	i := newInstallation(t, byKey(t))
	derived, err := i.key.Derive("invitations", nil)
	if err != nil {
		t.Fatal(err)
	}
	made := func(at time.Time) string {
		code, err := rights.NewInvitations(derived).Make(at, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	r, stop := i.start(6 * 24 * time.Hour)
	if !good(t, r, made(time.Now())) {
		t.Error("it is not good after six days")
	}
	stop()
	r, stop = i.start(8 * 24 * time.Hour)
	defer stop()
	if good(t, r, made(time.Now().Add(5*24*time.Hour))) {
		t.Error("one can be made without a salt for ever")
	}
}

// TestCodesSurviveABackup restores the vault alone, in a new folder, and in one where a code was made meanwhile.
func TestCodesSurviveABackup(t *testing.T) {
	key := byKey(t)
	i := newInstallation(t, key)
	_, stop := i.start(0)
	stop()
	code := i.invited()
	backup := filepath.Join(t.TempDir(), "copy.db")
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"backup", backup}, i.environ, strings.NewReader(""), &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, meanwhile := range []bool{false, true} {
		other := newInstallation(t, key)
		var early string
		if meanwhile {
			early = other.invited()
		}
		if err := run(t.Context(), []string{"restore", backup}, other.environ, strings.NewReader(""), &out, &log); err != nil {
			t.Fatal(err)
		}
		before := other.invited() // before the bot has started
		r, stop := other.start(0)
		if !good(t, r, code) || !good(t, r, before) || meanwhile && !good(t, r, early) {
			t.Errorf("a code is lost (made meanwhile: %t)", meanwhile)
		}
		stop()
		here, errHere := vault.ReadSaltFile(i.saltPath())
		there, errThere := vault.ReadSaltFile(other.saltPath())
		if err := errors.Join(errHere, errThere); err != nil || bytes.Equal(here, there) == meanwhile {
			t.Errorf("the files are the same: %t, %v", bytes.Equal(here, there), err)
		}
	}
}

func TestTheSaltFileIsGuarded(t *testing.T) {
	i := newInstallation(t)
	i.invited()
	if runtime.GOOS != "windows" {
		if err := os.Chmod(i.saltPath(), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := i.invite(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("readable by others: %v", err)
		}
	}
	if err := os.Remove(i.saltPath()); err != nil {
		t.Fatal(err)
	}
	v, _, err := i.openVault(slog.New(slog.DiscardHandler)) // by something that writes no salt
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := i.invite(); err == nil || !strings.Contains(err.Error(), "restart the bot") {
		t.Errorf("missing, and the vault is locked: %v", err)
	}
}
