package pronote

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// vectorIV is the IV material of pronote-today §2.9.
var vectorIV = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

func secretOf(s string) secret.Text { return secret.New(s) }

// testChannel is in the middle of a session.
func testChannel(d dialect) *channel {
	return &channel{
		dialect: d, space: "3", next: 7,
		id: secretOf("5374312"), key: secretOf("key"), iv: secretOf(string(vectorIV)),
	}
}

// replyBody is the right answer to r with that secured part.
func replyBody(t testing.TB, l *channel, r request, sealed json.RawMessage) []byte {
	t.Helper()
	key, iv := l.material()
	body, err := json.Marshal(map[string]any{
		"session": 5374312, l.dialect.function: r.op, l.dialect.secured: sealed,
		l.dialect.order: cipher.EncryptHex(key, iv, strconv.Itoa(r.number+1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRequestInEachDialect(t *testing.T) {
	for _, d := range dialects {
		l := testChannel(d)
		r, err := l.seal("F", map[string]any{d.payload: map[string]any{"x": 1}})
		if err != nil {
			t.Fatal(err)
		}
		first, errFirst := r.body(false)
		again, errAgain := r.body(true)
		if err := errors.Join(errFirst, errAgain); err != nil {
			t.Fatal(err)
		}
		order := cipher.EncryptHex([]byte("key"), vectorIV, "7")
		want := map[string]any{
			"session": 5374312.0, d.function: "F", d.order: order, d.secured: map[string]any{d.payload: map[string]any{"x": 1.0}},
		}
		expectJSON(t, d.name, first, want)
		want["echecReseau"] = true
		expectJSON(t, d.name+", repeated", again, want)
		if got := l.path(r); got != "/appelfonction/3/5374312/"+order {
			t.Errorf("%s: path is %s", d.name, got)
		}
		if l.next != 9 {
			t.Errorf("%s: the next number is %d", d.name, l.next)
		}
	}
}

func expectJSON(t *testing.T, name string, got []byte, want any) {
	t.Helper()
	var decoded any
	if err := json.Unmarshal(got, &decoded); err != nil {
		t.Fatal(err)
	}
	a, errA := json.Marshal(decoded)
	b, errB := json.Marshal(want)
	if errors.Join(errA, errB) != nil || string(a) != string(b) {
		t.Errorf("%s: %s, want %s", name, a, b)
	}
}

var replyTests = []struct {
	name   string
	change func(reply map[string]any)
	want   error  // nil and what "": accepted
	what   string // of a ReplyError
}{
	{name: "right", change: func(map[string]any) {}},
	{name: "session as text", change: func(r map[string]any) { r["session"] = "5374312" }},
	{name: "session 0", change: func(r map[string]any) { r["session"] = 0 }},
	{name: "no function name", change: func(r map[string]any) { delete(r, "id") }},
	{name: "order in upper case", change: func(r map[string]any) { r["no"] = strings.ToUpper(r["no"].(string)) }},
	{name: "null error", change: func(r map[string]any) { r["Erreur"] = nil }},
	{name: "another session", change: func(r map[string]any) { r["session"] = 1 }, what: "another session"},
	{name: "no session", change: func(r map[string]any) { delete(r, "session") }, what: "another session"},
	{name: "same order", change: func(r map[string]any) { r["no"] = cipher.EncryptHex([]byte("key"), vectorIV, "7") }, what: "order"},
	{name: "order under another key", change: func(r map[string]any) { r["no"] = cipher.EncryptHex(nil, vectorIV, "8") }, what: "order"},
	{name: "order under another IV", change: func(r map[string]any) { r["no"] = cipher.EncryptHex([]byte("key"), nil, "8") }, what: "order"},
	{name: "no order", change: func(r map[string]any) { delete(r, "no") }, what: "order"},
	{name: "another function", change: func(r map[string]any) { r["id"] = "G" }, what: "another function"},
	{name: "secured part a number", change: func(r map[string]any) { r["dataSec"] = 1 }, what: "secured part"},
	{name: "expired", change: errorIn(8, "La page a expiré ! (1)"), want: ErrSessionExpired},
	{name: "expired by text", change: errorIn(99, "La page a expiré ! (9)"), want: ErrSessionExpired},
	{name: "expired by code", change: errorIn(10, ""), want: ErrSessionExpired},
	{name: "bad order", change: errorIn(13, ""), want: ErrSessionExpired},
	{name: "stale", change: errorIn(22, "La donnée n'est plus accessible"), want: ErrSessionExpired},
	{name: "denied", change: errorIn(3, "Accès refusé"), want: ErrDenied},
	{name: "too many", change: errorIn(25, ""), want: ErrRateLimited},
	{name: "too many by text", change: errorIn(0, "Vous avez dépassé le nombre"), want: ErrRateLimited},
	{name: "suspended", change: errorIn(1, "Votre adresse IP est provisoirement suspendue"), want: ErrSuspended},
	{name: "error without order", change: func(r map[string]any) {
		clear(r)
		r["Erreur"] = map[string]any{"G": 8, "Titre": "x"}
	}, want: ErrSessionExpired},
	{name: "error inside", change: func(r map[string]any) {
		r["dataSec"] = map[string]any{"Erreur": map[string]any{"G": 3, "Titre": "Accès refusé"}}
	}, want: ErrDenied},
	{name: "soft error", change: func(r map[string]any) {
		r["dataSec"] = map[string]any{"data": map[string]any{}, "Signature": map[string]any{"Erreur": true, "MessageErreur": "La page a expiré"}}
	}, want: ErrSessionExpired},
}

func errorIn(code int, title string) func(map[string]any) {
	return func(r map[string]any) { r["Erreur"] = map[string]any{"G": code, "Titre": title, "Message": ""} }
}

func TestAnswersAreChecked(t *testing.T) {
	for _, tt := range replyTests {
		l := testChannel(dialects[3])
		r, err := l.seal("F", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		var reply map[string]any
		if err := json.Unmarshal(replyBody(t, l, r, json.RawMessage(`{"data":{"x":1},"Signature":{}}`)), &reply); err != nil {
			t.Fatal(err)
		}
		tt.change(reply)
		body, err := json.Marshal(reply)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := l.open(r, body)
		incoherent, isReply := errors.AsType[*ReplyError](err)
		switch {
		case tt.what != "":
			if !isReply || !strings.Contains(incoherent.What, tt.what) {
				t.Errorf("%s: %v", tt.name, err)
			}
		case tt.want != nil:
			if refused, ok := errors.AsType[*Error](err); !ok || refused.Op != "F" || !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		case err != nil || string(payload) != `{"x":1}`:
			t.Errorf("%s: %s, %v", tt.name, payload, err)
		}
	}
}

// Refusals that mean nothing to us still say their code, and never the server's text.
func TestUnknownRefusal(t *testing.T) {
	l := testChannel(dialects[3])
	r, err := l.seal("F", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.open(r, []byte(`{"Erreur":{"G":77,"Titre":"Léa Dupont","Message":"privé"}}`))
	refused, ok := errors.AsType[*Error](err)
	if !ok || refused.Code != 77 || errors.Unwrap(err) != nil || strings.Contains(err.Error(), "Dupont") {
		t.Errorf("error is %v", err)
	}
}

func FuzzOpenAnswer(f *testing.F) {
	seed := testChannel(dialects[3])
	r, err := seed.seal("F", map[string]any{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(replyBody(f, seed, r, json.RawMessage(`{"data":{"x":1},"Signature":{}}`)))
	f.Add([]byte(`{"Erreur":{"G":8}}`))
	f.Add([]byte(`{"Erreur":[1]}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"session":{},"no":[],"id":1,"dataSec":"00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		payload, err := seed.open(r, body)
		if err != nil {
			if payload != nil {
				t.Errorf("%q: %s beside %v", body, payload, err)
			}
			return
		}
		// The law: only an answer with our session and the next number is opened.
		if err := seed.check(r, mustObject(t, body)); err != nil {
			t.Errorf("%q: opened although %v", body, err)
		}
	})
}

func mustObject(t *testing.T, body []byte) (object map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatal(err)
	}
	return object
}
