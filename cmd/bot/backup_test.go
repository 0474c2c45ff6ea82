package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

// TestBackupOfARunningBot takes a copy while the bot serves, and starts another bot on it.
func TestBackupOfARunningBot(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a socket in the folder of the vault")
	}
	tg := simtelegram.Start(t, simtelegram.Config{})
	data, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy.db")
	environ := []string{
		"CARTABLE_LISTEN_INTERNAL=127.0.0.1:0", "CARTABLE_TELEGRAM_TOKEN=" + tg.Token(), "CARTABLE_TELEGRAM_API=" + tg.URL, "CARTABLE_ACCESS=open",
	}
	bot := startBot(t, append(environ, "CARTABLE_DATA="+data)...)
	anna := tg.User(1001, "Anna", "fr").Private()
	anna.Say("/langue en")
	anna.WaitFor("English")
	command := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), args, append(environ, "CARTABLE_DATA="+data), strings.NewReader(""), &out, io.Discard)
		return out.String(), err
	}
	if out, err := command("backup", file); err != nil || !strings.Contains(out, file) {
		t.Fatalf("%q, %v", out, err)
	}
	if piped, err := command("backup", "-"); err != nil || len(piped) == 0 {
		t.Errorf("through a pipe: %d bytes, %v", len(piped), err)
	}
	if _, err := command("rekey"); err == nil || !strings.Contains(err.Error(), "another process is using this vault; stop it first") {
		t.Errorf("rekey beside the bot: %v", err)
	}
	bot.stop()
	if _, err := os.Stat(filepath.Join(data, "backup.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket stays: %v", err)
	}

	if err := os.Rename(filepath.Join(data, "vault.db"), filepath.Join(data, "lost.db")); err != nil {
		t.Fatal(err)
	}
	if out, err := command("restore", file); err != nil {
		t.Fatalf("%q, %v", out, err)
	}
	if !marked(t, data) {
		t.Error("the copy does not say that it is one")
	}
	bot = startBot(t, append(environ, "CARTABLE_DATA="+data)...)
	anna.Say("/help")
	anna.WaitFor("What I can do here")
	bot.kill() // the socket stays
	startBot(t, append(environ, "CARTABLE_DATA="+data)...)
	if piped, err := command("backup", "-"); err != nil || len(piped) == 0 {
		t.Errorf("after a kill: %d bytes, %v", len(piped), err)
	}
}

// marked tells whether a bot on Matrix would take a new device.
func marked(t *testing.T, data string) (found bool) {
	t.Helper()
	cfg := config{data: data}
	v, _, err := cfg.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	err = v.View(func(tx vault.Tx) error {
		mark, err := tx.Get("matrix", "", "copied")
		found = mark != nil
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

// TestBackupWithoutASocket says what to do where the running bot cannot give a copy.
func TestBackupWithoutASocket(t *testing.T) {
	data := t.TempDir()
	cfg := config{data: data}
	v, _, err := cfg.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	file := filepath.Join(t.TempDir(), "copy.db")
	err = run(t.Context(), []string{"backup", file}, []string{"CARTABLE_DATA=" + data}, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "gives no copy; stop it, and try again") {
		t.Error(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a file was made: %v", err)
	}
}
