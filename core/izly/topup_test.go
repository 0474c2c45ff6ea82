package izly_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"cartable/core/izly"
	"cartable/core/secret"
	sim "cartable/sim/izly"
)

func TestTopUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server sim.Config
		print  izly.PrintMode
	}{
		{"prefixed", sim.Config{Print: sim.PrintPrefixed, StrictAmount: true, Window: -1}, izly.PrintPrefixed},
		{"seed", sim.Config{Print: sim.PrintSeed, StrictAmount: true, Window: -1, SeedWorld: true}, izly.PrintSeed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, w, s := enrolled(t, tt.server, izly.Config{Print: tt.print})
			before, old := server.Balance(phone), s.account(t)
			prepared, err := w.PrepareTopUp(t.Context(), card, 12_50)
			if err != nil || prepared.Credit != 12_50 || prepared.Debit != 12_50 || prepared.CardID != card || server.Balance(phone) != before {
				t.Fatalf("prepare: %+v, %v", prepared, err)
			}
			done, err := w.ConfirmTopUp(t.Context(), prepared, code)
			if err != nil || done.Redirect != nil || done.Balance == nil || int64(done.Balance.Main) != before+12_50 {
				t.Fatalf("confirm: %+v, %v", done, err)
			}
			if server.Balance(phone) != before+12_50 {
				t.Errorf("the server holds %d, held %d", server.Balance(phone), before)
			}
			now := s.account(t)
			if now.Counter != old.Counter+1 || now.SessionID.Reveal() == old.SessionID.Reveal() {
				t.Errorf("kept counter %d after %d, same session: %v", now.Counter, old.Counter, now.SessionID.Reveal() == old.SessionID.Reveal())
			}
			st, err := w.Statement(t.Context()) // works with the new session id
			if err != nil || st.Operations[0].Type != izly.TypeTopUp || st.Operations[0].Amount != 12_50 || st.Operations[0].ID != done.ID {
				t.Errorf("statement: %+v, %v", st.Operations[0], err)
			}
		})
	}
}

// What is signed and sent, against the vectors of izly-today §7.2.
func TestConfirmOnTheWire(t *testing.T) {
	for mode, print := range map[izly.PrintMode]string{
		izly.PrintPrefixed: "34fhqOMfbd1WUHspE-9CGRal8tE=", izly.PrintSeed: "4ptCPdeiTj5jBhwlK8d-dUe-zlo=",
	} {
		server, w, _ := scripted(t, map[string][]string{"MoneyInCbConfirm": {testdata(t, "rminc.xml")}}, izly.Config{Print: mode})
		done, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code)
		if err != nil || done.ID != "900501" || done.Balance.Main != 22_34 {
			t.Fatalf("%q: %+v, %v", mode, done, err)
		}
		sent := server.seen()[0]
		for name, want := range map[string]string{
			"version": "6.0", "channel": "AIZ", "format": "T", "model": "A", "language": "fr", "userId": phone,
			"sessionId": "5b0d7a1e-9c44-4f0a-8f63-2d1c7e9ab310", "cardId": card, "amount": "10.0",
			"passOTP": "135790ZQ1puPa8MOEP0Ce96H9j_eaQMak=", "print": print,
		} {
			if sent.args[name] != want {
				t.Errorf("%q: sent %s=%q, want %q", mode, name, sent.args[name], want)
			}
		}
		for name, want := range map[string]string{
			"Content-Type": "text/xml;charset=utf-8", "Soapaction": "Service/MoneyInCbConfirm", "User-Agent": "ksoap2-android/2.6.0+",
			"Clientversion": "6.0", "Smoneyclienttype": "PART", "Authorization": "Bearer at-7Zq",
		} {
			if got := sent.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if a := w.Account(); a.SessionID.Reveal() != "c1a9e5d2-77f0-4b1c-9a63-0f5e2b8d4471" || a.Counter != 3 {
			t.Errorf("%q: session not adopted, or counter %d", mode, a.Counter)
		}
	}
}

// An answer that is lost or unreadable leaves the outcome unknown, whether or not the money moved, and the
// order has been sent exactly once.
func TestConfirmOutcomeUnknown(t *testing.T) {
	const method = "MoneyInCbConfirm"
	for _, tt := range []struct {
		name    string
		fault   func(*sim.Server)
		credits bool
	}{
		{"lost before the credit", func(s *sim.Server) { s.DropAnswer(method, true) }, false},
		{"lost after the credit", func(s *sim.Server) { s.DropAnswer(method, false) }, true},
		{"SOAP fault", func(s *sim.Server) { s.Fault(method) }, false},
		{"cut in half", func(s *sim.Server) { s.Truncate(method) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, w, s := enrolled(t, sim.Config{}, izly.Config{})
			before, counter := server.Balance(phone), s.account(t).Counter
			prepared, err := w.PrepareTopUp(t.Context(), card, 20_00)
			if err != nil {
				t.Fatal(err)
			}
			tt.fault(server)
			if _, err = w.ConfirmTopUp(t.Context(), prepared, code); !errors.Is(err, izly.ErrOutcomeUnknown) {
				t.Errorf("confirm: %v", err)
			}
			if n := count(server, method); n != 1 {
				t.Errorf("sent %d times", n)
			}
			if credited := server.Balance(phone) != before; credited != tt.credits || s.account(t).Counter != counter+1 {
				t.Errorf("credited: %v; counter %d after %d", credited, s.account(t).Counter, counter)
			}
		})
	}
}

