// Package cipher is the cryptography and compression that PRONOTE's servers demand: MD5, CBC without
// authentication, RSA with PKCS #1 v1.5, raw deflate. It is reproduced exactly and protects nothing of ours; TLS
// does. It knows no session and no request.
package cipher

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// errCipher is every failure of decryption: which one it was is nobody's business.
var errCipher = errors.New("cannot be decrypted")

// aesPair turns key and IV material into a key and an IV: the MD5 of each, except that no IV material
// makes the zero IV, pronote-today §2.1.
func aesPair(keyMaterial, ivMaterial []byte) (block cipher.Block, iv []byte) {
	key := md5.Sum(keyMaterial)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("cipher: AES refuses a 16-byte key: " + err.Error())
	}
	if len(ivMaterial) == 0 {
		return block, make([]byte, aes.BlockSize)
	}
	sum := md5.Sum(ivMaterial)
	return block, sum[:]
}

// encrypt is AES-128-CBC with PKCS #7 padding; an empty text makes one block.
func encrypt(keyMaterial, ivMaterial, text []byte) []byte {
	block, iv := aesPair(keyMaterial, ivMaterial)
	pad := aes.BlockSize - len(text)%aes.BlockSize
	out := make([]byte, len(text)+pad)
	copy(out, text)
	for i := len(text); i < len(out); i++ {
		out[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}

// decrypt undoes encrypt. It checks the whole padding.
func decrypt(keyMaterial, ivMaterial, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, errCipher
	}
	block, iv := aesPair(keyMaterial, ivMaterial)
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, sealed)
	pad := int(out[len(out)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errCipher
	}
	for _, b := range out[len(out)-pad:] {
		if int(b) != pad {
			return nil, errCipher
		}
	}
	return out[:len(out)-pad], nil
}

// EncryptHex and decryptHex do the same with hex text outside. Servers write either case.
func EncryptHex(keyMaterial, ivMaterial []byte, text string) string {
	return hex.EncodeToString(encrypt(keyMaterial, ivMaterial, []byte(text)))
}

func DecryptHex(keyMaterial, ivMaterial []byte, sealed string) ([]byte, error) {
	b, err := hex.DecodeString(sealed)
	if err != nil {
		return nil, errCipher
	}
	return decrypt(keyMaterial, ivMaterial, b)
}

// LoginKey is the key material of a login: username and the upper-case hash of alea and password. The
// modeComp flags lower the case of one or both first, pronote-today §2.5.
func LoginKey(username, password, alea string, lowerName, lowerPassword bool) []byte {
	password = strings.TrimSpace(password)
	if lowerName {
		username = strings.ToLower(strings.TrimSpace(username))
	}
	if lowerPassword {
		password = strings.ToLower(password)
	}
	sum := sha256.Sum256([]byte(alea + password))
	return []byte(username + strings.ToUpper(hex.EncodeToString(sum[:])))
}

// nonceDigits is the length that tells the challenge of 2026.2.5 build 6, a nonce, from the older
// ciphertexts, which are longer, pronote-today §2.6.
const nonceDigits = 32

// Solve answers a login challenge. A challenge that the key does not open is answered with the empty
// text, as the official client does, so that it is the server who says that the password is wrong.
func Solve(key, iv []byte, challenge string) string {
	if len(challenge) == nonceDigits {
		return EncryptHex(key, iv, challenge)
	}
	text, err := DecryptHex(key, iv, challenge)
	if err != nil || !utf8.Valid(text) {
		return EncryptHex(key, iv, "")
	}
	return EncryptHex(key, iv, everySecond(string(text)))
}

// everySecond keeps the characters at even positions: "hello_world" becomes "hlowrd".
func everySecond(text string) string {
	var kept strings.Builder
	even := true
	for _, r := range text {
		if even {
			kept.WriteRune(r)
		}
		even = !even
	}
	return kept.String()
}

// maxSessionKey bounds the key material that a server may send; 16 bytes are usual.
const maxSessionKey = 1024

// SessionKey reads the material of the session's key from the decrypted cle: decimal byte values between
// commas, pronote-today §2.7.
func SessionKey(text string) ([]byte, error) {
	if len(text) > 4*maxSessionKey {
		return nil, errors.New("session key too long")
	}
	var material []byte
	for value := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 8)
		if err != nil {
			return nil, errors.New("session key is not a list of bytes")
		}
		material = append(material, byte(n))
	}
	return material, nil
}

