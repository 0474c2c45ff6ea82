package izly

import (
	"errors"
	"strings"
	"testing"
)

const smsLink = "https://mon-espace.izly.fr/tools/Activation/33611223344/MTIzNDU2"

var activationTests = []struct {
	in, phone, code string
	reason          ActivationReason
}{
	{in: smsLink, phone: "33611223344", code: "MTIzNDU2"},
	{in: "Izly : pour activer votre compte, cliquez sur " + smsLink + ". A bientôt !", phone: "33611223344", code: "MTIzNDU2"},
	{in: "<" + smsLink + ">", phone: "33611223344", code: "MTIzNDU2"},
	{in: smsLink + "/?utm=sms", phone: "33611223344", code: "MTIzNDU2"},
	{in: "HTTPS://MON-ESPACE.IZLY.FR/TOOLS/ACTIVATION/33611223344/a_B-9", phone: "33611223344", code: "a_B-9"},
	{in: "http://evil.example/tools/Activation/33611223344/MTIz", phone: "33611223344", code: "MTIz"},
	{in: "/tools/Activation/33611223344/MTI%2BNA%3D%3D", phone: "33611223344", code: "MTI+NA=="},
	{in: "MTIzNDU2", code: "MTIzNDU2"},
	{in: "  MTIzNDU2\n", code: "MTIzNDU2"},
	{in: "abcdefgh", code: "abcdefgh"},
	{in: "Mon code : « A1B2C3D4 ».", code: "A1B2C3D4"},
	{in: "voici le code A1B2C3D4 merci", code: "A1B2C3D4"},
	{in: "A1B2C3D4 ou Z9Y8X7W6 ?", reason: ActivationUnclear},
	{in: "je n'ai rien reçu", reason: ActivationMissing},
	{in: "", reason: ActivationMissing},
	{in: "/tools/Activation/336/MTIzNDU2", reason: ActivationMissing},
	{in: "/tools/Activation/33611223344/MTI%zz", reason: ActivationMissing},
	{in: "/tools/Activation/33611223344/é!?", reason: ActivationMissing},
	{in: strings.Repeat("a", maxActivation+1), reason: ActivationMissing},
}

func TestParseActivation(t *testing.T) {
	for _, tt := range activationTests {
		got, err := ParseActivation(tt.in)
		var bad *ActivationError
		if got.Phone != tt.phone || got.Code.Reveal() != tt.code || errors.As(err, &bad) != (tt.reason != "") ||
			bad != nil && (bad.Reason != tt.reason || !errors.Is(err, ErrBadActivation)) {
			t.Errorf("%.80q: got %q %q, %v; want %q %q %s", tt.in, got.Phone, got.Code.Reveal(), err, tt.phone, tt.code, tt.reason)
		}
	}
}

func FuzzActivation(f *testing.F) {
	for _, tt := range activationTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		act, err := ParseActivation(s)
		if err != nil {
			return
		}
		code := act.Code.Reveal()
		if !activationCode.MatchString(code) || act.Phone != "" && !isPhone(act.Phone) {
			t.Errorf("%q: unusable %q %q", s, act.Phone, code)
		}
		if again, err := ParseActivation(code); err != nil || again.Code.Reveal() != code {
			t.Errorf("%q: the code %q alone became %q, %v", s, code, again.Code.Reveal(), err)
		}
	})
}

func TestParseLocation(t *testing.T) {
	for _, tt := range []struct {
		in, phone, code string
		ok              bool
	}{
		{"izly://SBSCR/33611223344/MTIzNDU2", "33611223344", "MTIzNDU2", true},
		{"IZLY://sbscr/33611223344/a%2Fb%3D", "33611223344", "a/b=", true},
		{"https://mon-espace.izly.fr/Home/Logon", "", "", false},
		{"izly://SBSCR/33611223344/", "", "", false},
		{"izly://SBSCR/33611223344/a b", "", "", false},
		{"izly://SBSCR/me/MTIzNDU2", "", "", false},
		{"izly://SBSCR/33611223344/%zz", "", "", false},
		{"", "", "", false},
	} {
		phone, code, ok := parseLocation(tt.in)
		if phone != tt.phone || code.Reveal() != tt.code || ok != tt.ok {
			t.Errorf("%q: got %q %q %v", tt.in, phone, code.Reveal(), ok)
		}
	}
}