// A caller that gives up while the order is under way does not know its outcome either.
func TestConfirmGivenUp(t *testing.T) {
	server, w, _ := scripted(t, nil, izly.Config{})
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the person has gone")
	server.raw = func(_ http.ResponseWriter, r *http.Request) {
		cancel(gone)
		<-r.Context().Done()
	}
	top := izly.TopUp{CardID: card, Credit: 10_00}
	if _, err := w.ConfirmTopUp(ctx, top, code); !errors.Is(err, izly.ErrOutcomeUnknown) || errors.Is(err, gone) {
		t.Errorf("under way: %v", err)
	}
	if _, err := w.ConfirmTopUp(ctx, top, code); !errors.Is(err, gone) || errors.Is(err, izly.ErrOutcomeUnknown) || w.Account().Counter != 3 {
		t.Errorf("before it began: %v", err)
	}
}

func TestConfirmRefused(t *testing.T) {
	server, w, s := enrolled(t, sim.Config{}, izly.Config{})
	prepared, err := w.PrepareTopUp(t.Context(), card, 20_00)
	if err != nil {
		t.Fatal(err)
	}
	before := server.Balance(phone)
	server.FailNext("MoneyInCbConfirm", 9042, 3, "Carte refusée.\nVoyez votre banque.")
	_, err = w.ConfirmTopUp(t.Context(), prepared, code)
	var refused *izly.Error
	if !errors.As(err, &refused) || errors.Is(err, izly.ErrOutcomeUnknown) || refused.Code != 9042 || refused.Prio != 3 ||
		refused.Msg != "Carte refusée. Voyez votre banque." {
		t.Errorf("refused: %v", err)
	}
	if _, err = w.ConfirmTopUp(t.Context(), prepared, secret.New("999999")); !errors.Is(err, izly.ErrWrongCode) || errors.Is(err, izly.ErrOutcomeUnknown) {
		t.Errorf("wrong code: %v", err)
	}
	if server.Balance(phone) != before || s.account(t).Counter != 2 {
		t.Errorf("balance %d was %d, counter %d", server.Balance(phone), before, s.account(t).Counter)
	}
}

func TestConfirmNeverSent(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + dead.Addr().String()
	dead.Close()
	_, w, s := scripted(t, nil, izly.Config{})
	c, err := izly.New(izly.Config{SOAPURL: address})
	if err != nil {
		t.Fatal(err)
	}
	top := izly.TopUp{CardID: card, Credit: 10_00}
	if _, err = c.Open(w.Account(), s.keep).ConfirmTopUp(t.Context(), top, code); !errors.Is(err, izly.ErrNetwork) || errors.Is(err, izly.ErrOutcomeUnknown) {
		t.Errorf("no connection: %v", err)
	}

	full := errors.New("disk full")
	s.fail = full
	server, w, s := scripted(t, nil, izly.Config{})
	s.fail = full
	if _, err = w.ConfirmTopUp(t.Context(), top, code); !errors.Is(err, full) || len(server.seen()) != 0 || w.Account().Counter != 2 {
		t.Errorf("keep failed: %v after %d requests", err, len(server.seen()))
	}
	s.fail = nil
	if _, err = w.ConfirmTopUp(t.Context(), top, secret.New("12345")); !errors.Is(err, izly.ErrBadSecretCode) || s.writes != 0 {
		t.Errorf("short code: %v after %d writes", err, s.writes)
	}
}

func TestConfirmThreeDSecure(t *testing.T) {
	server, w, _ := enrolled(t, sim.Config{ThreeDSecure: true}, izly.Config{})
	before := server.Balance(phone)
	prepared, err := w.PrepareTopUp(t.Context(), card, 20_00)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.ConfirmTopUp(t.Context(), prepared, code)
	if err != nil || got.Redirect == nil || got.Redirect.URL.Empty() || got.Redirect.Params.Empty() || server.Balance(phone) != before {
		t.Fatalf("confirm: %+v, %v", got, err)
	}
	if _, err := w.Statement(t.Context()); err != nil {
		t.Errorf("statement with the session after it: %v", err)
	}
}

