package pronote

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxBody    = 1 << 20 // bytes of a request
	maxInflate = 4 << 20 // bytes of a decompressed request
)

// object is a JSON object to be sent.
type object = map[string]any

// codec is how secured parts travel, as the page announced (pronote-today §1.4, §2.4).
type codec struct{ encrypt, compress bool }

// open gives the JSON of a request's secured part.
func (c codec) open(key, iv []byte, raw json.RawMessage) ([]byte, error) {
	if !c.encrypt && !c.compress {
		return raw, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, errors.New("is not hex text, as the page wants it")
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil, errors.New("is not hex text")
	}
	if c.encrypt {
		if b, err = decrypt(key, iv, b); err != nil {
			return nil, err
		}
	}
	if !c.compress {
		return b, nil
	}
	// Requests are the deflated hex of the JSON, answers the deflated JSON itself (pronote-today §2.4).
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), maxInflate+1))
	if err != nil || len(inflated) > maxInflate {
		return nil, errors.New("does not inflate as raw deflate")
	}
	plain, err := hex.DecodeString(string(inflated))
	if err != nil {
		return nil, errors.New("inflates to something that is not hex text")
	}
	return plain, nil
}

// seal makes the secured part of an answer.
func (c codec) seal(key, iv []byte, part object) (any, error) {
	if !c.encrypt && !c.compress {
		return part, nil
	}
	b, err := marshalASCII(part)
	if err != nil {
		return nil, err
	}
	if c.compress {
		if b, err = deflate(b); err != nil {
			return nil, err
		}
	}
	if c.encrypt {
		b = encrypt(key, iv, b)
	}
	return hex.EncodeToString(b), nil
}

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, 6)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// marshalASCII writes JSON with every non-ASCII character escaped, as real servers do: some clients read encrypted text
// byte by byte (pronote-today §2.4).
func marshalASCII(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for _, r := range string(b) {
		switch {
		case r < utf8.RuneSelf:
			out.WriteRune(r)
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String()), nil
}
