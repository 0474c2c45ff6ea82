package cipher

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"testing"
)

// The vectors of pronote-today §2.9.
var (
	vectorIV      = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	vectorPayload = `{"data":{"onglet":7}}`
)

func TestVectorIV(t *testing.T) {
	_, iv := aesPair(nil, vectorIV)
	if got := hex.EncodeToString(iv); got != "1ac1ef01e96caf1be0d329331a4fc2a8" {
		t.Errorf("iv is %s", got)
	}
	if got, err := UUID(nil, nil, vectorIV); err != nil || got != "AAECAwQFBgcICQoLDA0ODw==" {
		t.Errorf("Uuid is %s, %v", got, err)
	}
}

var orderVectors = []struct {
	number       int
	zero, chosen string // under the zero IV and under vectorIV
}{
	{1, "3fa959b13967e0ef176069e01e23c8d7", "fddc59f50d2ba56458ef426034d9c1ab"},
	{2, "6eebc1af5bd4e3ea63d94407040100f8", "b3961095f9685612b2cad63997dce7cb"},
	{3, "53b4de71d80e1911bf21ac87a16db2e5", "18e4c3eb97be7e4cf58efbbe3c4a505e"},
	{4, "3a30997413bf3a7f25496a0e79147e11", "1f84d410c918b3b90fa354771a26ca8a"},
	{5, "1d3d7cf5a3e38fd393d2fb163307f6d9", "516448a18390d8607d3e2f70306f14cd"},
	{6, "4ecc3b03701876818045b3ee89ec13a3", "dd91b4c0cc39720e72455ea245f64294"},
	{7, "f4f60c85946fba4004a40e472ed90293", "7195d6055a04b60407e2ee50db7c4af3"},
	{-1, "3b446ad1f57f33a3dbdfbfad4f479745", "cb610c9a67ad796bafc0c2894c8ffb14"},
}

func TestVectorOrders(t *testing.T) {
	for _, v := range orderVectors {
		text := strconv.Itoa(v.number)
		if got := EncryptHex(nil, nil, text); got != v.zero {
			t.Errorf("order %d under the zero IV is %s", v.number, got)
		}
		if got := EncryptHex(nil, vectorIV, text); got != v.chosen {
			t.Errorf("order %d is %s", v.number, got)
		}
		if got, err := DecryptHex(nil, vectorIV, v.chosen); err != nil || string(got) != text {
			t.Errorf("order %d came back as %q, %v", v.number, got, err)
		}
	}
}

func TestVectorEncryptedPayload(t *testing.T) {
	const want = `"a8afd97fdc1e4525c2ccb0812f14019899eeb7c6d62c19db107c7d5b2dff1502"`
	c := Codec{Encrypt: true}
	if got, err := c.Seal(nil, vectorIV, []byte(vectorPayload)); err != nil || string(got) != want {
		t.Errorf("sealed: %s, %v", got, err)
	}
	if got, err := c.Open(nil, vectorIV, json.RawMessage(want), 1<<10); err != nil || string(got) != vectorPayload {
		t.Errorf("opened: %s, %v", got, err)
	}
}

// Deflate bytes differ between libraries, so that those of others are tested by reading them.
func TestVectorDeflatedPayload(t *testing.T) {
	for _, tt := range []struct {
		name   string
		codec  Codec
		sealed string
	}{
		{"request, plain", Codec{Compress: true}, "334f3232323331333407622323e34473103fcd2cd5ccdc2cd9ccd4dc0424666c6e9e629e0200"},
		{"request, encrypted", Codec{true, true}, "6018ee6f4376de8a04140cb7202142816e7fb3af9cdba90685926a4f67ee4380dfc1b5957454e5d315a114533b8f08f3"},
		{"reply, plain", Codec{Compress: true}, "ab564a492c4954b2aa56cacf4bcf492d51b232afad0500"},
		{"reply, encrypted", Codec{true, true}, "fd5f52a2903b7bcde8a3424f96f9b35eccfe400fd9b19df2cab3f4c7643582c3"},
	} {
		got, err := tt.codec.Open(nil, vectorIV, json.RawMessage(`"`+tt.sealed+`"`), 1<<10)
		if err != nil || string(got) != vectorPayload {
			t.Errorf("%s: opened %s, %v", tt.name, got, err)
		}
	}
}

