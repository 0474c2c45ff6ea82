package vault_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"cartable/vault"
)

func TestSaltFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "invitations.salt")
	if _, err := vault.ReadSaltFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	salt := bytes.Repeat([]byte{7}, vault.SaltSize)
	if err := vault.WriteSaltFile(path, salt); err != nil {
		t.Fatal(err)
	}
	if got, err := vault.ReadSaltFile(path); err != nil || !bytes.Equal(got, salt) {
		t.Errorf("read %x, %v", got, err)
	}
	if err := vault.WriteSaltFile(path, bytes.Repeat([]byte{8}, vault.SaltSize)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another: %v", err)
	}
	if got, err := vault.ReadSaltFile(path); err != nil || !bytes.Equal(got, salt) {
		t.Errorf("afterwards %x, %v", got, err)
	}
	if runtime.GOOS != "windows" {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.ReadSaltFile(path); err == nil {
			t.Error("a salt that others may read is taken")
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"", "AAAA", "not base64 at all, but as long as a salt is....", string(bytes.Repeat([]byte("A"), 1000))} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.ReadSaltFile(path); err == nil {
			t.Errorf("%.10q is taken", bad)
		}
	}
}
