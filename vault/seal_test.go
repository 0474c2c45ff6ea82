package vault

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// testKeyring is that of a raw key and a salt that never change, so that derived values are vectors.
func testKeyring(format byte) *keyring {
	return newKeyring(bytes.Repeat([]byte{1}, keySize), bytes.Repeat([]byte{2}, saltSize), format)
}

// TestDerivationsStayTheSame: a change of these values would lock everybody out. They are this program's
// own, computed a second time with Python's hmac (HKDF written out as in RFC 5869 §2).
func TestDerivationsStayTheSame(t *testing.T) {
	one, two := testKeyring(formatPlain), testKeyring(formatGroups)
	id1, id2 := one.recordID("bucket", "", "name"), two.recordID("bucket", "group", "name")
	for _, tt := range []struct {
		what string
		got  []byte
		want string
	}{
		{"bucket id", one.bucketID("bucket"), "99d7cfa4ed48ade2884331c1de3fca2837226ffdf7ee378e8ef21cef0e5bb920"},
		{"group id", one.groupID("bucket", ""), ""},
		{"record id", id1, "c68abca6c75ebb6e4afd921157ff26f2b2392ba5fb64357f44cec322e0643235"},
		{"record key", one.recordKey(one.bucketID("bucket"), id1)[:], "dc03c4d6f82785464d3b3b1a4c35d7036ea3930b746ab6de99ea18089686044a"},
		{"key check", one.derive(labelCheck, "header"), "1884871f12fb6bb6ece73d5c6b29da64d78d552be3dfebe7694b8929949db89e"},
		{"bucket id, 2", two.bucketID("bucket"), "342f26537176857138971154b98fb400101129fa64122d5fc49679c0f1d10b29"},
		{"group id, 2", two.groupID("bucket", "group"), "d63fdd70ec4fdc0b"},
		{"record id, 2", id2, "d63fdd70ec4fdc0b24723c8eb895b6d1c94bf6de2188567e6798d7d0f18514d12af9a0de1f841bd0"},
		{"record key, 2", two.recordKey(two.bucketID("bucket"), id2)[:], "6072b364c14de3b45f84cd3c498677022b3084cb5cd035e72979eddd0be6f31b"},
		{"key check, 2", two.derive(labelCheck, "header"), "1884871f12fb6bb6ece73d5c6b29da64d78d552be3dfebe7694b8929949db89e"},
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
	k := testKeyring(formatGroups)
	for _, tt := range []struct{ name, value, blocks int }{
		{0, 0, 1}, {3, 43, 1}, {3, 44, 2}, {46, 0, 1}, {47, 0, 2}, {0, 1000, 16},
	} {
		sealed := k.seal(record{"b", "g", strings.Repeat("n", tt.name), make([]byte, tt.value)})
		if want := minSealed + (tt.blocks-1)*padBlock; len(sealed) != want {
			t.Errorf("name of %d, value of %d: %d bytes, want %d", tt.name, tt.value, len(sealed), want)
		}
	}
}

func TestSealNeverRepeats(t *testing.T) {
	k := testKeyring(formatGroups)
	r := record{"b", "g", "k", []byte("v")}
	if a, b := k.seal(r), k.seal(r); bytes.Equal(a[1:1+nonceSize], b[1:1+nonceSize]) {
		t.Error("the nonce repeats")
	}
}

// The samples are "value" sealed as "k" in "b" by the first version of each format, with testKeyring; the second is
// of the group "g". They must open for ever.
const (
	sealedSample1 = "01fd527d98198eb8468dc5b43b5119b0f4e8f59bcb1f5a86f6edc3ed890e09fe78efa8" +
		"f08fde1785e5cdaf126546c7abaeec743e4f2dcf34a9402a7b70b64f375272c9e959f9" +
		"42ff285b07b35fc206a655ef8f6c3578f6bc1165e30d53208ccdc2573ad2ddd66178f1"
	sealedSample2 = "022d2bea62ceaeafe03b3ebfe0a06bd462874a29ba8347d6796c818aadade5a4fdf1e8" +
		"ab93df9dad6035a95e4de658957257acb64ae7cb3d0e8cb7e715f7b37344bfcd032880" +
		"0f3bc85c7ae98433c48b27df1e479aab250cc161fe830f05e20f06c4ecaebe95178e66"
)

// FuzzOpenRecord states the law of the opener: it accepts what was sealed for this place and nothing else.
func FuzzOpenRecord(f *testing.F) {
	genuine := map[string]record{}
	for _, sample := range []string{sealedSample1, sealedSample2} {
		sealed, err := hex.DecodeString(sample)
		must(f, err)
		k := testKeyring(sealed[0])
		r := record{"b", "", "k", []byte("value")}
		if k.format == formatGroups {
			r.group = "g"
			f.Add(k.seal(record{"b", "another", "k", []byte("value")}))
		}
		genuine[string(sealed)] = r
		f.Add(sealed)
		f.Add(k.seal(record{"b", r.group, "another", []byte("value")}))
		f.Add(k.seal(record{"another", r.group, "k", []byte("value")}))
		f.Add(sealed[:minSealed-1])
		f.Add(bytes.Repeat([]byte{k.format}, 200))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		for format, group := range map[byte]string{formatPlain: "", formatGroups: "g"} {
			k := testKeyring(format)
			r, err := k.open(k.bucketID("b"), k.recordID("b", group, "k"), sealed)
			want, ours := genuine[string(sealed)]
			if ours && sealed[0] == format {
				if err != nil || !equalRecords(r, want) {
					t.Errorf("the genuine record gave %q, %v", r, err)
				}
			} else if err == nil || !equalRecords(r, record{}) {
				t.Errorf("accepted %x as %q", sealed, r)
			}
		}
	})
}

func equalRecords(a, b record) bool {
	return a.bucket == b.bucket && a.group == b.group && a.name == b.name && bytes.Equal(a.value, b.value) && (a.value == nil) == (b.value == nil)
}

// FuzzSeal states the other law: whatever is sealed comes back.
func FuzzSeal(f *testing.F) {
	f.Add("", "", "", []byte{})
	f.Add("bucket", "group", "name", bytes.Repeat([]byte{0}, padBlock))
	f.Fuzz(func(t *testing.T, bucket, group, name string, value []byte) {
		for _, format := range []byte{formatPlain, formatGroups} {
			k := testKeyring(format)
			if format == formatPlain {
				group = ""
			}
			sealed := k.seal(record{bucket, group, name, value})
			r, err := k.open(k.bucketID(bucket), k.recordID(bucket, group, name), sealed)
			if err != nil || !equalRecords(r, record{bucket, group, name, append([]byte{}, value...)}) {
				t.Errorf("got %q, %v", r, err)
			}
		}
	})
}

func FuzzHeader(f *testing.F) {
	for _, h := range []header{
		{format: formatPlain, kind: kindRaw},
		{format: formatGroups, kind: kindRaw},
		{format: formatGroups, kind: kindPassphrase, cost: scryptCost{scryptLogN, scryptR, scryptP}},
		{format: formatGroups, kind: kindPassphrase, cost: scryptCost{63, scryptR, scryptP}}, // would take all memory
		{format: formatGroups, kind: 3},
		{format: NewestFormat + 1, kind: kindRaw},
		{kind: kindRaw},
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
