package cipher

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
)

var allCodecs = []Codec{{false, false}, {true, false}, {false, true}, {true, true}}

// wire is a reply as a server packs it: unlike requests, it compresses the JSON itself.
func wire(t testing.TB, c Codec, key, iv, plain []byte) json.RawMessage {
	t.Helper()
	if c == (Codec{}) {
		return plain
	}
	if c.Compress {
		var err error
		if plain, err = deflate(plain); err != nil {
			t.Fatal(err)
		}
	}
	if c.Encrypt {
		plain = encrypt(key, iv, plain)
	}
	return json.RawMessage(`"` + hex.EncodeToString(plain) + `"`)
}

// Whatever the flags of the page, the form of the reply decides.
func TestReplyIsOpenedWhateverTheFlags(t *testing.T) {
	key, plain := []byte("k"), []byte(`{"data":{"L":"\u00e9t\u00e9"}}`)
	for _, flags := range allCodecs {
		for _, real := range allCodecs {
			sealed := wire(t, real, key, vectorIV, plain)
			for _, form := range []json.RawMessage{sealed, json.RawMessage(bytes.ToUpper(sealed))} {
				if real == (Codec{}) {
					form = sealed // upper case is for hex
				}
				got, err := flags.Open(key, vectorIV, form, len(plain))
				if err != nil || !bytes.Equal(got, plain) {
					t.Errorf("flags %+v, reply %+v: %s, %v", flags, real, got, err)
				}
			}
		}
	}
}

func TestBadSecuredPartsAreRefused(t *testing.T) {
	key := []byte("k")
	for name, sealed := range map[string]json.RawMessage{
		"wrong key":    wire(t, Codec{true, true}, []byte("other"), vectorIV, []byte(`{}`)),
		"wrong IV":     wire(t, Codec{true, false}, key, nil, []byte(`{"data":{"a":1},"more":"blocks"}`)),
		"not hex":      json.RawMessage(`"xyz"`),
		"odd hex":      json.RawMessage(`"abc"`),
		"empty":        json.RawMessage(`""`),
		"number":       json.RawMessage(`1`),
		"list":         json.RawMessage(`[]`),
		"null":         json.RawMessage(`null`),
		"missing":      nil,
		"list inside":  wire(t, Codec{true, false}, key, vectorIV, []byte(`[1]`)),
		"broken JSON":  wire(t, Codec{true, true}, key, vectorIV, []byte(`{"a":`)),
		"cut deflate":  wire(t, Codec{true, false}, key, vectorIV, []byte("\xab\x56")),
		"stored block": wire(t, Codec{false, true}, key, vectorIV, nil),
	} {
		if got, err := (Codec{true, true}).Open(key, vectorIV, sealed, 1<<10); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
}

// What a reply may hold is counted when it is opened, in whatever form it came.
func TestReplyBeyondItsBoundIsRefused(t *testing.T) {
	key := []byte("k")
	plain := []byte(`{"data":"` + strings.Repeat("x", 1000) + `"}`)
	for _, real := range allCodecs {
		sealed := wire(t, real, key, vectorIV, plain)
		if _, err := real.Open(key, vectorIV, sealed, len(plain)); err != nil {
			t.Errorf("%+v: at its bound: %v", real, err)
		}
		if got, err := real.Open(key, vectorIV, sealed, len(plain)-1); err != errTooLong {
			t.Errorf("%+v: one byte beyond its bound it was opened as %d bytes, %v", real, len(got), err)
		}
	}
}

// A small reply that inflates without end must not fill memory.
func TestInflationIsBounded(t *testing.T) {
	const limit = 1000
	for size, fits := range map[int]bool{limit: true, limit + 1: false, 1 << 20: false} {
		packed, err := deflate(make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := inflate(packed, limit); (err == nil) != fits || len(plain) > limit {
			t.Errorf("%d bytes came out of %d, %v", len(plain), size, err)
		}
	}
}

func FuzzCodec(f *testing.F) {
	for i := range allCodecs {
		f.Add(uint8(i), []byte(`{"data":{}}`), []byte("key"))
	}
	f.Fuzz(func(t *testing.T, which uint8, inner, key []byte) {
		c := allCodecs[int(which)%len(allCodecs)]
		plain, err := json.Marshal(map[string][]byte{"data": inner})
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := c.Seal(key, vectorIV, plain)
		if err != nil {
			t.Fatal(err)
		}
		// The law: what is sealed as a request can be opened, because hex inside is read too.
		if got, err := c.Open(key, vectorIV, sealed, len(plain)); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%+v: %s became %s, %v", c, plain, got, err)
		}
		_, _ = c.Open(key, vectorIV, inner, 1<<10) // must not panic on anything
	})
}