// A request compresses the hex text of its JSON, in lower case.
func TestVectorRequestIsHexInside(t *testing.T) {
	for plain, want := range map[string]string{
		vectorPayload:        "7b2264617461223a7b226f6e676c6574223a377d7d",
		`{"data":{"L":"é"}}`: "7b2264617461223a7b224c223a22c3a9227d7d",
	} {
		sealed, err := Codec{true, true}.Seal(nil, vectorIV, []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		packed, err := DecryptHex(nil, vectorIV, string(bytes.Trim(sealed, `"`)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := inflate(packed, 1<<20); err != nil || string(got) != want {
			t.Errorf("%s: inside is %s, %v", plain, got, err)
		}
	}
}

var loginVectors = []struct {
	name                 string
	user, password, alea string
	lowerName, lowerWord bool
	hash, key            string
}{
	{
		"legacy", "Dupont.L", "Secret1", "A1B2C3D4E5F60718", true, false,
		"F56A1F987EB32F2993B0EEC15167C0ACFA60D0C6AC0A71AB3182D6EEE74DF9CB", "a373aa0a179a58cf284eb10ad1e6a8c1",
	},
	{
		"legacy, lower password", "Dupont.L", "Secret1", "A1B2C3D4E5F60718", true, true,
		"A2C64067A3ADC7B9AFE3A9E7BB48EA45AD5807AAF792A4DAC6B08BE963DB41F6", "cdcbcfd5554131245c61f8176441653c",
	},
	{
		"nonce", "Dupont.L", " Secret1 ", "", true, false, // blanks around a password are typing errors
		"64340506142B0E1BABCB02C342D76A854469D5D61EDF4BD6CB1C249AC009726E", "fdaa93313b19631f47642fc2fa1582d6",
	},
}

func TestVectorLoginKeys(t *testing.T) {
	for _, v := range loginVectors {
		material := LoginKey(v.user, v.password, v.alea, v.lowerName, v.lowerWord)
		if got := string(material); got != "dupont.l"+v.hash {
			t.Errorf("%s: material is %s", v.name, got)
		}
		if got := md5Hex(material); got != v.key {
			t.Errorf("%s: key is %s", v.name, got)
		}
	}
}

var challengeVectors = []struct {
	name, alea, challenge, solution, cle string
}{
	{
		name: "legacy", alea: "A1B2C3D4E5F60718",
		challenge: "0f7e5c106ec606df7ab5d5b9fce3229ccc606eca09a270ab3444c1ead8ef41046895f97befe8d2c1efb352f922e30a3a41c6953dcc69c6c3a503d4b07584f029a55d3375bcd851c28b47fc3f9870ff91",
		solution:  "177341d6584bfe58b424179314eaa8d146888a5ea1a303674c86a69f6b14e15298e578b7eeeb0f5126f038ea9a4cda24",
		cle:       "d5d86b35b2923d9f191afadffc827b10fb581842847c469f19f5794f8a622aaa244089b5a44d4f715c063b6b8b10c7b75f81a295e9ffe3114c4ffe00fc5c5c55",
	},
	{
		name:      "nonce",
		challenge: "EF4C6F47929D96D7A778BF9EE2E3A48F",
		solution:  "f8335409556a9c1a27c2ba638574cf764ce7f556bbf340801d343335cd044e20ceb52bb722a6bb4be5c83f303f97f222",
		cle:       "1ae90a1c3dda5705407f3168d695f07922405e72d5c92758db7345c05ee861f509dfd6c61615e030da61e65d9035163c6f0fe303b574832b5b48ca42197de828",
	},
}

func TestVectorChallenges(t *testing.T) {
	for _, v := range challengeVectors {
		key := LoginKey("Dupont.L", "Secret1", v.alea, true, false)
		if got := Solve(key, vectorIV, v.challenge); got != v.solution {
			t.Errorf("%s: solution is %s", v.name, got)
		}
		plain, err := DecryptHex(key, vectorIV, v.cle)
		if err != nil || string(plain) != "12,255,0,7,99,128,64,32,201,5,18,77,3,240,150,42" {
			t.Errorf("%s: cle is %q, %v", v.name, plain, err)
		}
		material, err := SessionKey(string(plain))
		if err != nil || md5Hex(material) != "d7c3495b9177c350ce097ccb11030176" {
			t.Errorf("%s: session key is %s, %v", v.name, md5Hex(material), err)
		}
		for number, want := range map[string]string{
			"9": "89de09af6abc151311caca7dea551bf2", "10": "35163ffec9e77bfe3467b46b7aee33db",
		} {
			if got := EncryptHex(material, vectorIV, number); got != want {
				t.Errorf("order %s under the session key is %s", number, got)
			}
		}
	}
}

// What the cipher makes of other texts: the QR code (PIN as key, zero IV), a portal's secret, a file and a
// PIN under the session key. Of these the client only knows the first; the others guard the primitives.
func TestVectorOthers(t *testing.T) {
	session := []byte{12, 255, 0, 7, 99, 128, 64, 32, 201, 5, 18, 77, 3, 240, 150, 42}
	for _, v := range []struct {
		key, iv    []byte
		text, want string
	}{
		{[]byte("1234"), nil, "l.dupont", "e5133d97e95aabaacb4f9ac1b4f857e9"},
		{[]byte("1234"), nil, "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "f7d0f60b2b6dc938cb72817a342ba24e2fa302aea1c77446e681400803aac3fe7489b8b264e00a9af82768e6571c5778"},
		{session, vectorIV, `{"N":"48#abc","Actif":true}`, "0e7800a78e3ece37ee6a81ffd7f9f8fe9b9304ccaa95b72ccd2c57a03ff4eb36"},
		{session, vectorIV, `{"N":"48#abc","Actif":true}` + "\x05\x05\x05\x05\x05", "0e7800a78e3ece37ee6a81ffd7f9f8fe9b9304ccaa95b72ccd2c57a03ff4eb3695b6306fe336b58c3892a8e01a2cfbab"},
		{session, vectorIV, "4321", "d579e0a8737c9620fef111b8b990321b"},
	} {
		if got := EncryptHex(v.key, v.iv, v.text); got != v.want {
			t.Errorf("%.8s: got %s", v.text, got)
		}
	}
	portal := LoginKey("", "11223344556677889900AABBCCDDEEFF", "", false, false)
	if got := md5Hex(portal); string(portal) != "750E2F84F43A3213A97C4A47B8264E98A072BBBE7A949910F86A83D008E7403E" ||
		got != "3b6ec85337c2940f8a636fb0d9e2f779" {
		t.Errorf("portal key is %s of %s", got, portal)
	}
}

func TestFixedKeyIsTheOneOfTheScripts(t *testing.T) {
	key, err := ParseRSAKey(FixedModulus, FixedExponent)
	if err != nil || key.modulus.BitLen() != 1024 || key.exponent.Int64() != 65537 {
		t.Fatalf("key %d bits, %v", key.modulus.BitLen(), err)
	}
	id, err := UUID(bytes.NewReader(bytes.Repeat([]byte{7}, 256)), &key, vectorIV)
	if raw, errID := base64.StdEncoding.DecodeString(id); err != nil || errID != nil || len(raw) != 128 {
		t.Errorf("Uuid has %d characters, %v", len(id), err)
	}
}
