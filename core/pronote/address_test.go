package pronote

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

var addressTests = []struct {
	in    string
	want  Address
	space Space
}{
	{"https://0350000x.index-education.net/pronote/eleve.html?login=true", "https://0350000x.index-education.net/pronote", SpacePupil},
	{"https://0350000x.index-education.net/pronote/mobile.parent.html", "https://0350000x.index-education.net/pronote", SpaceParent},
	{"https://0350000x.index-education.net/pronote/", "https://0350000x.index-education.net/pronote", ""},
	{"  0350000X.Index-Education.NET/pronote \n", "https://0350000x.index-education.net/pronote", ""},
	{"0350000x.index-education.net", "https://0350000x.index-education.net/pronote", ""},
	{"https://0350000x.index-education.net/parent.html", "https://0350000x.index-education.net/pronote", SpaceParent},
	{"<https://pronote.lycee.example/>,", "https://pronote.lycee.example", ""},
	{"https://pronote.lycee.example/Eleve.HTML?x=1#y", "https://pronote.lycee.example", SpacePupil},
	{"https://pronote.lycee.example:8443/a//b/../c/", "https://pronote.lycee.example:8443/a/c", ""},
	{"https://pronote.lycee.example/pronote/professeur.html", "https://pronote.lycee.example/pronote", ""},
	{"https://écoles.example/pronote", "https://xn--coles-9ra.example/pronote", ""},
	{"https://lycee.example./pronote", "https://lycee.example/pronote", ""},
	{"https://93.184.216.34/pronote", "https://93.184.216.34/pronote", ""},
	{"HTTPS://lycee.example", "https://lycee.example", ""},
	{"lycee.example..", "https://lycee.example", ""},
}

func TestParseAddress(t *testing.T) {
	for _, tt := range addressTests {
		got, space, err := ParseAddress(tt.in, false)
		if err != nil || got != tt.want || space != tt.space {
			t.Errorf("%q: got %q, %q, %v; want %q, %q", tt.in, got, space, err, tt.want, tt.space)
		}
	}
}

var badAddressTests = []struct {
	in     string
	reason AddressReason
}{
	{"", AddressEmpty},
	{" \u00a0 ", AddressEmpty},
	{"http://lycee.example/pronote", AddressNotHTTPS},
	{"ftp://lycee.example/pronote", AddressNotHTTPS},
	{"javascript://lycee.example/%0aalert(1)", AddressNotHTTPS},
	{"https://user:pass@lycee.example/pronote", AddressUserInfo},
	{"https:///pronote", AddressNoHost},
	{"https://pronote", AddressNoHost},
	{"bonjour", AddressNoHost},
	{"mon lycée à Rennes", AddressNotURL},
	{"https://lycee.example:port/", AddressNotURL},
	{"https://[::1/", AddressNotURL},
	{"https://-.example/", AddressNotURL},
	{"https://.example/", AddressNotURL},
	{"\xff.example", AddressNotURL},
	{"https://127。0。0。1/", AddressPrivate},
	{"https://127.0.0.1/pronote", AddressPrivate},
	{"https://[::ffff:10.0.0.1]/pronote", AddressPrivate},
	{"https://169.254.169.254/latest", AddressPrivate},
	{"https://" + strings.Repeat("a", maxAddress), AddressTooLong},
}

func TestBadAddresses(t *testing.T) {
	for _, tt := range badAddressTests {
		_, _, err := ParseAddress(tt.in, false)
		address, ok := errors.AsType[*AddressError](err)
		if !ok || address.Reason != tt.reason {
			t.Errorf("%.60q: %v, want %q", tt.in, err, tt.reason)
		}
	}
}

func TestPrivateAddressesWhereAllowed(t *testing.T) {
	for in, want := range map[string]Address{
		"http://127.0.0.1:8080/pronote/eleve.html": "http://127.0.0.1:8080/pronote",
		"http://localhost:1":                       "http://localhost:1",
		"https://[::1]:2/x/":                       "https://[::1]:2/x",
	} {
		if got, _, err := ParseAddress(in, true); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, tt := range addressTests {
		f.Add(tt.in)
	}
	for _, tt := range badAddressTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, _, err := ParseAddress(text, false)
		if err != nil {
			return
		}
		u, err := url.Parse(string(address))
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q: got %q", text, address)
		}
		if strings.Trim(string(address), pasted) != string(address) {
			return // a folder that ends like a sentence
		}
		// The law: an address stays what it is.
		if again, _, err := ParseAddress(string(address), false); err != nil || again != address {
			t.Errorf("%q: %q became %q, %v", text, address, again, err)
		}
	})
}
