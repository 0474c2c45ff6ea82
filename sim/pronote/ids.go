package pronote

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// An identifier is "38#" and 43 characters that mean nothing to a client and are valid only in the session that made
// them (pronote-today §4.3). Here they are the sealed name of the object: 6 bytes naming the session, 16 of hidden name,
// 10 of authentication, so that an identifier of another session can be told from an invented one without a table.
const (
	saltSize = 6
	nameSize = 16
	sealSize = 10
)

type salt [saltSize]byte

// sealer makes and opens the identifiers of one server.
type sealer struct{ key [32]byte }

func (s *sealer) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(strings.Join(parts, "|")))
	return mac.Sum(nil)
}

// id is the identifier of the named object in the session with that salt. The same object has the same one.
func (s *sealer) id(session salt, table int, name string) string {
	if len(name) > nameSize {
		panic(fmt.Sprintf("sim/pronote: name %q of an object is too long", name))
	}
	var hidden [nameSize]byte
	copy(hidden[:], name)
	at := string(session[:]) + strconv.Itoa(table)
	subtle.XORBytes(hidden[:], hidden[:], s.sum("hide", at))
	raw := append(session[:], hidden[:]...)
	raw = append(raw, s.sum("seal", at, string(hidden[:]))[:sealSize]...)
	return fmt.Sprintf("%d#%s", table, base64.RawURLEncoding.EncodeToString(raw))
}

// open gives the name behind an identifier: codeUnknownObject if no session ever had it, codeStaleObject if another had.
func (s *sealer) open(session salt, table int, id string) (string, *refusal) {
	text, ok := strings.CutPrefix(id, fmt.Sprintf("%d#", table))
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != saltSize+nameSize+sealSize {
		return "", refuse(codeUnknownObject)
	}
	of, hidden, seal := raw[:saltSize], raw[saltSize:saltSize+nameSize], raw[saltSize+nameSize:]
	at := string(of) + strconv.Itoa(table)
	if !hmac.Equal(seal, s.sum("seal", at, string(hidden))[:sealSize]) {
		return "", refuse(codeUnknownObject)
	}
	if !hmac.Equal(of, session[:]) {
		return "", refuse(codeStaleObject)
	}
	name := make([]byte, nameSize)
	subtle.XORBytes(name, hidden, s.sum("hide", at))
	return strings.TrimRight(string(name), "\x00"), nil
}
