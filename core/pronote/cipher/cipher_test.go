package cipher

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math/big"
	"testing"
)

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func TestDecryptChecksTheWholePadding(t *testing.T) {
	key, iv := []byte("k"), []byte("i")
	for tail, good := range map[string]bool{"\x01": true, "\x02\x02": true, "\x00": false, "\x11": false, "\x01\x03\x03": false} {
		text := []byte(fmt.Sprintf("%*s", 16-len(tail), "") + tail)
		sealed := encrypt(key, iv, text)[:16] // without the block of right padding
		if got, err := decrypt(key, iv, sealed); (err == nil) != good {
			t.Errorf("padding %q: %q, %v", tail, got, err)
		}
	}
	for _, size := range []int{0, 1, 15, 17} {
		if _, err := decrypt(key, iv, make([]byte, size)); err == nil {
			t.Errorf("%d bytes were decrypted", size)
		}
	}
}

func TestEncryptedEmptyTextIsOneBlock(t *testing.T) {
	sealed := encrypt(nil, nil, nil)
	if got, err := decrypt(nil, nil, sealed); len(sealed) != 16 || err != nil || len(got) != 0 {
		t.Errorf("%d bytes, back %q, %v", len(sealed), got, err)
	}
}

// A wrong password makes a key that does not open the challenge: the answer is then the empty text.
func TestUnreadableChallengeIsAnsweredWithTheEmptyText(t *testing.T) {
	key := []byte("wrong")
	for _, challenge := range []string{
		EncryptHex([]byte("right"), vectorIV, "a1b2c3d4e5f6g7h8i9"), "zz", "",
		EncryptHex(key, vectorIV, "\xff\xfe and more than one block"),
	} {
		if got := Solve(key, vectorIV, challenge); got != EncryptHex(key, vectorIV, "") {
			t.Errorf("challenge %q: answered %s", challenge, got)
		}
	}
}

func TestEverySecond(t *testing.T) {
	for in, want := range map[string]string{"abcdefg": "aceg", "hello_world": "hlowrd", "": "", "éàü": "éü"} {
		if got := everySecond(in); got != want {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

var sessionKeyTests = []struct {
	in   string
	want []byte // nil: must be refused
}{
	{"10,2,159", []byte{10, 2, 159}},
	{"0", []byte{0}},
	{" 1, 2", []byte{1, 2}},
	{"", nil},
	{"256", nil},
	{"-1", nil},
	{"1,,2", nil},
	{"1;2", nil},
	{string(bytes.Repeat([]byte("1,"), 4000)) + "1", nil},
}

func TestSessionKey(t *testing.T) {
	for _, tt := range sessionKeyTests {
		got, err := SessionKey(tt.in)
		if (err != nil) != (tt.want == nil) || err == nil && !bytes.Equal(got, tt.want) {
			t.Errorf("%.20q: got %v, %v", tt.in, got, err)
		}
	}
}

func TestRSAKeyForms(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []struct{ modulus, exponent string }{
		{fmt.Sprintf("%X", private.N), "010001"},
		{fmt.Sprintf("%x", private.N), "10001"},
		{private.N.String(), "65537"}, // the seed's "LONG NUMBER", if it is decimal
	} {
		key, err := ParseRSAKey(form.modulus, form.exponent)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := key.encrypt(rand.Reader, vectorIV)
		if err != nil {
			t.Fatal(err)
		}
		block := new(big.Int).SetBytes(sealed)
		block.Exp(block, private.D, private.N)
		got := block.FillBytes(make([]byte, 128))
		kind, padding, text := got[:2], got[2:128-17], got[128-17:]
		if !bytes.Equal(kind, []byte{0, 2}) || bytes.IndexByte(padding, 0) >= 0 || !bytes.Equal(text[1:], vectorIV) || text[0] != 0 {
			t.Errorf("modulus %.8s: decrypted %x", form.modulus, got)
		}
	}
}

func TestBadRSAKeysAreRefused(t *testing.T) {
	for _, form := range [][2]string{
		{"", "010001"},
		{"zz", "010001"},
		{FixedModulus, ""},
		{FixedModulus, "01"},
		{FixedModulus, "zz"},
		{"C3", "010001"},
		{"-" + FixedModulus, "010001"},
		{FixedModulus[:255] + "4", "010001"},
		{string(bytes.Repeat([]byte("F"), 9000)), "010001"},
		{FixedModulus, FixedModulus},
	} {
		if _, err := ParseRSAKey(form[0], form[1]); err == nil {
			t.Errorf("modulus %.8s with exponent %.8s was taken", form[0], form[1])
		}
	}
}

func TestRSANeedsRandomness(t *testing.T) {
	key, err := ParseRSAKey(FixedModulus, FixedExponent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.encrypt(bytes.NewReader([]byte{1, 2, 3}), vectorIV); err == nil {
		t.Error("a dry random source was not noticed")
	}
}
