package pronote

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// The code of pronote-today §2.9, locked by 1234.
const (
	vectorLogin = "e5133d97e95aabaacb4f9ac1b4f857e9"
	vectorToken = "f7d0f60b2b6dc938cb72817a342ba24e2fa302aea1c77446e681400803aac3fe7489b8b264e00a9af82768e6571c5778"
)

func vectorCode(url string) string {
	return `{"avecPageConnexion":false,"jeton":"` + vectorToken + `","login":"` + vectorLogin + `","url":"` + url + `"}`
}

var qrCodeTests = []struct {
	name, text string
	address    Address
	space      Space
}{
	{"app's page", vectorCode("https://0350000x.index-education.net/pronote/mobile.eleve.html"), "https://0350000x.index-education.net/pronote", SpacePupil},
	{"desktop page", vectorCode("https://0350000x.index-education.net/pronote/parent.html"), "https://0350000x.index-education.net/pronote", SpaceParent},
	{"query", vectorCode("https://lycee.example/mobile.parent.html?fd=1"), "https://lycee.example", SpaceParent},
	{"blanks", " \n" + vectorCode("https://lycee.example/eleve.html") + "\n", "https://lycee.example", SpacePupil},
	{"upper case", strings.ToUpper(vectorCode("https://lycee.example/eleve.html")), "", ""}, // FALSE is not JSON
	{
		"other members", `{"x":[1],"url":"https://lycee.example/eleve.html","login":"` + strings.ToUpper(vectorLogin) + `","jeton":"` + vectorToken + `"}`,
		"https://lycee.example", SpacePupil,
	},
}

func TestParseQRCode(t *testing.T) {
	for _, tt := range qrCodeTests {
		q, err := ParseQRCode(tt.text, false)
		if q.Address != tt.address || q.Space != tt.space || (err != nil) != (tt.address == "") {
			t.Errorf("%s: got %q, %q, %v", tt.name, q.Address, q.Space, err)
		}
		if err != nil {
			continue
		}
		login, token, err := q.unlock(secret.New("1234"))
		if err != nil || login.Reveal() != "l.dupont" || token.Reveal() != "0F1E2D3C4B5A69788796A5B4C3D2E1F0" {
			t.Errorf("%s: unlocked %s, %s, %v", tt.name, login.Reveal(), token.Reveal(), err)
		}
	}
}

var badQRCodeTests = []struct {
	name, text string
	reason     QRCodeReason
}{
	{"empty", "", QRCodeForeign},
	{"address alone", "https://lycee.example/pronote/eleve.html", QRCodeForeign},
	{"other JSON", `{"url":"https://lycee.example/eleve.html"}`, QRCodeForeign},
	{"list", `[]`, QRCodeForeign},
	{"null", `null`, QRCodeForeign},
	{"types", `{"jeton":1,"login":2,"url":3}`, QRCodeForeign},
	{"two codes", vectorCode("https://lycee.example/eleve.html") + "{}", QRCodeForeign},
	{"no hex", strings.Replace(vectorCode("https://lycee.example/eleve.html"), "e5", "xx", 1), QRCodeForeign},
	{"half a block", strings.Replace(vectorCode("https://lycee.example/eleve.html"), vectorLogin, vectorLogin[:16], 1), QRCodeForeign},
	{"no token", strings.Replace(vectorCode("https://lycee.example/eleve.html"), vectorToken, "", 1), QRCodeForeign},
	{"no address", vectorCode(""), QRCodeForeign},
	{"not https", vectorCode("http://lycee.example/eleve.html"), QRCodeAddress},
	{"inside", vectorCode("https://192.168.0.1/eleve.html"), QRCodeAddress},
	{"teacher", vectorCode("https://lycee.example/mobile.professeur.html"), QRCodeSpace},
	{"no page", vectorCode("https://lycee.example/pronote"), QRCodeSpace},
	{"long", vectorCode("https://lycee.example/eleve.html") + strings.Repeat(" ", maxQRCode), QRCodeTooLong},
}

func TestBadQRCodes(t *testing.T) {
	for _, tt := range badQRCodeTests {
		_, err := ParseQRCode(tt.text, false)
		code, ok := errors.AsType[*QRCodeError](err)
		if !ok || code.Reason != tt.reason {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.reason)
		}
		if _, address := errors.AsType[*AddressError](err); address != (tt.reason == QRCodeAddress) {
			t.Errorf("%s: %v holds a reason of its address: %t", tt.name, err, address)
		}
	}
}

// Whatever the PIN, either it is the right one or it is known to be wrong.
func TestEveryOtherPINIsWrong(t *testing.T) {
	q, err := ParseQRCode(vectorCode("https://lycee.example/eleve.html"), false)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10_000 {
		pin, err := ParsePIN(fmt.Sprintf(" %04d\n", n))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := q.unlock(pin); errors.Is(err, ErrWrongPIN) != (n != 1234) {
			t.Errorf("%04d: %v", n, err)
		}
	}
}

// Texts that unpad by chance are looked at too.
func TestUnreadableTextsAreAWrongPIN(t *testing.T) {
	const pin, good = "1234", "l.dupont"
	for text, readable := range map[string]bool{good: true, "l.dupont é": true, "": false, "a\x01b": false, "a\nb": false, "\xff": false} {
		for _, pair := range [2][2]string{{text, good}, {good, text}} {
			q := QRCode{
				login: secret.New(cipher.EncryptHex([]byte(pin), nil, pair[0])),
				token: secret.New(cipher.EncryptHex([]byte(pin), nil, pair[1])),
			}
			if _, _, err := q.unlock(secret.New(pin)); errors.Is(err, ErrWrongPIN) == readable {
				t.Errorf("%q: %v", pair, err)
			}
		}
	}
}

func TestNotAPIN(t *testing.T) {
	for _, text := range []string{"", "123", "12345", "12 34", "abcd", "-123", "+123", "１２３４", "1.23"} {
		if pin, err := ParsePIN(text); !errors.Is(err, ErrBadPIN) || !pin.Empty() {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseQRCode(f *testing.F) {
	for _, tt := range qrCodeTests {
		f.Add(tt.text, "1234")
	}
	for _, tt := range badQRCodeTests {
		f.Add(tt.text, "0000")
	}
	f.Fuzz(func(t *testing.T, text, pin string) {
		q, err := ParseQRCode(text, false)
		if err != nil {
			if q != (QRCode{}) {
				t.Errorf("%q: an error with a result", text)
			}
			return
		}
		// The law: what is accepted survives being written again, and nothing of it shows.
		url := string(q.Address) + "/" + asApp.page(q.Space)
		again, err := json.Marshal(qrText{Token: q.token.Reveal(), Login: q.login.Reveal(), URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseQRCode(string(again), false); err != nil || back.Space != q.Space {
			t.Errorf("%q: became %+v, %v", text, back, err)
		}
		if shown := fmt.Sprintf("%+v %#v", q, q); strings.Contains(shown, q.token.Reveal()) {
			t.Errorf("%q: the token shows", text)
		}
		login, token, err := q.unlock(secret.New(pin))
		if (err != nil) != login.Empty() || (err != nil) != token.Empty() {
			t.Errorf("%q, %q: %v", text, pin, err)
		}
	})
}
