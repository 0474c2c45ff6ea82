package vault

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// SaltSize is the size of a salt for Derive in bytes.
const SaltSize = 32

// ReadSaltFile reads a salt for Derive. It must be for its owner only: whoever has it, and something that was made with
// a derived key, can try passphrases on that. fs.ErrNotExist says that there is none.
func ReadSaltFile(path string) ([]byte, error) {
	text, err := readOwn(path)
	if err != nil {
		return nil, fmt.Errorf("vault: salt file %s: %w", path, err)
	}
	salt, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(salt) != SaltSize {
		return nil, fmt.Errorf("vault: salt file %s: %w", path, errors.New("not a salt: remove it, and a new one is made at the next start"))
	}
	return salt, nil
}

// WriteSaltFile writes a salt into a new file with mode 0600, on disk when the call returns. fs.ErrExist says that
// there is one.
func WriteSaltFile(path string, salt []byte) error {
	text := base64.StdEncoding.EncodeToString(salt) + "\n"
	if err := install(path, func(draft string) error { return fill(draft, bytes.NewReader([]byte(text))) }); err != nil {
		return fmt.Errorf("vault: salt file %s: %w", path, err)
	}
	return nil
}
