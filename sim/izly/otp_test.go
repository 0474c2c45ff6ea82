package izly

import (
	"encoding/base64"
	"encoding/hex"
	"testing"
)

func mustDecode(key string) []byte {
	b, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		panic("test: " + err.Error())
	}
	return b
}

// From izly-today §2.5.
var otpTests = []struct {
	key     string
	counter uint64
	want    string
}{
	{"MTIzNDU2", 0, "ptEji6ly_4efdbc3fYA_4sKHz10="},
	{"MTIzNDU2", 1, "_6eXZe-K_JSEOUIFKHzva96vSA4="},
	{"MTIzNDU2", 2, "ZQ1puPa8MOEP0Ce96H9j_eaQMak="},
	{"MTIzNDU2", 127, "9CoBwIPAawV6Nt-y_lDAjdwp7Sk="},
	{"MTIzNDU2", 128, "_dL30bE8AqfJvXIzXJCrDCTrJGE="},
	{"MTIzNDU2", 256, "iyDFR3q5KGe2Cip6HS-siZf54oA="},
	{"MTIzNDU2", 1<<32 + 1, "FPQt0xM7iDpiASidTtdCYAFenfs="},
	{"A1B2C3D4", 0, "as1C6aUHF5AFNw3e3FqzkfTmDiI="},
	{"A1B2C3D4", 1, "5FpTEZrzJVOL8pe16OXE1o1xlXY="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 0, "TLn-U9-QRmaJF5uzuniPufwdhTs="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 1, "P_EKqp-wnwJXNM0WBgMDkB4dhGE="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 1<<32 + 1, "oXvQZMBqhAzls_PeJ6L-0h4nNIM="},
}

func TestOTP(t *testing.T) {
	for _, tt := range otpTests {
		if got := otp(mustDecode(tt.key), tt.counter); got != tt.want {
			t.Errorf("%s at %d: %s; want %s", tt.key, tt.counter, got, tt.want)
		}
	}
}

// From izly-today §7.2.
var printTests = []struct {
	amount, engagement, seed, prefixed string
}{
	{"10.0", "", "4ptCPdeiTj5jBhwlK8d-dUe-zlo=", "34fhqOMfbd1WUHspE-9CGRal8tE="},
	{"12.5", "", "8vloF1ITvUni-fBZ4pyhCG4cV3w=", "jMbH9gEfs4HYCncUx7ccO6pp2I8="},
	{"30.25", "", "TR31YBLwwzS2EbNsRhYl-J2H3Ag=", "iicoXchIrhHSqmiktB9N-cODGPg="},
	{"10", "", "4mhuQWTfBJUINnDoJcdzAOCuHLY=", "K9Dqur7gbu1k6hzGtTAzX5SZq0o="},
	{"10.00", "", "lrU_vRkS45sITxsLjMnTFT7pAVA=", "zLv-gHBaf7u3_3H1Kz7sCJglztE="},
	{"10.0", "77", "", "ZjtpGqri1WsHx5enwM-mE37vcu0="},
}

const vectorSID = "5b0d7a1e-9c44-4f0a-8f63-2d1c7e9ab310"

func TestPrint(t *testing.T) {
	const bare = "ZQ1puPa8MOEP0Ce96H9j_eaQMak="
	for _, tt := range printTests {
		if got := printOf(phone, vectorSID, card, tt.amount, code+bare, tt.engagement); got != tt.prefixed {
			t.Errorf("%s, prefixed: %s; want %s", tt.amount, got, tt.prefixed)
		}
		if got := printOf(phone, vectorSID, card, tt.amount, bare, tt.engagement); tt.seed != "" && got != tt.seed {
			t.Errorf("%s, seed: %s; want %s", tt.amount, got, tt.seed)
		}
	}
}

func TestCounter(t *testing.T) {
	key, err := hex.DecodeString("313233343536")
	if err != nil {
		t.Fatal(err)
	}
	c := counter{key: key, next: 5}
	for _, tt := range []struct {
		n        uint64
		window   int
		accepted bool
		next     uint64
	}{
		{6, 0, false, 5}, // ahead of a strict server
		{5, 0, true, 6},
		{5, 20, false, 6}, // replayed
		{27, 20, false, 6},
		{26, 20, true, 27},
		{10, 20, false, 27}, // skipped values are gone
	} {
		if got := c.accept(otp(key, tt.n), tt.window); got != tt.accepted || c.next != tt.next {
			t.Errorf("value %d, window %d: accepted %t, next %d; want %t, %d", tt.n, tt.window, got, c.next, tt.accepted, tt.next)
		}
	}
	if !c.replayed(otp(key, 26)) || !c.replayed(otp(key, 0)) || c.replayed(otp(key, 27)) {
		t.Error("replayed does not tell used values from new ones")
	}
}
