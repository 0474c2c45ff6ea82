package izly_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"cartable/core/izly"
	"cartable/core/secret"
	sim "cartable/sim/izly"
)

// Whatever goes wrong, at debug level: no secret in a log, an error or a dump.
func TestSecretsDoNotShow(t *testing.T) {
	var out bytes.Buffer
	cfg := izly.Config{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	server := sim.New(sim.Config{ThreeDSecure: true})
	client := serve(t, server, cfg)
	act := activation(t, server, client)
	s := &safe{note: func(a izly.Account) { fmt.Fprintf(&out, "%v %+v\n", a, a) }}
	w, err := client.Activate(t.Context(), phone, act, s.keep)
	if err != nil {
		t.Fatal(err)
	}
	show := func(v any, err error) {
		fmt.Fprintf(&out, "%v %+v %#v %v %+v\n", v, v, v, err, err)
		cfg.Log.Debug("test", "value", v, "err", err)
	}
	show(act, nil)
	show(w.Account(), w.Renew(t.Context(), code))
	a := w.Account()
	prepared, err := w.PrepareTopUp(t.Context(), card, 10_00)
	show(prepared, err)
	done, err := w.ConfirmTopUp(t.Context(), prepared, code)
	show(done, err)
	show(w.Renew(t.Context(), secret.New("864209")), nil)
	server.FailNext("Logon", 571, 0, "Bonjour Camille 135790")
	show(nil, w.Renew(t.Context(), code))
	for _, fault := range []func(string){server.Fault, server.Truncate, func(m string) { server.DropAnswer(m, false) }} {
		for _, method := range []string{"Logon", "GetStatement", "MoneyInCbConfirm", "Activation"} {
			fault(method)
		}
		show(client.RequestActivation(t.Context(), phone, code))
		show(w.Statement(t.Context()))
		show(w.ConfirmTopUp(t.Context(), prepared, code))
		show(client.Activate(t.Context(), phone, act, new(safe).keep))
	}
	show(w.Account(), nil)

	b := s.account(t)
	for i, text := range []string{
		code.Reveal(), "864209", act.Code.Reveal(), done.Redirect.URL.Reveal(), done.Redirect.Params.Reveal(),
		a.HOTPKey.Reveal(), a.SessionID.Reveal(), a.AccessToken.Reveal(), a.RefreshToken.Reveal(), a.NSSE.Reveal(),
		a.QRKey.Reveal(), a.PublicID.Reveal(), b.SessionID.Reveal(), b.AccessToken.Reveal(),
	} {
		if text == "" {
			t.Errorf("secret %d of the test is empty", i)
		} else if strings.Contains(out.String(), text) {
			t.Errorf("%q shows", text)
		}
	}
	if out.Len() < 1000 {
		t.Errorf("the test showed %d bytes only", out.Len())
	}
}

// net/http quotes a Location that it cannot parse; ours holds a code.
func TestBadLocationDoesNotShow(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "izly://SBSCR/33611223344/s3cr3t\x7f%zz")
		w.WriteHeader(http.StatusFound)
	})
	client := serve(t, site, izly.Config{Enrolment: izly.EnrolCurrent})
	_, err := client.Activate(t.Context(), phone, izly.Activation{Code: secret.New("MTIzNDU2")}, new(safe).keep)
	if err == nil || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "s3cr3t") || strings.Contains(err.Error(), "MTIz") {
		t.Errorf("got %v", err)
	}
}
