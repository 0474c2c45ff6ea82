package izly_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"cartable/core/izly"
	"cartable/core/secret"
)

func TestSettings(t *testing.T) {
	for _, good := range []izly.Config{
		{},
		{Enrolment: "auto", Print: "prefixed"},
		{SOAPURL: "http://127.0.0.1:8080/Service.asmx", Enrolment: izly.EnrolSeed, Print: izly.PrintSeed},
	} {
		if _, err := izly.New(good); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
	for _, tt := range []struct {
		cfg  izly.Config
		name string
	}{
		{izly.Config{SOAPURL: "soap.izly.fr"}, "SOAPURL"},
		{izly.Config{RESTURL: "ftp://rest.izly.fr"}, "RESTURL"},
		{izly.Config{SiteURL: "https://"}, "SiteURL"},
		{izly.Config{Enrolment: "later"}, "Enrolment"},
		{izly.Config{Print: "both"}, "Print"},
	} {
		if _, err := izly.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The caller's client is not changed by ours.
func TestClientIsCopied(t *testing.T) {
	mine := &http.Client{}
	if _, err := izly.New(izly.Config{HTTPClient: mine}); err != nil || mine.CheckRedirect != nil {
		t.Errorf("changed: %v, %v", mine.CheckRedirect != nil, err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	server, w, _ := scripted(t, nil, izly.Config{})
	server.raw = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat(" ", 2<<20)))
	}
	var long *izly.ReplyError
	if _, err := w.Cards(t.Context()); !errors.As(err, &long) || long.Reason != "too long" {
		t.Errorf("%v", err)
	}
}

// The answers to the last Logon of an enrolment that are no session to work with.
func TestActivationOddAnswers(t *testing.T) {
	session := testdata(t, "logon.xml")
	for _, tt := range []struct {
		name, answer string
		want         error
	}{
		{"another SMS", `<UserData><UID>33611223344</UID></UserData>`, izly.ErrActivationSent},
		{"a code refused", `<E><Error>X</Error><Code>105</Code><Prio>0</Prio></E>`, izly.ErrBadActivation},
		{"account blocked", `<E><Error>X</Error><Code>102</Code><Prio>0</Prio></E>`, izly.ErrBlocked},
		{"no key", strings.Replace(session, "SEED>AAEC", "SEED>!", 1), nil},
		{"no session", strings.Replace(session, "ACCESS_TOKEN", "TOKEN", 2), nil},
	} {
		soap := &script{answers: map[string][]string{"Logon": {tt.answer}}}
		both := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.Header().Set("Location", "izly://SBSCR/33611223344/MTIzNDU2")
				w.WriteHeader(http.StatusFound)
				return
			}
			soap.ServeHTTP(w, r)
		})
		s := &safe{}
		w, err := serve(t, both, izly.Config{}).Activate(t.Context(), phone, izly.Activation{Code: secret.New("MTIzNDU2")}, s.keep)
		var odd *izly.ReplyError
		if w != nil || s.writes != 0 || tt.want == nil && !errors.As(err, &odd) || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v after %d writes", tt.name, err, s.writes)
		}
		if sent := soap.seen()[0]; sent.args["actCode"] != "MTIzNDU2" || !strings.Contains(sent.body, `<password i:null="true" />`) {
			t.Errorf("%s: sent %s", tt.name, sent.body)
		}
	}
}

// An order that is done stays done when the store fails afterwards; the wallet goes on with the new session.
func TestTopUpOutlivesTheStore(t *testing.T) {
	server, w, s := scripted(t, map[string][]string{
		"MoneyInCbConfirm": {testdata(t, "rminc.xml")}, "MoneyInCbCbList": {testdata(t, "cards.xml")},
	}, izly.Config{})
	s.note = func(a izly.Account) {
		if len(server.seen()) > 0 {
			s.fail = errors.New("disk full")
		}
	}
	if done, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code); err != nil || done.Credit != 10_00 {
		t.Fatalf("%+v, %v", done, err)
	}
	if _, err := w.Cards(t.Context()); err != nil {
		t.Errorf("cards: %v", err)
	}
	if got := server.seen()[1].args["sessionId"]; got != "c1a9e5d2-77f0-4b1c-9a63-0f5e2b8d4471" {
		t.Error("the old session was used")
	}
}

// Errors say what failed, and nothing of what was in it.
func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"izly: Logon: refused with code 105":                                 &izly.Error{Op: "Logon", Code: 105, Msg: "Bonjour Camille"},
		"izly: GetStatement: HTTP status 404":                                &izly.StatusError{Op: "GetStatement", Status: 404},
		"izly: GetStatement: SOAP fault with HTTP status 500":                &izly.StatusError{Op: "GetStatement", Status: 500, Fault: true},
		"izly: MoneyInCb: the server prepared another card":                  &izly.MismatchError{Field: "card"},
		"izly: phone number: too few digits":                                 &izly.PhoneError{Reason: izly.PhoneShort},
		"izly: activation: the link is for another phone number":             &izly.ActivationError{Reason: izly.ActivationOtherPhone},
		"izly: Logon: unreadable answer: no LogonResult in it":               &izly.ReplyError{Op: "Logon", Reason: "no LogonResult in it"},
		"izly: activation link: the site could not be reached for this test": &izly.NetworkError{Op: "activation link", Err: errors.New("the site could not be reached for this test")},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}
