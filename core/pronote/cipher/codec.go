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

var (
	errPayload = errors.New("secured part unreadable")
	errTooLong = errors.New("secured part too long")
)

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
// flags only say where to look first: a server whose flags were misread still answers. Of an object that is longer
// than limit, in bytes, no more than that is decompressed.
func (c Codec) Open(keyMaterial, ivMaterial []byte, sealed json.RawMessage, limit int) (json.RawMessage, error) {
	sealed = bytes.TrimSpace(sealed)
	switch {
	case IsObject(sealed) && len(sealed) > limit:
		return nil, errTooLong
	case IsObject(sealed):
		return sealed, nil
	case len(sealed) < 2 || sealed[0] != '"':
		return nil, errPayload
	}
	packed := make([]byte, hex.DecodedLen(len(sealed)-2))
	if _, err := hex.Decode(packed, sealed[1:len(sealed)-1]); err != nil {
		return nil, errPayload
	}
	refused := errPayload
	for _, encrypted := range [2]bool{c.Encrypt, !c.Encrypt} {
		plain := packed
		if encrypted {
			var err error
			if plain, err = decrypt(keyMaterial, ivMaterial, packed); err != nil {
				continue
			}
		}
		object, err := c.unpack(plain, limit)
		switch err {
		case nil:
			return object, nil
		case errTooLong:
			refused = err
		}
	}
	return nil, refused
}

// unpack finds the JSON object in what may be compressed. Replies compress the JSON itself; hex text, as in
// requests, is taken too.
func (c Codec) unpack(plain []byte, limit int) (json.RawMessage, error) {
	refused := errPayload
	for _, compressed := range [2]bool{c.Compress, !c.Compress} {
		candidate := plain
		if compressed {
			var err error
			if candidate, err = inflate(plain, hex.EncodedLen(limit)); err == errTooLong {
				refused = err
			}
			if err != nil {
				continue
			}
		}
		if !IsObject(candidate) {
			b := make([]byte, hex.DecodedLen(len(candidate)))
			if _, err := hex.Decode(b, candidate); err != nil {
				continue
			}
			candidate = b
		}
		switch {
		case !IsObject(candidate):
		case len(candidate) > limit:
			refused = errTooLong
		case json.Valid(candidate):
			return candidate, nil
		}
	}
	return nil, refused
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
	switch {
	case err != nil:
		return nil, errPayload
	case len(plain) > limit:
		return nil, errTooLong
	}
	return plain, nil
}
