package vault

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"cartable/core/secret"
)

var zeros = base64.StdEncoding.EncodeToString(make([]byte, keySize))

var keyTests = []struct {
	text string
	good bool
}{
	{zeros, true},
	{" \t" + zeros + "\r\n", true},
	{"", false},
	{zeros[:40], false},
	{strings.TrimRight(zeros, "="), false},
	{zeros[:20] + "\n" + zeros[20:], false},
	{"_-" + zeros[2:], false},  // the URL alphabet
	{zeros[:42] + "B=", false}, // bits after the last byte
	{base64.StdEncoding.EncodeToString(make([]byte, 33)), false}, // a byte too many
	{strings.Repeat("00", keySize), false},                       // hexadecimal
}

func TestParseKey(t *testing.T) {
	for _, tt := range keyTests {
		key, err := ParseKey(tt.text)
		if (err == nil) != tt.good {
			t.Errorf("%q: %v", tt.text, err)
		}
		if err == nil && key.Encode().Reveal() != zeros {
			t.Errorf("%q became %q", tt.text, key.Encode().Reveal())
		}
		if err != nil && (!strings.Contains(err.Error(), "base64 of 32 bytes") || tt.text != "" && strings.Contains(err.Error(), tt.text)) {
			t.Errorf("%q: the error reads %q", tt.text, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, tt := range keyTests {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseKey(text)
		if err == nil && key.Encode().Reveal() != strings.TrimSpace(text) {
			t.Errorf("%q became %q", text, key.Encode().Reveal())
		}
	})
}

func TestNewKey(t *testing.T) {
	a, errA := NewKey(nil)
	b, errB := NewKey(nil)
	if errors.Join(errA, errB) != nil || a.Encode().Reveal() == b.Encode().Reveal() {
		t.Error("two new keys are the same")
	}
	if _, err := NewKey(iotest.ErrReader(errors.New("no entropy"))); err == nil {
		t.Error("a key without randomness")
	}
	if _, err := NewKey(strings.NewReader("short")); err == nil {
		t.Error("a short key")
	}
}

func TestKeyIsRedacted(t *testing.T) {
	const word = "correct horse battery staple"
	key := PassphraseKey(secret.New(word))
	holder := struct{ key Key }{key}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key, "holder", holder)
	shown := fmt.Sprintf("%v %+v %#v %s %x %+v", key, key, key, key, key, holder) + log.String()
	if strings.Contains(shown, word) || !strings.Contains(shown, "[redacted]") {
		t.Errorf("shown as %s", shown)
	}
	if out, err := json.Marshal(key); err == nil {
		t.Errorf("marshalled as %s", out)
	}
	if !key.Encode().Empty() {
		t.Error("a passphrase was encoded as a key")
	}
}

func TestPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault.db")
	cheap := PassphraseKey(secret.New("une phrase"))
	if !kindPassphrase.fits(cheap.cost) {
		t.Errorf("a new header would be refused: %v", cheap.cost)
	}
	cheap.cost.logN = 4
	v, err := Open(path, cheap)
	must(t, err)
	put(t, v, "b", "k", "v")
	must(t, v.Close())

	key := PassphraseKey(secret.New("une phrase")) // its own cost is for new vaults only
	v, err = Open(path, key)
	must(t, err)
	if got := string(get(t, v, "b", "k")); got != "v" {
		t.Errorf("got %q", got)
	}
	must(t, v.Close())
	for _, key := range []Key{PassphraseKey(secret.New("une autre")), testKey(t, 1)} {
		if _, err := Open(path, key); !errors.Is(err, ErrWrongKey) {
			t.Errorf("got %v", err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	path, vaultPath := filepath.Join(dir, "vault.key"), filepath.Join(dir, "vault.db")
	key, created, err := LoadOrCreateKeyFile(path, vaultPath)
	if err != nil || !created {
		t.Fatalf("first: created %t, %v", created, err)
	}
	info, err := os.Stat(path)
	must(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	v, err := Open(vaultPath, key)
	must(t, err)
	must(t, v.Close())

	again, created, err := LoadOrCreateKeyFile(path, vaultPath)
	if err != nil || created || again.Encode().Reveal() != key.Encode().Reveal() {
		t.Errorf("second: created %t, %v", created, err)
	}
	must(t, os.Remove(path))
	if _, created, err := LoadOrCreateKeyFile(path, vaultPath); !errors.Is(err, ErrKeyMissing) || created {
		t.Errorf("vault without key: created %t, %v", created, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
}

func TestKeyFileRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), mode))
		must(t, os.Chmod(path, mode))
		return path
	}
	tests := []struct{ path, want string }{
		{write("empty", "", 0o600), "base64 of 32 bytes"},
		{write("long", zeros+strings.Repeat("\n", maxKeyFile), 0o600), "too long"},
		{dir, "not a regular file"},
	}
	if runtime.GOOS != "windows" {
		tests = append(tests,
			struct{ path, want string }{write("group", zeros, 0o640), "chmod 600"},
			struct{ path, want string }{write("others", zeros, 0o604), "chmod 600"})
	}
	for _, tt := range tests {
		key, created, err := LoadOrCreateKeyFile(tt.path, filepath.Join(dir, "vault.db"))
		if err == nil || created || !key.text.Empty() || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), zeros) {
			t.Errorf("%s: created %t, %v", tt.path, created, err)
		}
	}
}
