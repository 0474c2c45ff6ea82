package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// later moves the clock, does the background work that is due, and returns what the person is told.
func (c *phone) later(d time.Duration) string {
	c.t.Helper()
	c.mu.Lock()
	c.replies = nil
	c.mu.Unlock()
	c.r.clock.Advance(d)
	c.r.engine.LookUpDue(context.Background())
	return c.text()
}

func TestLostTopUpThatWasMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "la réponse d'Izly s'est perdue", "je ne sais pas s'il est fait", "Je ne le renvoie pas", "1, 5 et 15 minutes")
	c.wants(c.Press("Payer"), "Je ne sais pas encore", "Cet appui n'a rien envoyé")
	c.wants(c.Say("/recharger 20"), "Je cherche encore", "envoyé à 07:30", "Rien de nouveau n'a été débité")
	if told := c.later(59 * time.Second); told != "" {
		t.Errorf("told too early:\n%s", told)
	}
	c.wants(c.later(time.Second), "Je vous devais une réponse", "envoyé à 07:30", "a bien été fait, une seule fois")
	if told := c.later(time.Hour); told != "" {
		t.Errorf("told twice:\n%s", told)
	}
	c.wants(c.Press("Payer"), "a bien été fait, une seule fois")
	c.wants(c.Say("/recharger 10"), "Solde avant | 32,34 €")
	r.spent(account, 32_34, 1)
	r.noViolations()
}

func TestLostTopUpThatWasNotMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.DropAnswer("MoneyInCbConfirm", true)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "la réponse d'Izly s'est perdue")
	looks := r.calls("GetStatement")
	for i, pause := range []time.Duration{time.Minute, 4 * time.Minute} {
		if told := c.later(pause); told != "" {
			t.Errorf("told before the last look:\n%s", told)
		}
		if n := r.calls("GetStatement") - looks; n != i+1 {
			t.Errorf("%d looks, want %d", n, i+1)
		}
	}
	c.wants(c.later(10*time.Minute), "Je n'ai trouvé aucune trace", "vérifiez dans l'application")
	if n := r.calls("GetStatement") - looks; n != 3 {
		t.Errorf("%d looks", n)
	}
	c.wants(c.Press("Payer"), "aucune trace")
	r.spent(account, 12_34, 1)
	c.wants(c.Say("/recharger 20"), "# Rechargement Izly à confirmer") // and now another may be made
	c.wants(c.Press("Payer"), "effectué")
	r.spent(account, 32_34, 2)
}

func TestLostTopUpIsNotCalledTracelessWithoutALook(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	c.Say("/recharger 20")
	c.Press("Payer")
	for range 3 {
		r.izly.Fault("GetStatement")
	}
	c.later(time.Minute)
	c.later(4 * time.Minute)
	told := c.later(10 * time.Minute)
	c.wants(told, "Je n'ai pas pu lire l'historique", "je ne sais toujours pas", "Vérifiez dans l'application")
	c.refuses(told, "aucune trace", "n'a sans doute pas eu lieu")
}

// The order changes the session, so that without its answer the code is needed to look.
func TestLostTopUpWithoutTheCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	c.Say("/recharger 20")
	c.Press("Payer")
	c.wants(c.Say(account.SecretCode), "la réponse d'Izly s'est perdue")
	c.wants(c.later(time.Minute), "je ne garde pas votre code secret", "Rien n'a été renvoyé", "/historique")
	c.wants(c.Say("/historique 1"), "(secret)")
	c.wants(c.Say(account.SecretCode), "+20,00 € · Rechargement")
	c.wants(c.later(4*time.Minute), "a bien été fait, une seule fois")
	r.spent(account, 32_34, 1)
}

func TestLostTopUpOverARestartAndANewLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "perdue")
	r.restart()
	c.wants(c.Press("Payer"), "Je ne sais pas encore")
	c.linkWallet(true)
	c.wants(c.Say("/recharger 20"), "Je cherche encore")
	c.wants(c.later(time.Minute), "a bien été fait, une seule fois")
	r.spent(account, 32_34, 1)
}

func TestCrashBeforeTheOrder(t *testing.T) {
	t.Parallel()
	store := new(flakyStore)
	r := newRig(t, rigOptions{store: store.wrap})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	store.refusing(`"state":"confirming"`, `"state":"failed"`)
	c.wants(c.Press("Payer"), "Quelque chose s'est mal passé")
	store.refusing()
	r.spent(account, 12_34, 0)
	r.restart()
	c.wants(c.Press("Payer"), "n'a pas été envoyé à Izly", "Rien n'a été débité")
	r.spent(account, 12_34, 0)
}

func TestCrashAfterTheOrder(t *testing.T) {
	t.Parallel()
	store := new(flakyStore)
	r := newRig(t, rigOptions{store: store.wrap})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	store.refusing(`"state":"done"`)
	c.Press("Payer")
	store.refusing()
	r.restart()
	c.wants(c.Press("Payer"), "Je ne sais pas encore")
	c.wants(c.later(0), "a bien été fait, une seule fois")
	c.wants(c.Press("Payer"), "a bien été fait, une seule fois")
	r.spent(account, 32_34, 1)
}

// counter is that of the only wallet, as it is stored.
func (r *rig) counter() uint64 {
	r.t.Helper()
	var record struct {
		Izly struct {
			Counter uint64 `json:"counter"`
		} `json:"izly"`
	}
	_, value, _ := strings.Cut(r.records()["wallets"][0], "{")
	if err := json.Unmarshal([]byte("{"+value), &record); err != nil {
		r.t.Fatal(err)
	}
	return record.Izly.Counter
}

func TestCounterThatCannotBeStoredIsNotUsed(t *testing.T) {
	t.Parallel()
	store := new(flakyStore)
	r := newRig(t, rigOptions{store: store.wrap})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	store.refusing(`"counter":` + strconv.FormatUint(r.counter()+1, 10))
	c.wants(c.Press("Payer"), "rien n'a été débité")
	store.refusing()
	r.spent(account, 12_34, 0)
	c.wants(c.Press("Payer"), "n'a pas été envoyé à Izly")
}

// withFee makes the wallet's server announce a fee, as the real one may.
func withFee(fee string) func(http.Handler) http.Handler {
	com := regexp.MustCompile(`(COM(?:>|&gt;))[0-9.,]+`)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, q)
			body := com.ReplaceAll(answer.Body.Bytes(), []byte("${1}"+fee))
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(answer.Code)
			_, _ = bytes.NewReader(body).WriteTo(w)
		})
	}
}

func TestFeeIsAnnouncedBeforeItIsPaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{wallet: withFee("0.45")})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	first := c.button("Payer")
	c.wants(c.Press("Payer"), "Izly annonce maintenant 0,45 € de frais", "Rien n'a été débité", "Frais | 0,45 €", "Payer 20,45 €")
	r.spent(account, 12_34, 0)
	c.wants(c.PressID(first), "n'a pas été envoyé à Izly")
	c.wants(c.Press("Payer"), "effectué")
	r.spent(account, 32_34, 1)
}

// An earlier top-up of the same amount is not the lost one.
func TestLostTopUpIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "effectué")
	r.izly.DropAnswer("MoneyInCbConfirm", true)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "perdue")
	if told := c.later(time.Minute); told != "" {
		t.Errorf("told of another top-up:\n%s", told)
	}
	c.later(4 * time.Minute)
	c.wants(c.later(10*time.Minute), "aucune trace")
	r.spent(account, 32_34, 2)
}
