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
		{"record key", k.recordKey("bucket", id)[:], "e96caf551484b5a6faee425878d1a357546fbc901debf41dc9b6c3804057e0e0"},
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
		{0, 0, 1}, {3, 53, 1}, {3, 54, 2}, {56, 0, 1}, {57, 0, 2}, {0, 1000, 16},
	} {
		sealed := k.seal("b", strings.Repeat("n", tt.name), make([]byte, tt.value))
		if want := minSealed + (tt.blocks-1)*padBlock; len(sealed) != want {
			t.Errorf("name of %d, value of %d: %d bytes, want %d", tt.name, tt.value, len(sealed), want)
		}
	}
}

func TestSealNeverRepeats(t *testing.T) {
	k := testKeyring()
	if a, b := k.seal("b", "k", []byte("v")), k.seal("b", "k", []byte("v")); bytes.Equal(a[1:1+nonceSize], b[1:1+nonceSize]) {
		t.Error("the nonce repeats")
	}
}

// sealedSample is "value" sealed as "k" in "b" by the first version of the format, with testKeyring. It must
// open for ever.
const sealedSample = "01e846367ae5098ad5d26990bf114cad5978311880920cabf4f4b7ee3faa035e74df20" +
	"28a3dd13b006a1b8f9ae5bf45e64aeb49bfc36f6aa707a6969cf8241fef39906a1beec" +
	"4644e43476fd0a1840dc0436c9de40703c6e9059054ed402d32049628a6f2cf84b1fb3"

// FuzzOpenRecord states the law of the opener: it accepts what was sealed for this place and nothing else.
func FuzzOpenRecord(f *testing.F) {
	k := testKeyring()
	genuine, err := hex.DecodeString(sealedSample)
	must(f, err)
	f.Add(genuine)
	f.Add(k.seal("b", "another", []byte("value")))
	f.Add(k.seal("another", "k", []byte("value")))
	f.Add(genuine[:minSealed-1])
	f.Add(bytes.Repeat([]byte{recordFormat}, 200))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		name, value, err := k.open("b", k.recordID("b", "k"), sealed)
		if bytes.Equal(sealed, genuine) {
			if err != nil || name != "k" || string(value) != "value" {
				t.Errorf("the genuine record gave %q, %q, %v", name, value, err)
			}
		} else if err == nil || name != "" || value != nil {
			t.Errorf("accepted %x as %q, %q", sealed, name, value)
		}
	})
}

// FuzzSeal states the other law: whatever is sealed comes back.
func FuzzSeal(f *testing.F) {
	k := testKeyring()
	f.Add("", "", []byte{})
	f.Add("bucket", "name", bytes.Repeat([]byte{0}, padBlock))
	f.Fuzz(func(t *testing.T, bucket, name string, value []byte) {
		gotName, got, err := k.open(bucket, k.recordID(bucket, name), k.seal(bucket, name, value))
		if err != nil || gotName != name || !bytes.Equal(got, value) || got == nil {
			t.Errorf("got %q, %q, %v", gotName, got, err)
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
