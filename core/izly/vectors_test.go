package izly

import "testing"

// The vectors of izly-today §2.5.
var otpVectors = []struct {
	key     string
	counter uint64
	want    string
}{
	{"MTIzNDU2", 0, "ptEji6ly_4efdbc3fYA_4sKHz10="},
	{"MTIzNDU2", 1, "_6eXZe-K_JSEOUIFKHzva96vSA4="},
	{"MTIzNDU2", 2, "ZQ1puPa8MOEP0Ce96H9j_eaQMak="},
	{"MTIzNDU2", 127, "9CoBwIPAawV6Nt-y_lDAjdwp7Sk="},
	{"MTIzNDU2", 128, "_dL30bE8AqfJvXIzXJCrDCTrJGE="},
	{"MTIzNDU2", 200, "1baAx7YtcpcqYrBvzaA60Fx3MA8="},
	{"MTIzNDU2", 256, "iyDFR3q5KGe2Cip6HS-siZf54oA="},
	{"MTIzNDU2", 1<<32 + 1, "FPQt0xM7iDpiASidTtdCYAFenfs="},
	{"A1B2C3D4", 0, "as1C6aUHF5AFNw3e3FqzkfTmDiI="},
	{"A1B2C3D4", 1, "5FpTEZrzJVOL8pe16OXE1o1xlXY="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 0, "TLn-U9-QRmaJF5uzuniPufwdhTs="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 1, "P_EKqp-wnwJXNM0WBgMDkB4dhGE="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM=", 1<<32 + 1, "oXvQZMBqhAzls_PeJ6L-0h4nNIM="},
	{"AAECAwQFBgcICQoLDA0ODxAREhM", 0, "TLn-U9-QRmaJF5uzuniPufwdhTs="}, // padding forgiven
}

func TestOTP(t *testing.T) {
	for _, tt := range otpVectors {
		key, err := decodeKey(tt.key)
		if err != nil {
			t.Fatalf("%s: %v", tt.key, err)
		}
		if got := otp(key, tt.counter); got != tt.want {
			t.Errorf("%s at %d: got %s, want %s", tt.key, tt.counter, got, tt.want)
		}
	}
}

func TestDecodeKey(t *testing.T) {
	for _, same := range [][2]string{{"+/+/", "-_-_"}, {"-_+/", "-_-_"}, {"/w==", "_w"}} {
		a, errA := decodeKey(same[0])
		b, errB := decodeKey(same[1])
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%q and %q: %x (%v) and %x (%v)", same[0], same[1], a, errA, b, errB)
		}
	}
	for _, bad := range []string{"", "====", "MTIzN", "MTI?NDU2", "MTIz NDU2", "é"} {
		if _, err := decodeKey(bad); err != errKey {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The vectors of izly-today §7.2.
func TestPrint(t *testing.T) {
	const (
		phone   = "33611223344"
		sid     = "5b0d7a1e-9c44-4f0a-8f63-2d1c7e9ab310"
		card    = "9f2c41d07be845a3b6d1e80c5a7f3e12"
		otp     = "ZQ1puPa8MOEP0Ce96H9j_eaQMak="
		passOTP = "135790" + otp
	)
	for _, tt := range []struct{ amount, seed, prefixed string }{
		{"10.0", "4ptCPdeiTj5jBhwlK8d-dUe-zlo=", "34fhqOMfbd1WUHspE-9CGRal8tE="},
		{"12.5", "8vloF1ITvUni-fBZ4pyhCG4cV3w=", "jMbH9gEfs4HYCncUx7ccO6pp2I8="},
		{"30.25", "TR31YBLwwzS2EbNsRhYl-J2H3Ag=", "iicoXchIrhHSqmiktB9N-cODGPg="},
		{"10", "4mhuQWTfBJUINnDoJcdzAOCuHLY=", "K9Dqur7gbu1k6hzGtTAzX5SZq0o="},
		{"10.00", "lrU_vRkS45sITxsLjMnTFT7pAVA=", "zLv-gHBaf7u3_3H1Kz7sCJglztE="},
	} {
		if got := signPrint(phone, sid, card, tt.amount, otp); got != tt.seed {
			t.Errorf("seed, %s: got %s, want %s", tt.amount, got, tt.seed)
		}
		if got := signPrint(phone, sid, card, tt.amount, passOTP); got != tt.prefixed {
			t.Errorf("prefixed, %s: got %s, want %s", tt.amount, got, tt.prefixed)
		}
	}
}