// Nothing about an unknown outcome may look like a reason to renew the session and order again.
func TestUnknownIsNothingElse(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusServiceUnavailable} {
		server, w, _ := scripted(t, nil, izly.Config{})
		server.raw = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		_, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code)
		if !errors.Is(err, izly.ErrOutcomeUnknown) || errors.Is(err, izly.ErrSessionExpired) || errors.Is(err, izly.ErrNetwork) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestConfirmOddAnswers(t *testing.T) {
	for name, inner := range map[string]string{
		"that of MoneyInCb":  `<RMIN><ID>1</ID></RMIN>`,
		"an SMS":             `<UserData><UID>33611223344</UID></UserData>`,
		"half a redirection": `<RMINC><ID>1</ID><RDURL>https://bank.example</RDURL></RMINC>`,
		"nothing":            ``,
	} {
		server, w, _ := scripted(t, map[string][]string{"MoneyInCbConfirm": {inner}}, izly.Config{})
		if _, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code); !errors.Is(err, izly.ErrOutcomeUnknown) || len(server.seen()) != 1 {
			t.Errorf("%s: %v after %d requests", name, err, len(server.seen()))
		}
	}
	_, seed, _ := scripted(t, map[string][]string{"MoneyInCbConfirm": {`<OK/>`}}, izly.Config{})
	if _, err := seed.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code); err != nil {
		t.Errorf("an answer that is no refusal: %v", err)
	}
	_, w, _ := scripted(t, map[string][]string{"MoneyInCbConfirm": {`<RMINC><CRED>many</CRED></RMINC>`}}, izly.Config{})
	if got, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00, Debit: 10_50}, code); err != nil || got.Credit != 10_00 || got.Debit != 10_50 {
		t.Errorf("an amount that cannot be read, of a top-up that is done: %+v, %v", got, err)
	}
}

func TestPrepareMismatch(t *testing.T) {
	for inner, field := range map[string]string{
		`<RMIN><CID>` + card + `</CID><DEB>500.00</DEB><CRED>10.00</CRED><COM>0.00</COM></RMIN>`: "debit",
		`<RMIN><DEB>500.00</DEB><CRED>10.00</CRED><COM>0.50</COM></RMIN>`:                        "debit",
		`<RMIN><DEB>9.99</DEB></RMIN>`:                                               "fee",
		`<RMIN><DEB>9.99</DEB><COM>0</COM></RMIN>`:                                   "debit",
		`<RMIN><DEB>500.00</DEB></RMIN>`:                                             "fee",
		`<RMIN><COM>490.00</COM></RMIN>`:                                             "fee",
		`<RMIN><DEB>9.50</DEB><COM>-0.50</COM></RMIN>`:                               "fee",
		`<RMIN><DEB>10.50</DEB><CRED>10.00</CRED><COM/></RMIN>`:                      "",
		`<RMIN><DEB>10.00</DEB><COM>0.50</COM></RMIN>`:                               "",
		`<RMIN><CID>0c77be12a94f4d6f8e3310aa5bd2f901</CID><CRED>10.00</CRED></RMIN>`: "card",
		`<RMIN><CID>` + card + `</CID><CRED>100.00</CRED></RMIN>`:                    "amount",
		`<RMIN><CID>` + card + `</CID><CRED>10,00</CRED><COM>0,50</COM></RMIN>`:      "",
		`<RMIN/>`: "",
	} {
		_, w, _ := scripted(t, map[string][]string{"MoneyInCb": {inner}}, izly.Config{})
		_, err := w.PrepareTopUp(t.Context(), card, 10_00)
		var other *izly.MismatchError
		if errors.As(err, &other) != (field != "") || other != nil && other.Field != field || other == nil && err != nil {
			t.Errorf("%s: %v", inner, err)
		}
	}
	for inner, want := range map[string]izly.TopUp{
		`<RMIN><DEB>10.50</DEB></RMIN>`: {CardID: card, Debit: 10_50, Credit: 10_00, Fee: 50},
		`<RMIN><COM>0.50</COM></RMIN>`:  {CardID: card, Debit: 10_50, Credit: 10_00, Fee: 50},
		`<RMIN/>`:                       {CardID: card, Debit: 10_00, Credit: 10_00},
	} {
		_, w, _ := scripted(t, map[string][]string{"MoneyInCb": {inner}}, izly.Config{})
		if got, err := w.PrepareTopUp(t.Context(), card, 10_00); err != nil || got != want {
			t.Errorf("%s: %+v, %v", inner, got, err)
		}
	}
	server, w, _ := scripted(t, nil, izly.Config{})
	for _, amount := range []izly.Cents{0, -10_00} {
		if _, err := w.PrepareTopUp(t.Context(), card, amount); !errors.Is(err, izly.ErrBadAmount) || len(server.seen()) != 0 {
			t.Errorf("%d: %v", amount, err)
		}
	}
}

// A redirection is an answer like any other: following one would send the order to another server.
func TestRedirectsAreNotFollowed(t *testing.T) {
	server, w, _ := scripted(t, nil, izly.Config{})
	server.raw = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}
	var unknown *izly.OutcomeError
	var odd *izly.StatusError
	if _, err := w.ConfirmTopUp(t.Context(), izly.TopUp{CardID: card, Credit: 10_00}, code); !errors.As(err, &unknown) || !errors.As(unknown.Err, &odd) || odd.Status != 307 || len(server.seen()) != 1 {
		t.Errorf("%v after %d requests", err, len(server.seen()))
	}
}
