package pronote_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"cartable/core/pronote"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

// spy notes the session numbers in the pages and gives a cookie with each.
type spy struct {
	http.Handler
	secrets []string
}

const cookie = "c00kie-s3cret"

func (s *spy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	s.Handler.ServeHTTP(rec, r)
	if r.Method == http.MethodGet {
		number := regexp.MustCompile(`"?h"?:'?(\d+)`).FindStringSubmatch(rec.Body.String())
		s.secrets = append(s.secrets, number[1])
		http.SetCookie(w, &http.Cookie{Name: "id", Value: cookie})
	} else if got, err := r.Cookie("id"); err != nil || got.Value != cookie {
		http.Error(w, "no cookie", http.StatusForbidden)
		return
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// Everything that a careless line of code might print is printed here, and searched for the secrets of the session.
func TestSecretsShowNowhere(t *testing.T) {
	var shown bytes.Buffer
	log := slog.New(slog.NewTextHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := openSchool(t, sim.Config{Version: "2022.0.0", Encrypt: true, Compress: true})
	spied := &spy{Handler: s.Server}
	web := httptest.NewServer(spied)
	defer web.Close()
	client := pronote.New(pronote.Config{HTTPClient: pronote.NewHTTPClient(true), Now: clock, Log: log})
	c := s.credentials(pronote.SpaceParent)
	c.Address = pronote.Address(web.URL + "/pronote")
	session, err := client.Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	pupil := session.Profile().Pupils[0].Key
	if _, err := session.Week(t.Context(), pupil, today); err != nil {
		t.Fatal(err)
	}
	state := session.State()
	stored := state.Reveal()
	var keys struct{ ID, Key, IV string }
	if err := json.Unmarshal([]byte(stored), &keys); err != nil || keys.ID != spied.secrets[0] {
		t.Fatalf("the stored session is not as expected: %v", err)
	}
	if !strings.Contains(stored, cookie) {
		t.Error("the cookie is not stored")
	}
	resumed, err := client.Resume(state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resumed.Week(t.Context(), pupil, today); err != nil { // also proves that the cookie came back
		t.Fatal(err)
	}
	web.Close()
	_, errLost := resumed.Week(t.Context(), pupil, today)
	if !errors.Is(errLost, pronote.ErrNetwork) {
		t.Errorf("without a server: %v", errLost)
	}
	c.Password = secret.New("another " + c.Password.Reveal())
	_, errLogin := client.Login(t.Context(), c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{client, session, reflect.ValueOf(session).Elem(), state, &state, resumed, c, errLost, errLogin} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
	}
	log.Debug("all", "client", client, "session", session, "state", state, "credentials", c, "error", errLost)

	raw := func(s string) string { b, _ := hex.DecodeString(s); return string(b) }
	for name, hidden := range map[string]string{
		"password": s.credentials(pronote.SpaceParent).Password.Reveal(), "session": keys.ID, "key": keys.Key, "IV": keys.IV,
		"raw key": raw(keys.Key), "raw IV": raw(keys.IV), "key as bytes": fmt.Sprint([]byte(raw(keys.Key))), "cookie": cookie,
		"path": "appelfonction",
	} {
		if strings.Contains(shown.String(), hidden) {
			t.Errorf("the %s shows", name)
		}
	}
	if !strings.Contains(shown.String(), "PageEmploiDuTemps") {
		t.Error("nothing was logged")
	}
}

// The same for an app: its code, its tokens and its device.
func TestSecretsOfAnAppShowNowhere(t *testing.T) {
	var shown bytes.Buffer
	log := slog.New(slog.NewTextHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, w := plainSchool(t)
	s.client = pronote.New(pronote.Config{HTTPClient: pronote.NewHTTPClient(true), Now: clock, Log: log})
	text, err := s.login(pronote.SpaceParent).NewQRCode(t.Context(), pin)
	if err != nil {
		t.Fatal(err)
	}
	q, err := pronote.ParseQRCode(text.Reveal(), true)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{s: s}
	_, errPIN := s.client.LoginQRCode(t.Context(), q, secret.New("9999"), k.keep)
	if _, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep); err != nil {
		t.Fatal(err)
	}
	w.take()
	session, err := s.client.LoginToken(t.Context(), k.token(), k.keep)
	if err != nil {
		t.Fatal(err)
	}
	_, errUsed := s.client.LoginToken(t.Context(), k.nth(0), k.keep)
	k.err = errors.New("disk full")
	_, errKeep := s.client.LoginToken(t.Context(), k.token(), k.keep)
	s.DropAnswer("Authentification")
	_, errLost := s.client.LoginToken(t.Context(), k.token(), k.keep)
	_, errText := pronote.ParseQRCode(text.Reveal(), false)
	_, errShort := pronote.ParseQRCode(text.Reveal()[1:], true)
	token := k.token()
	state := session.State()
	all := []any{text, q, &q, token, &token, session, state, errPIN, errUsed, errKeep, errLost, errText, errShort}
	for i, v := range all {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		log.Debug("all", "value", v)
		if err, isError := v.(error); i >= 7 && (!isError || err == nil) {
			t.Errorf("value %d is no error", i)
		}
	}
	var code map[string]any
	if err := json.Unmarshal([]byte(text.Reveal()), &code); err != nil {
		t.Fatal(err)
	}
	hidden := []any{code["jeton"], code["login"], token.Username.Reveal()}
	for i := range k.stored {
		kept := k.nth(i)
		hidden = append(hidden, kept.Secret.Reveal(), kept.Device.Reveal(), kept.Navigator.Reveal())
	}
	for _, r := range w.take() {
		if solution := r.data["challenge"]; solution != nil {
			hidden = append(hidden, solution)
		}
	}
	for i, h := range hidden {
		if h == "" || strings.Contains(shown.String(), h.(string)) {
			t.Errorf("secret %d of %d shows", i, len(hidden))
		}
	}
	for _, way := range []string{"QR code", "token"} {
		if !strings.Contains(shown.String(), `way=`+way) && !strings.Contains(shown.String(), `way="`+way+`"`) {
			t.Errorf("the login by %s was not logged", way)
		}
	}
}
