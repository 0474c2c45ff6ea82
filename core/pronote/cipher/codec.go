package cipher

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Codec writes and reads the secured part of a request, as the flags of the page demand,
// pronote-today §2.4.
type Codec struct {
	Encrypt  bool `json:"encrypt,omitempty"`
	Compress bool `json:"compress,omitempty"`
}

// maxInflated bounds the bytes of a decompressed payload.
const maxInflated = 16 << 20

var errPayload = errors.New("secured part unreadable")

// Seal turns the JSON of a secured part into its form in the envelope: the object itself, or a hex string.
func (c Codec) Seal(keyMaterial, ivMaterial, plain []byte) (json.RawMessage, error) {
	if !c.Encrypt && !c.Compress {
		return plain, nil
	}
	if c.Compress {
		var err error
		if plain, err = deflate([]byte(hex.EncodeToString(plain))); err != nil {
			return nil, err
		}
	}
	if c.Encrypt {
		plain = encrypt(keyMaterial, ivMaterial, plain)
	}
	return json.RawMessage(`"` + hex.EncodeToString(plain) + `"`), nil
}

// Open gives the JSON object of a reply's secured part. What the reply is made of shows in itself, so the
// flags only say where to look first: a server whose flags were misread still answers.
func (c Codec) Open(keyMaterial, ivMaterial []byte, sealed json.RawMessage) (json.RawMessage, error) {
	if IsObject(sealed) {
		return sealed, nil
	}
	var text string
	if json.Unmarshal(sealed, &text) != nil {
		return nil, errPayload
	}
	packed, err := hex.DecodeString(text)
	if err != nil {
		return nil, errPayload
	}
	for _, encrypted := range [2]bool{c.Encrypt, !c.Encrypt} {
		plain := packed
		if encrypted {
			if plain, err = decrypt(keyMaterial, ivMaterial, packed); err != nil {
				continue
			}
		}
		if object, ok := c.unpack(plain); ok {
			return object, nil
		}
	}
	return nil, errPayload
}

// unpack finds the JSON object in what may be compressed. Replies compress the JSON itself; hex text, as in
// requests, is taken too.
func (c Codec) unpack(plain []byte) (json.RawMessage, bool) {
	for _, compressed := range [2]bool{c.Compress, !c.Compress} {
		candidate := plain
		if compressed {
			var err error
			if candidate, err = inflate(plain, maxInflated); err != nil {
				continue
			}
		}
		if IsObject(candidate) && json.Valid(candidate) {
			return candidate, true
		}
		if b, err := hex.DecodeString(string(candidate)); err == nil && IsObject(b) && json.Valid(b) {
			return b, true
		}
	}
	return nil, false
}

func IsObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{'
}

// deflate compresses without header or trailer at level 6, like the official client.
func deflate(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 6)
	if err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	return out.Bytes(), nil
}

// inflate undoes deflate for texts of at most limit bytes.
func inflate(packed []byte, limit int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(packed))
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil || len(plain) > limit {
		return nil, errPayload
	}
	return plain, nil
}
