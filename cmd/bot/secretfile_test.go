package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cartable/core/secret"
)

func TestPassphrases(t *testing.T) {
	for _, weak := range []string{
		"", "hunter2", "motdepasse", "Tr0ub4dour&3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "motdepassemotdepassemotdepasse",
		"12345678901234567890123456789012", "abcdefghijklmnopqrstuvwxyz", "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm",
		"zyxwvutsrqponmlkjihgfedcba", "ab ab ab ab ab ab ab ab ab ab ab ab", "a b c d e f g h i j k l m n o p", "                                  ",
		"cartable cartable cartable cartable", "correct horse battery staple", "administrateur cartable", "Administrateur2024!", "Roussel2026!Roussel2026!", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe",
	} {
		if err := checkPassphrase(secret.New(weak)); err == nil {
			t.Errorf("%q is taken (%d)", weak, telling(weak))
		}
	}
	for _, good := range []string{
		"vase tuile brume cogner sapin", "cheval agrafe batterie correct", "table chaise lampe fenetre jardin",
		"K7f!q2Lm9xZpW4bT8sHdVr", "Wm3 vKp 8Rz qLt 5Yb Hxc 2Gd", "лошадь батарея скрепка верно",
	} {
		if err := checkPassphrase(secret.New(good)); err != nil {
			t.Errorf("%q is refused (%d)", good, telling(good))
		}
	}
	if err := checkPassphrase(secret.New("hunter2")); strings.Contains(err.Error(), "hunter2") {
		t.Error("the error quotes it")
	}
}

// TestSecretFilesThatOthersMayRead are refused in the data folder, where the bot alone has to read, and told elsewhere.
func TestSecretFilesThatOthersMayRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes do not tell there")
	}
	data, run := t.TempDir(), t.TempDir()
	token := "4242:hunter2-hunter2-hunter2-hunter2"
	for _, tt := range []struct {
		folder  string
		mode    os.FileMode
		refused bool
		warned  bool
	}{
		{data, 0o600, false, false},
		{data, 0o400, false, false},
		{data, 0o640, true, false},
		{data, 0o644, true, false},
		{data, 0o604, true, false},
		{filepath.Join(data, "below"), 0o644, true, false},
		{run, 0o600, false, false},
		{run, 0o440, false, false},
		{run, 0o444, false, true},
		{run, 0o644, false, true},
	} {
		if err := os.MkdirAll(tt.folder, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(tt.folder, "token")
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		cfg, err := loadConfig([]string{"CARTABLE_DATA=" + data, "CARTABLE_TELEGRAM_TOKEN_FILE=" + path})
		if tt.refused != (err != nil) || err != nil && (!strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s with mode %#o: %v", path, tt.mode, err)
		}
		var log strings.Builder
		cfg.logger(&log, slog.LevelWarn)
		if warned := strings.Contains(log.String(), "CARTABLE_TELEGRAM_TOKEN_FILE"); warned != tt.warned {
			t.Errorf("%s with mode %#o: logged %q", path, tt.mode, log.String())
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(run, "link")
	path := filepath.Join(data, "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := loadConfig([]string{"CARTABLE_DATA=" + data, "CARTABLE_TELEGRAM_TOKEN_FILE=" + link}); err == nil {
		t.Error("a link into the data folder is taken")
	}
}
