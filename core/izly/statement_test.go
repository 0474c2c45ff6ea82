package izly_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/izly"
	"cartable/core/visible"
	sim "cartable/sim/izly"
)

func TestStatement(t *testing.T) {
	server, w, _ := scripted(t, map[string][]string{"GetStatement": {testdata(t, "statement.xml")}}, izly.Config{})
	st, err := w.Statement(t.Context())
	if err != nil || !st.Complete || st.Balance.Main != 12_34 {
		t.Fatalf("%+v, %v", st, err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	want := []izly.Operation{
		{ID: "900412", At: time.Date(2026, 1, 14, 12, 41, 8, 0, paris), Type: izly.TypeTerminal, Amount: 3_30, Party: "RU EXEMPLE"},
		{ID: "900377", At: time.Date(2026, 1, 12, 18, 2, 55, 0, paris), Type: izly.TypeTopUp, Status: izly.StatusDone, Credit: true, Amount: 20_00, Party: "Carte perso"},
	}
	same := func(a, b izly.Operation) bool { at := a.At; a.At = b.At; return a == b && at.Equal(b.At) }
	if !slices.EqualFunc(st.Operations, want, same) {
		t.Errorf("got %+v", st.Operations)
	}
	sent := server.seen()
	if len(sent) != 1 || sent[0].args["firstId"] != "-1" || sent[0].args["nbItems"] != "0" || sent[0].args["filter"] != "-1" {
		t.Errorf("sent %+v", sent)
	}
}

func TestOperations(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     izly.Operation
	}{
		{"nothing but an ID", `<ID>1</ID>`, izly.Operation{ID: "1", Type: -1}},
		{"empty elements", `<ID>1</ID><DATE/><TYPE/><DEB/><CRED/><COM/>`, izly.Operation{ID: "1", Type: -1}},
		{
			"names of others", `<ID>1</ID><TYPE>0</TYPE><USERFNAME>&#x200b;</USERFNAME><MSG>Merci&#x202e; !` + strings.Repeat("x", 1000) + `</MSG>`,
			izly.Operation{ID: "1", Type: 0, Credit: true, Party: visible.StandIn, Text: "Merci !" + strings.Repeat("x", visible.MaxLine-8) + "…"},
		},
		{
			"no direction, a type that credits", `<ID>1</ID><TYPE>0</TYPE><STATUS>3</STATUS><CRED>5,00</CRED>`,
			izly.Operation{ID: "1", Type: 0, Status: izly.StatusDone, Credit: true, Amount: 5_00},
		},
		{
			"no direction, a type that debits", `<ID>1</ID><TYPE>1</TYPE><STATUS>5</STATUS><DEB>5.00</DEB><CRED>5.00</CRED>`,
			izly.Operation{ID: "1", Type: 1, Status: izly.StatusPending, Amount: 5_00},
		},
		{
			"no direction, a type unknown, money in", `<ID>1</ID><TYPE>99</TYPE><DEB>0</DEB><CRED>7</CRED>`,
			izly.Operation{ID: "1", Type: 99, Credit: true, Amount: 7_00},
		},
		{
			"a debit whose sum stands in CRED", `<ID>1</ID><TYPE>18</TYPE><TYPEDIRECTION>2</TYPEDIRECTION><CRED>3.30</CRED>`,
			izly.Operation{ID: "1", Type: 18, Amount: 3_30},
		},
		{
			"a top-up with its fee", `<ID>1</ID><TYPE>2</TYPE><TYPEDIRECTION>1</TYPEDIRECTION><STATUS>0</STATUS><DEB>20.50</DEB><CRED>20.00</CRED><COM>0.50</COM>`,
			izly.Operation{ID: "1", Type: 2, Status: izly.StatusPending, Credit: true, Amount: 20_00, Fee: 50},
		},
		{
			"negative sums", `<ID>1</ID><TYPE>8</TYPE><TYPEDIRECTION>2</TYPEDIRECTION><DEB>-3.30</DEB>`,
			izly.Operation{ID: "1", Type: 8, Amount: 3_30},
		},
		{
			"a failed top-up", `<ID>1</ID><TYPE>2</TYPE><TYPEDIRECTION>1</TYPEDIRECTION><STATUS>2</STATUS><CRED>1</CRED>`,
			izly.Operation{ID: "1", Type: 2, Status: izly.StatusFailed, Credit: true, Amount: 1_00},
		},
		{"texts", `<ID>1</ID><TYPE>0</TYPE><USERID>33622334455</USERID><MSG>Merci &amp;
			à&#x202e; bientôt</MSG>`, izly.Operation{ID: "1", Credit: true, Party: "33622334455", Text: "Merci & à bientôt"}},
	} {
		_, w, _ := scripted(t, map[string][]string{"GetStatement": {`<RPL><PL><P>` + tt.in + `</P></PL></RPL>`}}, izly.Config{})
		st, err := w.Statement(t.Context())
		if err != nil || len(st.Operations) != 1 || st.Operations[0] != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, st.Operations, err)
		}
	}
	_, w, _ := scripted(t, map[string][]string{"GetStatement": {`<RPL><TOTAL><P><DEB>lots</DEB></P></TOTAL></RPL>`}}, izly.Config{})
	var odd *izly.ReplyError
	if _, err := w.Statement(t.Context()); !errors.As(err, &odd) {
		t.Errorf("an amount that is none: %v", err)
	}
}

