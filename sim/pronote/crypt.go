package pronote

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// errCipher is the one answer to a text that does not decrypt: wrong length, wrong key or wrong padding.
var errCipher = errors.New("does not decrypt")

// hash is the AES key or IV made from its material (pronote-today §2.1).
func hash(material []byte) []byte {
	sum := md5.Sum(material)
	return sum[:]
}

// emptyKey and zeroIV are in force before anything was agreed (pronote-today §2.2).
func emptyKey() []byte { return hash(nil) }
func zeroIV() []byte   { return make([]byte, aes.BlockSize) }

// encrypt is AES-128-CBC with PKCS #7 padding (pronote-today §2.1).
func encrypt(key, iv, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("sim/pronote: %v", err)) // keys are MD5 sums
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	text := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
	return text
}

// decrypt undoes encrypt and checks the whole padding.
func decrypt(key, iv, text []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("sim/pronote: %v", err))
	}
	if len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, errCipher
	}
	plain := make([]byte, len(text))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, text)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errCipher
	}
	body, tail := plain[:len(plain)-pad], plain[len(plain)-pad:]
	if !bytes.Equal(tail, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errCipher
	}
	return body, nil
}

// encryptHex and decryptHex work on the text form; hex is read in either case (pronote-today §2.1).
func encryptHex(key, iv, plain []byte) string { return hex.EncodeToString(encrypt(key, iv, plain)) }

func decryptHex(key, iv []byte, text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, errCipher
	}
	return decrypt(key, iv, raw)
}

// loginKey makes the AES key of the challenge from what the client must know (pronote-today §2.5).
func loginKey(username, alea, secret string) []byte {
	sum := sha256.Sum256([]byte(alea + strings.TrimSpace(secret)))
	return hash([]byte(username + strings.ToUpper(hex.EncodeToString(sum[:]))))
}

// interleave puts a random character after each of clear: the legacy challenge (pronote-today §2.6).
func interleave(clear string) string {
	var b strings.Builder
	noise := rand.Text() + rand.Text()
	for i := range clear {
		b.WriteByte(clear[i])
		b.WriteByte(noise[i%len(noise)])
	}
	return b.String()
}

// decimalBytes is the form in which cle carries the material of the session key (pronote-today §2.7).
func decimalBytes(material []byte) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(material)), ","), "[]")
}

// rsaKey is the server's own key for releases whose page carries one. 1024 bits, as theirs; made once per process, since
// it guards made-up data only.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(fmt.Sprintf("sim/pronote: make RSA key: %v", err))
	}
	return key
})

// decryptRSA undoes RSAES-PKCS1-v1_5 (RFC 8017 §7.2.2). The protocol wants it; crypto/rsa calls its own deprecated.
func decryptRSA(key *rsa.PrivateKey, text []byte) ([]byte, error) {
	size := key.Size()
	c := new(big.Int).SetBytes(text)
	if len(text) != size || c.Cmp(key.N) >= 0 {
		return nil, errCipher
	}
	block := new(big.Int).Exp(c, key.D, key.N).FillBytes(make([]byte, size))
	end := bytes.IndexByte(block[2:], 0)
	if block[0] != 0 || block[1] != 2 || end < 8 {
		return nil, errCipher
	}
	return block[2+end+1:], nil
}
