package izly

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

const zeepRequest = `<?xml version='1.0' encoding='utf-8'?>
<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Body>
<ns0:MoneyInCb xmlns:ns0="Service"><ns0:amount>10.0</ns0:amount><ns0:cardId/></ns0:MoneyInCb></soap-env:Body></soap-env:Envelope>`

var envelopeTests = []struct {
	name, in string
	method   string // "": must be refused
	args     map[string]string
}{
	{"ksoap2", envelopeOf("Logon", "user", "33611223344", "rooted", "0"), "Logon", map[string]string{"user": "33611223344", "rooted": "0"}},
	{"zeep", zeepRequest, "MoneyInCb", map[string]string{"amount": "10.0", "cardId": ""}},
	{"comment", envelopeOf("Logon", "user", "x") + "<!-- -->", "Logon", map[string]string{"user": "x"}},
	{"entities", strings.Replace(envelopeOf("Logon", "user", "VALUE"), "VALUE", "a&#43;b&#x40;c&amp;<![CDATA[<]]>", 1), "Logon", map[string]string{"user": "a+b@c&<"}},
	{"null", strings.Replace(envelopeOf("Logon", "password", "VALUE"), ` i:type="d:string">VALUE</password>`, ` i:null="true" />`, 1), "Logon", map[string]string{"password": ""}},
	{"nil", `<Envelope><Body><A><b nil="1">c</b></A></Body></Envelope>`, "A", map[string]string{"b": ""}},
	{"empty", ``, "", nil},
	{"no envelope", `<Body><A/></Body>`, "", nil},
	{"no body", `<Envelope><Header><Body/></Header></Envelope>`, "", nil},
	{"empty body", `<Envelope><Body/></Envelope>`, "", nil},
	{"two methods", `<Envelope><Body><A/><B/></Body></Envelope>`, "", nil},
	{"two bodies", `<Envelope><Body><A/></Body><Body/></Envelope>`, "", nil},
	{"trailing element", `<Envelope><Body><A/></Body></Envelope><A/>`, "", nil},
	{"repeated argument", `<Envelope><Body><A><b/><b/></A></Body></Envelope>`, "", nil},
	{"element in argument", `<Envelope><Body><A><b><c/></b></A></Body></Envelope>`, "", nil},
	{"text between", `<Envelope><Body><A>x<b/></A></Body></Envelope>`, "", nil},
	{"cut", zeepRequest[:len(zeepRequest)-5], "", nil},
	{"DOCTYPE", `<!DOCTYPE Envelope [<!ENTITY e "x">]>` + envelopeOf("Logon"), "", nil},
	{"unknown entity", `<Envelope><Body><A><b>&e;</b></A></Body></Envelope>`, "", nil},
	{"other charset", `<?xml version="1.0" encoding="latin1"?><Envelope><Body><A/></Body></Envelope>`, "", nil},
	{"too many arguments", `<Envelope><Body><A>` + manyElements(maxArgs+1) + `</A></Body></Envelope>`, "", nil},
}

func manyElements(n int) string {
	var b strings.Builder
	for i := range n {
		name := "a" + strings.Repeat("x", i)
		b.WriteString("<" + name + "/>")
	}
	return b.String()
}

func TestEnvelope(t *testing.T) {
	for _, tt := range envelopeTests {
		got, err := parseEnvelope([]byte(tt.in))
		if (err != nil) != (tt.method == "") || err == nil && (got.Method != tt.method || !maps.Equal(got.Args, tt.args)) {
			t.Errorf("%s: got %+v, %v; want %s %q", tt.name, got, err, tt.method, tt.args)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, tt := range envelopeTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := parseEnvelope(in)
		if err != nil {
			return
		}
		if len(got.Args) > maxArgs {
			t.Fatalf("%d arguments", len(got.Args))
		}
		// The law: what was read says the same when it is written by the book.
		var args []string
		for _, name := range slices.Sorted(maps.Keys(got.Args)) {
			args = append(args, name, got.Args[name])
		}
		again, err := parseEnvelope([]byte(envelopeOf(got.Method, args...)))
		if err != nil || again.Method != got.Method || !maps.Equal(again.Args, got.Args) {
			t.Errorf("%q became %q, %v", got, again, err)
		}
	})
}
