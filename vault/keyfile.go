package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// maxKeyFile bounds what is read of a key file: 44 characters and some white space.
const maxKeyFile = 256

// LoadOrCreateKeyFile reads the key at path or, when neither the key file nor the vault exists yet, makes
// one with mode 0600, on disk when the call returns. created tells the caller to say so: whoever loses
// that file loses the vault.
//
// It refuses with ErrKeyMissing when only the vault is there. A key file that others than its owner may
// read is refused rather than tightened: they may have read it already.
func LoadOrCreateKeyFile(path, vaultPath string) (key Key, created bool, err error) {
	key, err = readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		created = true
		key, err = createKeyFile(path, vaultPath)
	}
	if err != nil {
		return Key{}, false, fmt.Errorf("vault: key file %s: %w", path, err)
	}
	return key, created, nil
}

func readKeyFile(path string) (Key, error) {
	text, err := readOwn(path)
	if err != nil {
		return Key{}, err
	}
	return ParseKey(text)
}

// readOwn reads a small file that is for its owner only.
func readOwn(path string) (string, error) {
	info, err := os.Stat(path) // before opening: to open a pipe would wait for its writer
	if err != nil {
		return "", err
	}
	switch {
	case !info.Mode().IsRegular():
		return "", errors.New("not a regular file")
	case exposed(info):
		return "", fmt.Errorf("its mode %#o lets other users read it; "+
			"run chmod 600 on it, and change the key if they may have done so", info.Mode().Perm())
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxKeyFile {
		return "", errors.New("too long for a key file")
	}
	return string(text), nil
}

func createKeyFile(path, vaultPath string) (Key, error) {
	if _, err := os.Stat(vaultPath); err == nil {
		return Key{}, ErrKeyMissing
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Key{}, err
	}
	return writeKeyFile(path)
}

// writeKeyFile makes a key in a new file.
func writeKeyFile(path string) (Key, error) {
	key, err := NewKey(nil)
	if err != nil {
		return Key{}, err
	}
	if err := install(path, key.write); err != nil {
		return Key{}, err
	}
	return key, nil
}

// write puts a raw key into a file that is there.
func (k Key) write(path string) error { return fill(path, strings.NewReader(k.Encode().Reveal()+"\n")) }

// exposed tells whether others than the owner have any right to a file. Windows does not say so in the mode.
func exposed(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// syncDir makes the names in a folder durable. Windows cannot and need not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
