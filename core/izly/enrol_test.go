package izly_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"cartable/core/izly"
	"cartable/core/secret"
	sim "cartable/sim/izly"
)

func TestEnrolment(t *testing.T) {
	for _, tt := range []struct {
		name    string
		server  sim.Config
		way     izly.Enrolment
		world   izly.Enrolment
		counter uint64
		site    int // how often the link was opened
	}{
		{"auto, current world", sim.Config{}, izly.EnrolAuto, izly.EnrolCurrent, 0, 1},
		{"auto, other code behind the link", sim.Config{DistinctActCode: true}, izly.EnrolAuto, izly.EnrolCurrent, 0, 1},
		{"auto, seed world", sim.Config{SeedWorld: true}, izly.EnrolAuto, izly.EnrolSeed, 1, 1},
		{"current", sim.Config{}, izly.EnrolCurrent, izly.EnrolCurrent, 0, 1},
		{"seed", sim.Config{SeedWorld: true}, izly.EnrolSeed, izly.EnrolSeed, 1, 0},
		{"seed on a current server", sim.Config{}, izly.EnrolSeed, izly.EnrolSeed, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, w, s := enrolled(t, tt.server, izly.Config{Enrolment: tt.way})
			a := s.account(t)
			if a.Phone != phone || a.World != tt.world || a.Counter != tt.counter || a.SessionID.Empty() || a.AccessToken.Empty() {
				t.Errorf("kept %+v", a)
			}
			if a.FirstName != "Camille" || a.LastName != "MARTIN" || a.MinTopUp != 10_00 || a.MaxTopUp < a.MinTopUp {
				t.Errorf("kept %+v", a)
			}
			if n := count(server, "Activation"); n != tt.site {
				t.Errorf("the link was opened %d times", n)
			}
			if err := w.Renew(t.Context(), code); err != nil {
				t.Fatalf("renew: %v", err)
			}
			if got := s.account(t); got.Counter != tt.counter+1 || got.SessionID.Reveal() == a.SessionID.Reveal() {
				t.Errorf("renewed: counter %d", got.Counter)
			}
			b, err := w.Balance(t.Context())
			if err != nil || int64(b.Main) != server.Balance(phone) {
				t.Errorf("balance: %v, %v", b, err)
			}
		})
	}
}

func TestEnrolmentSurvivesARestart(t *testing.T) {
	server := sim.New(sim.Config{})
	client := serve(t, server, izly.Config{})
	s := &safe{}
	if _, err := client.Activate(t.Context(), phone, activation(t, server, client), s.keep); err != nil {
		t.Fatal(err)
	}
	if b, err := client.Open(s.account(t), s.keep).Balance(t.Context()); err != nil || int64(b.Main) != server.Balance(phone) {
		t.Errorf("balance: %v, %v", b, err)
	}
}

func TestActivationRefused(t *testing.T) {
	server := sim.New(sim.Config{})
	client := serve(t, server, izly.Config{})
	act := activation(t, server, client)
	if _, err := client.Activate(t.Context(), phone, act, new(safe).keep); err != nil {
		t.Fatal(err)
	}
	_, err := client.Activate(t.Context(), phone, act, new(safe).keep) // used already
	var refused *izly.Error
	if !errors.Is(err, izly.ErrBadActivation) || errors.Is(err, izly.ErrMustEnrol) || !errors.As(err, &refused) || refused.Msg == "" {
		t.Errorf("used link: %v", err)
	}
	current := serve(t, server, izly.Config{Enrolment: izly.EnrolCurrent})
	_, err = current.Activate(t.Context(), phone, act, new(safe).keep)
	var unsent *izly.ActivationError
	if !errors.As(err, &unsent) || unsent.Reason != izly.ActivationExpired {
		t.Errorf("used link, current way: %v", err)
	}
}

func TestActivationNotSent(t *testing.T) {
	for _, tt := range []struct {
		act    izly.Activation
		reason izly.ActivationReason
	}{
		{izly.Activation{Code: secret.New("MTIzN")}, izly.ActivationBadKey},
		{izly.Activation{Phone: "33699999999", Code: secret.New("MTIzNDU2")}, izly.ActivationOtherPhone},
		{izly.Activation{}, izly.ActivationMissing},
		{izly.Activation{Code: secret.New("../../Home")}, izly.ActivationMissing},
	} {
		server := &script{}
		_, err := serve(t, server, izly.Config{Enrolment: izly.EnrolSeed}).Activate(t.Context(), phone, tt.act, new(safe).keep)
		var unsent *izly.ActivationError
		if !errors.As(err, &unsent) || unsent.Reason != tt.reason || len(server.seen()) != 0 {
			t.Errorf("%v: %v after %d requests", tt.reason, err, len(server.seen()))
		}
	}
}

