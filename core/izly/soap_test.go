package izly

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"cartable/core/visible"
)

const (
	answerHead = `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><LogonResponse xmlns="Service"><LogonResult>`
	answerTail = `</LogonResult></LogonResponse></soap:Body></soap:Envelope>`
	userData   = `<UserData><UID>33611223344</UID><SALT>a &amp; b</SALT></UserData>`
	fault      = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode><faultstring>Server was unable to process request.</faultstring><detail/></soap:Fault></soap:Body></soap:Envelope>`
)

// Forms in which the same answer may come (izly-today §1.2).
var answerForms = map[string]string{
	"entities":             answerHead + html.EscapeString(userData) + answerTail,
	"white space around":   answerHead + "\n      " + html.EscapeString(userData) + "\n    " + answerTail,
	"decimal entities":     answerHead + decimalEntities(userData) + answerTail,
	"CDATA":                answerHead + "<![CDATA[" + userData + "]]>" + answerTail,
	"declaration":          answerHead + html.EscapeString(`<?xml version="1.0" encoding="utf-8"?>`+userData) + answerTail,
	"declaration, utf-16":  answerHead + html.EscapeString(`<?xml version="1.0" encoding="utf-16"?>`+userData) + answerTail,
	"a byte order mark":    "\ufeff" + answerHead + html.EscapeString("\ufeff"+userData) + answerTail,
	"other prefixes":       `<S:Envelope xmlns:S="urn:s"><S:Header/><S:Body><n:LogonResponse xmlns:n="Service"><n:LogonResult xsi:type="x">` + html.EscapeString(userData) + `</n:LogonResult></n:LogonResponse></S:Body></S:Envelope>`,
	"name space in result": answerHead + html.EscapeString(strings.Replace(userData, "<UserData>", `<UserData xmlns="urn:x" xmlns:xsi="urn:y">`, 1)) + answerTail,
}

func decimalEntities(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.String()
}

func TestUnwrap(t *testing.T) {
	for name, body := range answerForms {
		doc, err := unwrap(opLogon, http.StatusOK, body)
		if err != nil || doc.name != rootUserData || doc.at("UID") != "33611223344" || doc.at("SALT") != "a & b" {
			t.Errorf("%s: %+v, %v", name, doc, err)
		}
	}
}

var badAnswers = map[string]string{
	"empty":               "",
	"cut in the envelope": answerHead[:150],
	"cut in the result":   answerHead + html.EscapeString(userData)[:30],
	"cut inner document":  answerHead + html.EscapeString(userData[:30]) + answerTail,
	"empty result":        answerHead + answerTail,
	"text for a result":   answerHead + "maintenance" + answerTail,
	"a web page":          "<!DOCTYPE html><html><head><title>Izly</title></head><body><p>Maintenance<br></body></html>",
	"other envelope":      strings.ReplaceAll(answerHead+html.EscapeString(userData)+answerTail, "Envelope", "Enveloppe"),
	"other method":        strings.ReplaceAll(answerHead+html.EscapeString(userData)+answerTail, "Logon", "Logoff"),
	"two documents":       answerHead + html.EscapeString(userData+userData) + answerTail,
	"too deep":            answerHead + html.EscapeString(strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100)) + answerTail,
	"too many elements":   answerHead + html.EscapeString("<a>"+strings.Repeat("<b/>", boundsOf(opLogon).nodes)+"</a>") + answerTail,
	"too many attributes": answerHead + html.EscapeString("<a"+strings.Repeat(` b=""`, boundsOf(opLogon).nodes)+"/>") + answerTail,
	"entity bomb":         `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + answerHead + "&b;" + answerTail,
	"bytes not UTF-8":     answerHead + "\xff\xfe" + answerTail,
}

func TestUnreadableAnswers(t *testing.T) {
	for name, body := range badAnswers {
		var bad *ReplyError
		if doc, err := unwrap(opLogon, http.StatusOK, body); doc != nil || !errors.As(err, &bad) {
			t.Errorf("%s: %v, %v", name, doc, err)
		}
	}
}

func TestFaultsAndStatuses(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		fault  bool
		is     error
	}{
		{500, fault, true, nil},
		{200, fault, true, nil},
		{500, "oops", false, nil},
		{502, "<html>", false, ErrNetwork},
		{504, "", false, ErrNetwork},
		{408, "", false, ErrNetwork},
		{998, "", false, ErrNetwork},
		{302, "", false, nil},
		{401, "", false, ErrSessionExpired},
		{404, answerForms["entities"], false, nil},
	} {
		_, err := unwrap(opCards, tt.status, tt.body)
		var bad *StatusError
		if !errors.As(err, &bad) || bad.Status != tt.status || bad.Fault != tt.fault || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%d: %v", tt.status, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		op, in string
		want   Error
		is     error
	}{
		{
			opLogon, `<Error>LOGON</Error><Code>105</Code><Msg>Votre code secret est incorrect.</Msg><Prio>2</Prio>`,
			Error{Code: 105, Prio: 2, Msg: "Votre code secret est incorrect."},
			ErrWrongCode,
		},
		{opLogon, `<Error>X</Error><Code>506</Code><Prio>0</Prio>`, Error{Code: 506, Prio: 0}, ErrBlocked},
		{opCards, `<Error>X</Error><Code>141</Code><Prio>0</Prio>`, Error{Code: 141, Prio: 0}, ErrSessionExpired},
		{opCards, `<Error>X</Error><Code>9000</Code><Prio>1</Prio>`, Error{Code: 9000, Prio: 1}, ErrSessionExpired},
		{opCards, `<Error>X</Error><Code>9000</Code><Prio>0</Prio>`, Error{Code: 9000, Prio: 0}, ErrMustEnrol},
		{opConfirm, `<Error>X</Error><Code>512</Code><Prio>3</Prio>`, Error{Code: 512, Prio: 3}, nil},
		{opCards, `<Error>140</Error><Msg>Session expirée</Msg>`, Error{Code: 140, Prio: -1, Msg: "Session expirée"}, ErrSessionExpired},
		{opCards, `<Error>X</Error><Msg>` + strings.Repeat("x", 1000) + `</Msg>`, Error{Prio: -1, Msg: strings.Repeat("x", visible.MaxLine-1) + "…"}, nil},
		{opCards, ``, Error{Prio: -1}, nil},
	} {
		body := strings.ReplaceAll(answerHead+html.EscapeString("<E>"+tt.in+"</E>")+answerTail, "Logon", tt.op)
		_, err := unwrap(tt.op, http.StatusOK, body)
		tt.want.Op = tt.op
		var got *Error
		if !errors.As(err, &got) || *got != tt.want || tt.is != nil && !errors.Is(err, tt.is) || tt.is == nil && got.kind() != nil {
			t.Errorf("%s: %+v", tt.in, err)
		}
	}
}

