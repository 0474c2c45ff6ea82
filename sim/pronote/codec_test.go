package pronote

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Vectors of pronote-today §2.9.
const (
	vectorIV      = "1ac1ef01e96caf1be0d329331a4fc2a8"
	vectorPayload = `{"data":{"onglet":7}}`
)

func TestVectors(t *testing.T) {
	iv := hash([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	if got := hex.EncodeToString(iv); got != vectorIV {
		t.Errorf("IV is %s", got)
	}
	legacy := loginKey("dupont.l", "A1B2C3D4E5F60718", "Secret1")
	nonce := loginKey("dupont.l", "", "Secret1")
	material := []byte{12, 255, 0, 7, 99, 128, 64, 32, 201, 5, 18, 77, 3, 240, 150, 42}
	for _, tt := range []struct{ name, got, want string }{
		{"empty key", hex.EncodeToString(emptyKey()), "d41d8cd98f00b204e9800998ecf8427e"},
		{"order 1", encryptHex(emptyKey(), zeroIV(), []byte("1")), "3fa959b13967e0ef176069e01e23c8d7"},
		{"order 2", encryptHex(emptyKey(), iv, []byte("2")), "b3961095f9685612b2cad63997dce7cb"},
		{"legacy key", hex.EncodeToString(legacy), "a373aa0a179a58cf284eb10ad1e6a8c1"},
		{
			"legacy solution", encryptHex(legacy, iv, []byte("0123456789ABCDEFGHIJKLMNOPQRSTUV")),
			"177341d6584bfe58b424179314eaa8d146888a5ea1a303674c86a69f6b14e15298e578b7eeeb0f5126f038ea9a4cda24",
		},
		{
			"nonce solution", encryptHex(nonce, iv, []byte("EF4C6F47929D96D7A778BF9EE2E3A48F")),
			"f8335409556a9c1a27c2ba638574cf764ce7f556bbf340801d343335cd044e20ceb52bb722a6bb4be5c83f303f97f222",
		},
		{"cle text", decimalBytes(material), "12,255,0,7,99,128,64,32,201,5,18,77,3,240,150,42"},
		{"session key", hex.EncodeToString(hash(material)), "d7c3495b9177c350ce097ccb11030176"},
		{"order 10", encryptHex(hash(material), iv, []byte("10")), "35163ffec9e77bfe3467b46b7aee33db"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %s, want %s", tt.name, tt.got, tt.want)
		}
	}
}

// sealedPayloads is vectorPayload as a request carries it: plain, encrypted, compressed and encrypted.
var sealedPayloads = []struct {
	codec codec
	text  string
}{
	{codec{}, vectorPayload},
	{codec{encrypt: true}, `"A8AFD97FDC1E4525C2CCB0812F14019899EEB7C6D62C19DB107C7D5B2DFF1502"`},
	{codec{compress: true}, `"334f3232323331333407622323e34473103fcd2cd5ccdc2cd9ccd4dc0424666c6e9e629e0200"`},
	{codec{true, true}, `"6018ee6f4376de8a04140cb7202142816e7fb3af9cdba90685926a4f67ee4380dfc1b5957454e5d315a114533b8f08f3"`},
}

func TestOpen(t *testing.T) {
	iv, _ := hex.DecodeString(vectorIV)
	for _, tt := range sealedPayloads {
		got, err := tt.codec.open(emptyKey(), iv, json.RawMessage(tt.text))
		if err != nil || string(got) != vectorPayload {
			t.Errorf("%+v: %s, %v", tt.codec, got, err)
		}
		if _, err := tt.codec.open(emptyKey(), zeroIV(), json.RawMessage(`"00"`)); err == nil && tt.codec != (codec{}) {
			t.Errorf("%+v: rubbish was opened", tt.codec)
		}
	}
}

// FuzzRequest feeds whole requests to the parser of every dialect: what is accepted names its parts in that dialect, and
// is the same request as itself.
func FuzzRequest(f *testing.F) {
	for _, tt := range sealedPayloads {
		f.Add(`{"session":1234567,"no":"00","id":"Navigation","dataSec":` + tt.text + `,"echecReseau":true}`)
		f.Add(`{"session":1234567,"numeroOrdre":"00","nom":"FonctionParametres","donneesSec":` + tt.text + `}`)
	}
	f.Add(`{"session":1,"nom":"x","numeroOrdre":"","donneesSec":{"_Signature_":{"onglet":16,"membre":{"N":"34#a","G":4}}}}`)
	var known []dialect
	for _, text := range []string{"2022.0.0", "2024.3.11", "2026.2.5"} {
		v, err := parseVersion(text)
		if err != nil {
			f.Fatal(err)
		}
		known = append(known, dialectOf(v))
	}
	iv, _ := hex.DecodeString(vectorIV)
	f.Fuzz(func(t *testing.T, body string) {
		for _, d := range known {
			env, err := parseEnvelope(d, []byte(body))
			if err != nil {
				continue
			}
			if !strings.Contains(body, d.names.order) && !strings.Contains(body, `\u`) {
				t.Errorf("%s: accepted without %s: %s", d.version, d.names.order, body)
			}
			if !sameRequest([]byte(body), []byte(body)) {
				t.Errorf("not the same request as itself: %s", body)
			}
			for _, tt := range sealedPayloads {
				part, err := tt.codec.open(emptyKey(), iv, env.secured)
				if err != nil {
					continue
				}
				if in, err := parseSecured(d, env.function, part); err == nil && !json.Valid(part) {
					t.Errorf("accepted %q as %+v", part, in)
				}
			}
		}
	})
}

// FuzzDomain: an accepted set of weeks is sorted, not empty and within the year.
func FuzzDomain(f *testing.F) {
	for _, seed := range []string{"[1]", "[1,3..5]", "[]", "[5..3]", "[1..99999999999]", "[0]", "1", "[1,,2]", "[2,1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		weeks, err := parseDomain(text)
		if err != nil {
			return
		}
		if len(weeks) == 0 || !slices.IsSorted(weeks) || weeks[0] < 1 || weeks[len(weeks)-1] > maxWeeks {
			t.Errorf("%q: %v", text, weeks)
		}
	})
}

func TestIdentifiersAreSealed(t *testing.T) {
	var s sealer
	here, there := salt{1}, salt{2}
	id := s.id(here, tablePupil, "lea")
	if !strings.HasPrefix(id, "34#") || len(id) != len("34#")+43 {
		t.Errorf("identifier is %s", id)
	}
	for _, tt := range []struct {
		in    salt
		table int
		id    string
		code  int
	}{
		{here, tablePupil, id, 0},
		{there, tablePupil, id, codeStaleObject},
		{here, tablePeriod, id, codeUnknownObject},
		{here, tablePupil, "34#" + strings.Repeat("A", 43), codeUnknownObject},
		{here, tablePupil, "", codeUnknownObject},
	} {
		name, refused := s.open(tt.in, tt.table, tt.id)
		if tt.code == 0 && (refused != nil || name != "lea") || tt.code != 0 && (refused == nil || refused.code != tt.code) {
			t.Errorf("%.10s in table %d: %q, %+v, want code %d", tt.id, tt.table, name, refused, tt.code)
		}
	}
}