// The account is kept with its counter at 1 before the first one-time password leaves; keeping that fails
// sends nothing.
func TestSeedEnrolmentKeepsFirst(t *testing.T) {
	server := &script{answers: map[string][]string{"Logon": {testdata(t, "logon.xml")}}}
	client := serve(t, server, izly.Config{Enrolment: izly.EnrolSeed})
	act := izly.Activation{Code: secret.New("MTIzNDU2")}

	full := errors.New("disk full")
	if _, err := client.Activate(t.Context(), phone, act, (&safe{fail: full}).keep); !errors.Is(err, full) || len(server.seen()) != 0 {
		t.Errorf("keep failed: %v after %d requests", err, len(server.seen()))
	}
	var before []int
	s := &safe{note: func(a izly.Account) { before = append(before, len(server.seen())) }}
	w, err := client.Activate(t.Context(), phone, act, s.keep)
	if err != nil || len(before) != 2 || before[0] != 0 || before[1] != 1 {
		t.Fatalf("%v; requests before each write: %v", err, before)
	}
	logon := server.seen()[0]
	if logon.args["passOTP"] != "ptEji6ly_4efdbc3fYA_4sKHz10=" || !strings.Contains(logon.body, `<password i:type="d:string"></password>`) {
		t.Errorf("sent %s", logon.body)
	}
	// A SEED in the answer is not the key here: the code of the SMS is.
	if a := w.Account(); a.Counter != 1 || a.HOTPKey.Reveal() != "MTIzNDU2" {
		t.Errorf("counter %d, other key: %v", a.Counter, a.HOTPKey.Reveal() != "MTIzNDU2")
	}
}

// When the answer to the only Logon is lost, the account that was kept still opens a session.
func TestLostEnrolmentCanBeRenewed(t *testing.T) {
	server := sim.New(sim.Config{SeedWorld: true})
	client := serve(t, server, izly.Config{})
	act := activation(t, server, client)
	s := &safe{}
	server.DropAnswer("Logon", false)
	if _, err := client.Activate(t.Context(), phone, act, s.keep); !errors.Is(err, izly.ErrNetwork) {
		t.Fatalf("activate: %v", err)
	}
	w := client.Open(s.account(t), s.keep)
	if _, err := w.Cards(t.Context()); !errors.Is(err, izly.ErrSessionExpired) || count(server, "MoneyInCbCbList") != 0 {
		t.Errorf("without a session: %v", err)
	}
	if err := w.Renew(t.Context(), code); err != nil {
		t.Errorf("renew: %v", err)
	}
}

// Where the site cannot be reached the code itself is tried; a caller who has gone away is not kept waiting.
func TestSiteNotReached(t *testing.T) {
	server := sim.New(sim.Config{SeedWorld: true})
	client := serve(t, server, izly.Config{})
	act := activation(t, server, client)
	server.DropAnswer("Activation", true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Activate(ctx, phone, act, new(safe).keep); !isAll(err, izly.ErrNetwork, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if _, err := client.Activate(t.Context(), phone, act, new(safe).keep); err != nil {
		t.Errorf("site not reached: %v", err)
	}
	if n := count(server, "Logon"); n != 2 {
		t.Errorf("%d Logons", n)
	}
}

func TestLinkIsOpenedOnTheSiteOnly(t *testing.T) {
	var paths, agents []string
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths, agents = append(paths, r.URL.EscapedPath()), append(agents, r.UserAgent())
		http.Redirect(w, r, "izly://SBSCR/33611223344/other", http.StatusFound)
	})
	client := serve(t, site, izly.Config{Enrolment: izly.EnrolCurrent})
	act, err := izly.ParseActivation("http://169.254.169.254/tools/Activation/33611223344/a%2Bb=")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.Activate(t.Context(), phone, act, new(safe).keep) // the Logon lands on site too, and fails
	if len(paths) != 2 || paths[0] != "/tools/Activation/33611223344/a+b=" || !strings.Contains(agents[0], "Mobile") {
		t.Errorf("opened %q as %q", paths, agents)
	}
}

func TestRequestActivation(t *testing.T) {
	server := sim.New(sim.Config{})
	client := serve(t, server, izly.Config{})
	if _, err := client.RequestActivation(t.Context(), phone, secret.New("000000")); !errors.Is(err, izly.ErrWrongCode) {
		t.Errorf("wrong code: %v", err)
	}
	if _, err := client.RequestActivation(t.Context(), phone, secret.New("12345")); !errors.Is(err, izly.ErrBadSecretCode) || count(server, "Logon") != 1 {
		t.Errorf("short code: %v", err)
	}
	server.Block(phone)
	if _, err := client.RequestActivation(t.Context(), phone, code); !errors.Is(err, izly.ErrBlocked) || errors.Is(err, izly.ErrMustEnrol) {
		t.Errorf("blocked: %v", err)
	}
	session := &script{answers: map[string][]string{"Logon": {testdata(t, "logon.xml")}}}
	var odd *izly.ReplyError
	if _, err := serve(t, session, izly.Config{}).RequestActivation(t.Context(), phone, code); !errors.As(err, &odd) {
		t.Errorf("a session at once: %v", err)
	}
}