// Pages against a simulator that counts: all of the history, each operation once, newest first.
func TestStatementPages(t *testing.T) {
	server, w, _ := enrolled(t, sim.Config{ListElement: true}, izly.Config{})
	st, err := w.Statement(t.Context())
	if err != nil || !st.Complete {
		t.Fatalf("complete: %v, %v", st.Complete, err)
	}
	held := server.Operations(phone)
	if len(st.Operations) != len(held) || len(held) <= 20 {
		t.Fatalf("got %d of %d", len(st.Operations), len(held))
	}
	for i, op := range st.Operations {
		if h := held[i]; op.ID != fmt.Sprint(h.ID) || op.Credit != (h.Direction == 1) || int64(op.Amount) != cmp.Or(h.Debit, h.Credit) || op.Party != h.Party || op.Text != h.Text {
			t.Errorf("%d: got %+v, the server holds %+v", i, op, h)
		}
	}
	if n := (len(held) + 19) / 20; count(server, "GetStatement") != n {
		t.Errorf("%d requests, want %d", count(server, "GetStatement"), n)
	}
}

func TestStatementPaging(t *testing.T) {
	page := func(nb int, ids ...int) string {
		var b strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&b, `<P><ID>%d</ID></P>`, id)
		}
		return fmt.Sprintf(`<RPL><PL NB="%d">%s</PL></RPL>`, nb, b.String())
	}
	for _, tt := range []struct {
		name     string
		pages    []string
		ops      int
		requests int
		complete bool
	}{
		{"overlapping", []string{page(4, 9, 8, 7), page(4, 7, 6)}, 4, 2, true},
		{"an empty page", []string{page(9, 9, 8, 7), page(9)}, 3, 2, false},
		{"the same page for ever", []string{page(9, 9, 8, 7)}, 3, 2, false},
		{"nothing", []string{page(0)}, 0, 1, true},
		{"a count that is none", []string{`<RPL><PL NB="x"><P><ID>1</ID></P></PL></RPL>`}, 1, 1, true},
		{"no IDs", []string{`<RPL><PL NB="5"><P/><P/></PL></RPL>`}, 2, 1, false},
	} {
		server, w, _ := scripted(t, map[string][]string{"GetStatement": tt.pages}, izly.Config{})
		st, err := w.Statement(t.Context())
		if err != nil || len(st.Operations) != tt.ops || len(server.seen()) != tt.requests || st.Complete != tt.complete {
			t.Errorf("%s: %d operations in %d requests, complete %v, %v", tt.name, len(st.Operations), len(server.seen()), st.Complete, err)
		}
		if sent := server.seen(); len(sent) > 1 && (sent[1].args["firstId"] != "9" || sent[1].args["nbItems"] != "3") {
			t.Errorf("%s: asked for %v", tt.name, sent[1].args)
		}
	}
	var endless []string
	for i := range 100 {
		endless = append(endless, page(1_000_000, 1_000_000-i))
	}
	server, w, _ := scripted(t, map[string][]string{"GetStatement": endless}, izly.Config{})
	if st, err := w.Statement(t.Context()); err != nil || st.Complete || len(st.Operations) != 20 || len(server.seen()) != 20 {
		t.Errorf("endless: %d operations in %d requests, %v", len(st.Operations), len(server.seen()), err)
	}
}

func TestCards(t *testing.T) {
	_, w, _ := scripted(t, map[string][]string{"MoneyInCbCbList": {testdata(t, "cards.xml"), `<RCBL><CBL><CB><ID>a,b</ID></CB></CBL></RCBL>`}}, izly.Config{})
	got, err := w.Cards(t.Context())
	want := []izly.Card{
		{ID: card, Label: "Carte perso", Hint: "XXXX XXXX XXXX 4242", Last4: "4242", Network: "Visa", Default: true},
		{ID: "0c77be12a94f4d6f8e3310aa5bd2f901", Label: "Parents", Hint: "497010XXXXXX", Network: "CB"},
	}
	if err != nil || !slices.Equal(got.Cards, want) || !slices.Equal(got.Steps, []izly.Cents{10_00, 20_00, 50_00}) || got.Balance.Main != 12_34 {
		t.Errorf("%+v, %v", got, err)
	}
	var odd *izly.ReplyError
	if _, err := w.Cards(t.Context()); !errors.As(err, &odd) {
		t.Errorf("an ID that cannot be signed: %v", err)
	}
}

// A service that has another page for ever is listened to up to a bound; what it said till then is shown as a part.
func TestStatementWithoutEnd(t *testing.T) {
	server, w, _ := enrolled(t, sim.Config{}, izly.Config{})
	server.Attack(sim.Attack{Method: "GetStatement", Filling: sim.FillNumbers, Size: 24 << 10})
	s, err := w.Statement(t.Context())
	if n := len(s.Operations); err != nil || n > izly.MaxListed || n < izly.MaxListed/3 || s.Complete {
		t.Errorf("%d operations, complete %t, %v", n, s.Complete, err)
	}
	if n := count(server, "GetStatement"); n > 4 {
		t.Errorf("%d pages were asked for", n)
	}
	server.Attack(sim.Attack{Method: "GetStatement", Filling: sim.FillNumbers, Size: 80 << 10})
	var refused *izly.ReplyError
	if _, err := w.Statement(t.Context()); !errors.As(err, &refused) {
		t.Errorf("a page of thousands: %v", err)
	}
}
