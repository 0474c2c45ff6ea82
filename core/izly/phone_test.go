package izly

import (
	"errors"
	"testing"
)

var phoneTests = []struct {
	in, want string
	reason   PhoneReason
}{
	{in: "0611223344", want: "33611223344"},
	{in: "06 11 22 33 44", want: "33611223344"},
	{in: "06.11.22.33.44", want: "33611223344"},
	{in: "06-11-22-33-44", want: "33611223344"},
	{in: "06\u00a011\u202f22\u201133–44", want: "33611223344"},
	{in: "\u202a+33 6 11 22 33 44\u202c", want: "33611223344"}, // an address book's direction marks
	{in: "+33 6 11 22 33 44", want: "33611223344"},
	{in: "+33 (0)6 11 22 33 44", want: "33611223344"},
	{in: "0033 6 11 22 33 44", want: "33611223344"},
	{in: "33611223344", want: "33611223344"},
	{in: "+41 79 123 45 67", want: "41791234567"},
	{in: "0032 470 12 34 56", want: "32470123456"},
	{in: "", reason: PhoneEmpty},
	{in: " + ", reason: PhoneEmpty},
	{in: "camille@example.org", reason: PhoneLetters},
	{in: "06 11 22 33 4x", reason: PhoneLetters},
	{in: "06+11223344", reason: PhoneLetters},
	{in: "06 11 22 33 4", reason: PhoneShort},
	{in: "06 11 22 33 44 5", reason: PhoneLong},
	{in: "+49 1", reason: PhoneShort},
	{in: "+4912345678901234", reason: PhoneLong},
	{in: "611223344", reason: PhoneCountry},
	{in: "00 0611223344", reason: PhoneCountry},
	{in: "0000000000", reason: PhoneCountry},
}

func TestParsePhone(t *testing.T) {
	for _, tt := range phoneTests {
		got, err := ParsePhone(tt.in)
		var bad *PhoneError
		if got != tt.want || errors.As(err, &bad) != (tt.reason != "") || bad != nil && bad.Reason != tt.reason {
			t.Errorf("%q: got %q, %v; want %q %s", tt.in, got, err, tt.want, tt.reason)
		}
	}
}

func FuzzPhone(f *testing.F) {
	for _, tt := range phoneTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		phone, err := ParsePhone(s)
		if err != nil {
			return
		}
		if again, err := ParsePhone("+" + phone); !isPhone(phone) || err != nil || again != phone {
			t.Errorf("%q: %q became %q, %v", s, phone, again, err)
		}
	})
}

func TestParseSecretCode(t *testing.T) {
	for in, want := range map[string]string{"135790": "135790", " 135 790\n": "135790"} {
		if got, err := ParseSecretCode(in); err != nil || got.Reveal() != want {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, bad := range []string{"", "13579", "1357901", "13579a", "１３５７９０"} {
		if _, err := ParseSecretCode(bad); err != ErrBadSecretCode {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
