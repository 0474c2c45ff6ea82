package store

import (
	"encoding/hex"
	"fmt"
	"io"
)

// NewID makes an opaque name of 32 hexadecimal digits, for a record or for what a platform is to know it by. The error is
// that of the random source.
func NewID(random io.Reader) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("store: random: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}
