package vault

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// testKeyring is that of a raw key and a salt that never change, so that derived values are vectors.
func testKeyring() *keyring {
	return newKeyring(bytes.Repeat([]byte{1}, keySize), bytes.Repeat([]byte{2}, saltSize))
}

// TestDerivationsStayTheSame: a change of these values would lock everybody out. They are this program's
// own, computed a second time with Python's hmac (HKDF written out as in RFC 5869 §2).
func TestDerivationsStayTheSame(t *testing.T) {
	k := testKeyring()
	id := k.recordID("bucket", "name")
	for _, tt := range []struct {
		what string
		got  []byte
		want string
	}{
		{"bucket id", k.bucketID("bucket"), "99d7cfa4ed48ade2884331c1de3fca2837226ffdf7ee378e8ef21cef0e5bb920"},
		{"record id", id, "c68abca6c75ebb6e4afd921157ff26f2b2392ba5fb64357f44cec322e0643235"},
		{"record key", k.recordKey(k.bucketID("bucket"), id)[:], "dc03c4d6f82785464d3b3b1a4c35d7036ea3930b746ab6de99ea18089686044a"},
		{"key check", k.derive(labelCheck, "header"), "1884871f12fb6bb6ece73d5c6b29da64d78d552be3dfebe7694b8929949db89e"},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, got, tt.want)
		}
	}
}

func TestJoinIsUnambiguous(t *testing.T) {
	lists := [][]string{{""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"a\x00\x00\x00\x01b"}}
	seen := map[string][]string{}
	for _, list := range lists {
		b := string(join(list[0], list[1:]...))
		if other, taken := seen[b]; taken {
			t.Errorf("%q and %q look the same", list, other)
		}
		seen[b] = list
	}
}

func TestSealedSizes(t *testing.T) {
	k := testKeyring()
	for _, tt := range []struct{ name, value, blocks int }{
		{0, 0, 1}, {3, 48, 1}, {3, 49, 2}, {51, 0, 1}, {52, 0, 2}, {0, 1000, 16},
	} {
		sealed := k.seal(record{"b", strings.Repeat("n", tt.name), make([]byte, tt.value)})
		if want := minSealed + (tt.blocks-1)*padBlock; len(sealed) != want {
			t.Errorf("name of %d, value of %d: %d bytes, want %d", tt.name, tt.value, len(sealed), want)
		}
	}
}

func TestSealNeverRepeats(t *testing.T) {
	k := testKeyring()
	r := record{"b", "k", []byte("v")}
	if a, b := k.seal(r), k.seal(r); bytes.Equal(a[1:1+nonceSize], b[1:1+nonceSize]) {
		t.Error("the nonce repeats")
	}
}

// sealedSample is "value" sealed as "k" in "b" by the first version of the format, with testKeyring. It must
// open for ever.
const sealedSample = "01fd527d98198eb8468dc5b43b5119b0f4e8f59bcb1f5a86f6edc3ed890e09fe78efa8" +
	"f08fde1785e5cdaf126546c7abaeec743e4f2dcf34a9402a7b70b64f375272c9e959f9" +
	"42ff285b07b35fc206a655ef8f6c3578f6bc1165e30d53208ccdc2573ad2ddd66178f1"

// FuzzOpenRecord states the law of the opener: it accepts what was sealed for this place and nothing else.
func FuzzOpenRecord(f *testing.F) {
	k := testKeyring()
	genuine, err := hex.DecodeString(sealedSample)
	must(f, err)
	f.Add(genuine)
	f.Add(k.seal(record{"b", "another", []byte("value")}))
	f.Add(k.seal(record{"another", "k", []byte("value")}))
	f.Add(genuine[:minSealed-1])
	f.Add(bytes.Repeat([]byte{recordFormat}, 200))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		r, err := k.open(k.bucketID("b"), k.recordID("b", "k"), sealed)
		if bytes.Equal(sealed, genuine) {
			if err != nil || r.bucket != "b" || r.name != "k" || string(r.value) != "value" {
				t.Errorf("the genuine record gave %q, %v", r, err)
			}
		} else if err == nil || r.bucket != "" || r.name != "" || r.value != nil {
			t.Errorf("accepted %x as %q", sealed, r)
		}
	})
}

// FuzzSeal states the other law: whatever is sealed comes back.
func FuzzSeal(f *testing.F) {
	k := testKeyring()
	f.Add("", "", []byte{})
	f.Add("bucket", "name", bytes.Repeat([]byte{0}, padBlock))
	f.Fuzz(func(t *testing.T, bucket, name string, value []byte) {
		sealed := k.seal(record{bucket, name, value})
		r, err := k.open(k.bucketID(bucket), k.recordID(bucket, name), sealed)
		if err != nil || r.bucket != bucket || r.name != name || !bytes.Equal(r.value, value) || r.value == nil {
			t.Errorf("got %q, %v", r, err)
		}
	})
}

func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{kind: kindRaw},
		{kind: kindPassphrase, cost: scryptCost{scryptLogN, scryptR, scryptP}},
		{kind: kindPassphrase, cost: scryptCost{63, scryptR, scryptP}}, // would take all memory
		{kind: 3},
	} {
		f.Add(h.encode())
	}
	f.Add([]byte(headerMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHeader(b)
		if err != nil {
			if h != (header{}) {
				t.Error("a header with an error")
			}
			return
		}
		if !bytes.Equal(h.encode(), b) || h.cost.logN > maxLogN {
			t.Errorf("%x became %x", b, h.encode())
		}
	})
}