// FixedModulus is the 1024-bit RSA key in the official scripts since 2023; its exponent is FixedExponent.
// It serves only pages with the http flag, pronote-today §1.4 and §1.5.
const (
	FixedModulus = "B99B77A3D72D3A29B4271FC7B7300E2F791EB8948174BE7B8024667E915446D4" +
		"EEA0C2424B8D1EBF7E2DDFF94691C6E994E839225C627D140A8F1146D1B0B5F1" +
		"8A09BBD3D8F421CA1E3E4796B301EEBCCF80D81A32A1580121B8294433C38377" +
		"083C5517D5921E8A078CDC019B15775292EFDA2C30251B1CCABE812386C893E5"
	FixedExponent = "010001"
)

// RSAKey is the public key to which the IV is encrypted where the server wants that.
type RSAKey struct{ modulus, exponent *big.Int }

// Bounds of a modulus in bits: PKCS #1 needs 11 bytes beside the 16 of the IV, and nobody has 8192.
const minModulus, maxModulus = 27 * 8, 8192

// ParseRSAKey reads the MR and ER of a page. They are hex (pronote-today §1.1); the seed shows them only as
// "LONG NUMBER", so a modulus of nothing but decimal digits makes both decimal.
func ParseRSAKey(modulus, exponent string) (RSAKey, error) {
	if len(modulus) > maxModulus || len(exponent) > maxModulus {
		return RSAKey{}, errors.New("RSA key too long")
	}
	base := 16
	if strings.Trim(modulus, "0123456789") == "" {
		base = 10
	}
	n, okN := new(big.Int).SetString(modulus, base)
	e, okE := new(big.Int).SetString(exponent, base)
	switch {
	case !okN || !okE:
		return RSAKey{}, errors.New("RSA key is not a pair of numbers")
	case n.Sign() <= 0 || n.BitLen() < minModulus || n.BitLen() > maxModulus || n.Bit(0) == 0:
		return RSAKey{}, errors.New("RSA modulus has a bad size")
	case e.Cmp(big.NewInt(3)) < 0 || e.BitLen() > 64:
		return RSAKey{}, errors.New("RSA exponent has a bad size")
	}
	return RSAKey{n, e}, nil
}

// encrypt is RSAES-PKCS1-v1_5 of RFC 8017 §7.2.1. crypto/rsa has it too, but refuses the short moduli of
// old servers and takes no random source.
func (k RSAKey) encrypt(random io.Reader, text []byte) ([]byte, error) {
	size := (k.modulus.BitLen() + 7) / 8
	if len(text) > size-11 {
		return nil, errors.New("RSA modulus too short for the text")
	}
	block := make([]byte, size) // 00 02 padding 00 text
	block[1] = 2
	padding := block[2 : size-len(text)-1]
	for i := range padding {
		for padding[i] == 0 {
			if _, err := io.ReadFull(random, padding[i:i+1]); err != nil {
				return nil, fmt.Errorf("random source: %w", err)
			}
		}
	}
	copy(block[size-len(text):], text)
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, k.exponent, k.modulus).FillBytes(block), nil
}

// UUID is how the client tells its IV material to the server: base64 of it, or of its encryption where
// the page names a key (pronote-today §1.4; seed-pronote, Session creation step 2).
func UUID(random io.Reader, key *RSAKey, ivMaterial []byte) (string, error) {
	if key == nil {
		return base64.StdEncoding.EncodeToString(ivMaterial), nil
	}
	sealed, err := key.encrypt(random, ivMaterial)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
