package izly

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// The student of the vectors in izly-today §7.2 and §8.
const (
	phone = "33611223344"
	code  = "135790"
	card  = "9f2c41d07be845a3b6d1e80c5a7f3e12"
)

// client speaks to a server by hand, as the protocol documents show it and nothing more.
type client struct {
	t   *testing.T
	sim *Server
	url string
	now time.Time // the server's clock

	sid, token string
	key        []byte
	counter    uint64
}

// start makes a server on loopback at noon of a Wednesday in Paris.
func start(t *testing.T, cfg Config) *client {
	t.Helper()
	c := &client{t: t, now: time.Date(2026, 1, 14, 11, 0, 0, 0, time.UTC)}
	cfg.Now = func() time.Time { return c.now }
	c.sim = New(cfg)
	web := httptest.NewServer(c.sim)
	t.Cleanup(web.Close)
	c.url = web.URL
	return c
}

// envelopeOf writes a request as ksoap2 does; args are names and values in turn.
func envelopeOf(method string, args ...string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?><v:Envelope xmlns:i="http://www.w3.org/2001/XMLSchema-instance"` +
		` xmlns:d="http://www.w3.org/2001/XMLSchema" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/"` +
		` xmlns:v="http://schemas.xmlsoap.org/soap/envelope/"><v:Header/><v:Body><` + method + ` xmlns="Service" id="o0" c:root="1">`)
	for pair := range slices.Chunk(args, 2) {
		b.WriteString("<" + pair[0] + ` i:type="d:string">`)
		_ = xml.EscapeText(&b, []byte(pair[1])) // a strings.Builder takes every write
		b.WriteString("</" + pair[0] + ">")
	}
	b.WriteString("</" + method + "></v:Body></v:Envelope>")
	return b.String()
}

// post sends a SOAP request and gives status and body; status 0 is a broken connection.
func (c *client) post(method, envelope string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequest("POST", c.url+"/Service.asmx", strings.NewReader(envelope))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/xml;charset=utf-8")
	req.Header.Set("SOAPAction", "Service/"+method)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.do(req)
}

func (c *client) do(req *http.Request) (int, string) {
	c.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(body) + res.Header.Get("Location")
}

// answer is any inner document: what tests look at.
type answer struct {
	XMLName xml.Name
	Code    int
	Msg     string
	UID     string
	SALT    string
	SID     string
	Access  string `xml:"OAUTH>ACCESS_TOKEN"`
	SEED    string
	NSSE    string
	QR      string                                          `xml:"QR_CODE_PRIVATE_KEY"`
	Public  string                                          `xml:"USER_PUBLIC_ID"`
	BAL     string                                          `xml:"UP>BAL"`
	LUD     string                                          `xml:"UP>LUD"`
	P       []row                                           `xml:"TOTAL>P"`
	PL      []row                                           `xml:"PL>P"`
	CB      []struct{ ID, ALIAS, HNT, NWK, DEFAULT string } `xml:"CBL>CB"`
	ID      string
	CRED    string
	RDURL   string
	RDP     string `xml:"RDPARAMS"`
}

type row struct {
	ID, DATE, TYPE, TYPEDIRECTION, STATUS, DEB, CRED, USERID, MSG string
}

// soap calls a method with the common arguments and the session, and unwraps the answer.
func (c *client) soap(method string, args ...string) answer {
	c.t.Helper()
	all := []string{"version", "6.0", "channel", "AIZ", "format", "T", "model", "A", "language", "fr"}
	if method != "Logon" {
		all = append(all, "userId", phone, "sessionId", c.sid)
	}
	status, body := c.post(method, envelopeOf(method, append(all, args...)...))
	if status != http.StatusOK {
		c.t.Fatalf("%s: status %d: %s", method, status, body)
	}
	return unwrap(c.t, method, body)
}

// unwrap reads an answer as izly-today §1.2 describes it.
func unwrap(t *testing.T, method, body string) answer {
	t.Helper()
	_, body, ok1 := strings.Cut(body, "<"+method+`Response xmlns="Service"><`+method+"Result>")
	inner, _, ok2 := strings.Cut(body, "</"+method+"Result></"+method+"Response></soap:Body></soap:Envelope>")
	if !ok1 || !ok2 || strings.Contains(inner, "<") {
		t.Fatalf("%s: not the envelope of an answer: %s", method, body)
	}
	inner = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(inner)
	var a answer
	if err := xml.Unmarshal([]byte(inner), &a); err != nil {
		t.Fatalf("%s: %v in %s", method, err, inner)
	}
	return a
}

func (c *client) logon(args ...string) answer {
	c.t.Helper()
	return c.soap("Logon", append([]string{"user", phone, "smoneyClientType", "PART", "rooted", "0"}, args...)...)
}

// adopt takes the session of a Logon answer.
func (c *client) adopt(a answer) answer {
	c.t.Helper()
	c.want(a, "Logon", 0)
	c.sid, c.token = a.SID, a.Access
	return a
}

// want checks the root of an answer and, for E, its code.
func (c *client) want(a answer, root string, code int) {
	c.t.Helper()
	if a.XMLName.Local != root || a.Code != code {
		c.t.Fatalf("answer is %s with code %d (%s); want %s with code %d", a.XMLName.Local, a.Code, a.Msg, root, code)
	}
}

// otp gives the next OTP and uses it up.
func (c *client) otp() string {
	c.counter++
	return otp(c.key, c.counter-1)
}

// code is the activation code of the newest SMS.
func (c *client) code() string {
	c.t.Helper()
	links := c.sim.SMS(phone)
	if len(links) == 0 {
		c.t.Fatal("no SMS was sent")
	}
	link := links[len(links)-1]
	return link[strings.LastIndex(link, "/")+1:]
}

// enrol goes the way of the seed.
func (c *client) enrol() *client {
	c.t.Helper()
	c.want(c.logon("password", code), "UserData", 0)
	c.key, c.counter = mustDecode(c.code()), 0
	c.adopt(c.logon("password", "", "passOTP", c.otp()))
	return c
}

func (c *client) violations(want ...string) {
	c.t.Helper()
	if got := c.sim.Violations(); !slices.Equal(got, want) {
		c.t.Errorf("violations: %q; want %q", got, want)
	}
}

func cents(t *testing.T, text string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(strings.Replace(text, ".", "", 1), &n); err != nil {
		t.Fatal(err)
	}
	return n
}
