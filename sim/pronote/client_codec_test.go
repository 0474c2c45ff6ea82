package pronote_test

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/big"
	"strings"
)

func (c *client) seal(text []byte) any {
	if c.deflat {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, 6)
		_, _ = io.WriteString(w, hex.EncodeToString(text))
		_ = w.Close()
		text = out.Bytes()
	}
	switch {
	case c.encrypt:
		return strings.ToUpper(hex.EncodeToString(cbc(c.key, c.iv, text)))
	case c.deflat:
		return hex.EncodeToString(text)
	}
	return json.RawMessage(text)
}

func (c *client) open(sealed any) map[string]any {
	c.t.Helper()
	text, isText := sealed.(string)
	if !isText {
		return sealed.(map[string]any)
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.encrypt {
		var ok bool
		if b, ok = unCBC(c.key, c.iv, text); !ok {
			c.t.Fatal("the secured part does not decrypt")
		}
	}
	if c.deflat {
		if b, err = io.ReadAll(flate.NewReader(bytes.NewReader(b))); err != nil {
			c.t.Fatal(err)
		}
	}
	if bytes.ContainsFunc(b, func(r rune) bool { return r > 0x7f }) {
		c.t.Error("the sealed JSON is not pure ASCII")
	}
	var part map[string]any
	if err := json.Unmarshal(b, &part); err != nil {
		c.t.Fatal(err)
	}
	return part
}

func (c *client) underRSA(plain []byte) []byte {
	n, _ := new(big.Int).SetString(c.rsa[0], 16)
	e, _ := new(big.Int).SetString(c.rsa[1], 16)
	block := bytes.Repeat([]byte{0xAA}, 128)
	copy(block, []byte{0, 2})
	block[127-len(plain)] = 0
	copy(block[128-len(plain):], plain)
	return new(big.Int).Exp(new(big.Int).SetBytes(block), e, n).FillBytes(make([]byte, 128))
}

func sum(b []byte) []byte {
	s := md5.Sum(b)
	return s[:]
}

func cbc(key, iv, plain []byte) []byte {
	block, _ := aes.NewCipher(key)
	n := 16 - len(plain)%16
	plain = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	return plain
}

func unCBC(key, iv []byte, text string) ([]byte, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 || len(b)%16 != 0 {
		return nil, false
	}
	block, _ := aes.NewCipher(key)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(b, b)
	n := int(b[len(b)-1])
	if n == 0 || n > 16 {
		return nil, false
	}
	return b[:len(b)-n], true
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