// What leaves is what was meant, whatever characters it holds.
func TestEnvelopeEscapes(t *testing.T) {
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	const odd = `<a>&amp;"'é]]>` + "\n\t 12;"
	text := c.envelope(opCards, []arg{{name: "cardId", value: odd}, {name: "amount", null: true}})
	var back struct {
		Call struct {
			Inner string `xml:",innerxml"`
			Card  string `xml:"Service cardId"`
			Null  []struct {
				Attrs []xml.Attr `xml:",any,attr"`
			} `xml:"Service amount"`
		} `xml:"Body>MoneyInCbCbList"`
	}
	if err := xml.Unmarshal([]byte(text), &back); err != nil || back.Call.Card != odd {
		t.Errorf("%q, %v", back.Call.Card, err)
	}
	if null := back.Call.Null; len(null) != 1 || len(null[0].Attrs) != 1 || null[0].Attrs[0].Value != "true" {
		t.Errorf("null argument: %+v", null)
	}
	for _, want := range []string{
		`<v:Header/><v:Body><MoneyInCbCbList xmlns="Service" id="o0" c:root="1"><version i:type="d:string">6.0</version>` +
			`<channel i:type="d:string">AIZ</channel><format i:type="d:string">T</format><model i:type="d:string">A</model>` +
			`<language i:type="d:string">fr</language><cardId i:type="d:string">`,
		`<amount i:null="true" /></MoneyInCbCbList></v:Body></v:Envelope>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range answerForms {
		f.Add(body)
	}
	for name, body := range badAnswers {
		if len(body) < 1000 {
			f.Add(body)
		} else if !strings.HasPrefix(name, "too ") {
			f.Fatalf("%s is too long for a seed", name)
		}
	}
	for _, name := range []string{"logon.xml", "rminc.xml", "statement.xml", "cards.xml"} {
		f.Add(answerHead + html.EscapeString(readFile(f, name)) + answerTail)
	}
	c := &Client{cfg: Config{Location: time.UTC, Now: time.Now}}
	f.Fuzz(func(t *testing.T, body string) {
		doc, err := unwrap(opLogon, http.StatusOK, body)
		if (doc == nil) == (err == nil) {
			t.Fatalf("%v and %v", doc, err)
		}
		if doc == nil {
			return
		}
		if ops, err := c.readOperations(doc); err == nil {
			for _, op := range ops {
				if op.Amount < 0 || op.Fee < 0 || len([]rune(op.Party)) > visible.MaxName {
					t.Errorf("operation %+v", op)
				}
			}
		}
		if cards, err := c.readCards(doc); err == nil && len(cards.Cards) > maxCards {
			t.Errorf("%d cards", len(cards.Cards))
		}
		var a Account
		if c.openSession(&a, doc) == nil && (a.SessionID.Empty() || a.AccessToken.Empty()) {
			t.Error("a session without its id or token")
		}
		_ = new(TopUp).read(doc)
	})
}

func FuzzRESTBalance(f *testing.F) {
	f.Add(`{"IsSessionValidResult":{"Result":true,"UP":{"BAL":12.34,"CASHBAL":0,"G7CARDBAL":0,"LUD":"14-01-2026 12:41:08"}}}`)
	f.Add(`{"IsSessionValidResult":{"Result":true,"UP":{"BAL":"12,34","CASHBAL":"0.00","LUD":"14-01-2026 12:41:08"}}}`)
	f.Add(`{"IsSessionValidResult":{"Result":true,"UP":{"BAL":1e9,"LUD":null}}}`)
	f.Add(`{"Code":140,"ErrorMessage":"Session expirée","Priority":2}`)
	f.Add(`[]`)
	c := &Client{cfg: Config{Location: time.UTC, Now: time.Now}}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := c.readRESTBalance(text); b != nil && err != nil {
			t.Errorf("%v and %v", b, err)
		}
	})
}

func BenchmarkStatement(b *testing.B) {
	one := readFile(b, "statement.xml")
	from, to := strings.Index(one, "<P>"), strings.LastIndex(one, "</TOTAL>")
	inner := one[:from] + strings.Repeat(one[from:to], 100) + one[to:]
	body := strings.ReplaceAll(answerHead+html.EscapeString(inner)+answerTail, "Logon", opStatement)
	c := &Client{cfg: Config{Location: time.UTC, Now: time.Now}}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		doc, err := unwrap(opStatement, http.StatusOK, body)
		if err != nil {
			b.Fatal(err)
		}
		if ops, err := c.readOperations(doc); err != nil || len(ops) != 200 {
			b.Fatal(len(ops), err)
		}
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
