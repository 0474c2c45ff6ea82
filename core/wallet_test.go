package core_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	simizly "cartable/sim/izly"
)

// calls counts the requests of a method, "Logon" with its kind after a space.
func (r *rig) calls(method string) int {
	n := 0
	for _, q := range r.izly.Requests() {
		if strings.TrimSpace(q.Method+" "+q.Kind) == method || q.Method == method {
			n++
		}
	}
	return n
}

func TestBalanceAndHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.wants(c.Say("/solde"), "Aucun compte Izly n'est relié", "/connexion")
	c.linkWallet(true)
	c.wants(c.Say("/solde"), "# Solde Izly", "Disponible | 12,34 €", "Demandé à Izly à l'instant. Dernier mouvement : 16/11/2026 à 12:12.")
	c.wants(c.Say("izly"), "12,34 €")
	answer := c.Say("/historique")
	c.wants(answer, "16/11 12:12 | −3,30 € · Paiement à une borne · RU Évariste-Galois", "+20,00 € · Rechargement", "/historique 20")
	if n := strings.Count(answer, "€"); n != 10 {
		t.Errorf("%d operations, want 10:\n%s", n, answer)
	}
	c.wants(c.Say("/historique 1"), "−3,30 €", "… et 19 autres opérations")
	for _, bad := range []string{"0", "-3", "beaucoup", "1.5", "51", "100"} {
		c.wants(c.Say("/historique "+bad), "« "+bad+" »", "Rien n'a été demandé à Izly", "1 à 50")
	}
	r.izly.CommaDecimals(true)
	c.wants(c.Say("/solde"), "12,34 €")
	r.noViolations()
}

// A server that counts its operations has more of them than the bot shows.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{izly: simizly.Config{ListElement: true}})
	c := r.chat("camille")
	c.linkWallet(true)
	answer := c.Say("/historique 50")
	c.wants(answer, "L'application Izly montre les opérations plus anciennes")
	if n := strings.Count(answer, " | "); n > 50 || strings.Contains(answer, "/historique") {
		t.Errorf("%d operations, want at most 50:\n%s", n, answer)
	}
}

func TestSessionExpiresWithTheCodeKept(t *testing.T) {
	t.Parallel()
	for name, expire := range map[string]func(*simizly.Server){
		"session": (*simizly.Server).ExpireSessions, "token": (*simizly.Server).RevokeTokens,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			c := r.chat("camille")
			c.linkWallet(true)
			expire(r.izly)
			c.wants(c.Say("/solde"), "12,34 €")
			if n := r.calls("Logon refresh"); n != 1 {
				t.Errorf("%d renewals", n)
			}
			r.restart()
			c.wants(c.Say("/historique"), "RU Évariste-Galois")
			if n := r.calls("Logon refresh"); n != 1 {
				t.Errorf("%d renewals after a restart", n)
			}
			r.noViolations()
		})
	}
}

func TestSessionExpiresWithoutTheCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	r.izly.ExpireSessions()
	c.wants(c.Say("/historique 3"), "La session Izly (Camille …3344) a expiré", "Rien n'est perdu", "6 chiffres", "(secret)")
	if n := r.calls("Logon refresh"); n != 0 {
		t.Errorf("%d renewals without a code", n)
	}
	c.wants(c.Say("12345"), "Un code secret Izly a 6 chiffres", "Rien n'a été envoyé à Izly", "(secret)")
	answer := c.Say(account.SecretCode)
	c.wants(answer, "# Dernières opérations Izly", "17 autres opérations") // what was asked for goes on
	if n := len(c.deleted); n != 2 {
		t.Errorf("%d messages with a code deleted, want 2", n)
	}
	r.izly.ExpireSessions() // the code was not kept
	c.wants(c.Say("/solde"), "Envoyez le code secret")
	c.wants(c.Say("/annuler"), "C'est abandonné")
	c.wants(c.Say(account.SecretCode), "Je n'ai pas compris")
	if n := r.calls("Logon refresh"); n != 1 {
		t.Errorf("%d renewals", n)
	}
	r.noViolations()
}

func TestRefusedRenewalStopsEverything(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		breaks func(*rig, simizly.Account)
		first  string
		then   string
	}{
		{"blocked", func(r *rig, a simizly.Account) { r.izly.Block(a.Phone) }, "bloqué", "Je n'envoie plus rien"},
		{"refused", func(r *rig, _ simizly.Account) { r.izly.FailNext("Logon", 9999, 3, "Non, merci.") }, "Izly écrit : « Non, merci. »", "Je ne réessaie pas"},
		{"sms", func(r *rig, a simizly.Account) { r.izly.AskActivation(a.Phone) }, "nouvelle activation", "nouvelle activation par SMS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, rigOptions{})
			c := r.chat("camille")
			account := c.linkWallet(true)
			r.izly.ExpireSessions()
			tt.breaks(r, account)
			c.wants(c.Say("/solde"), tt.first)
			r.izly.Unblock(account.Phone)
			before := len(r.izly.Requests())
			for range 2 {
				for _, line := range []string{"/solde", "/historique", "/recharger", "/recharger 20"} {
					c.wants(c.Say(line), tt.then)
				}
				r.restart()
			}
			if n := len(r.izly.Requests()); n != before {
				t.Errorf("%d requests for a link that rests", n-before)
			}
			c.linkWallet(true) // the person acts
			c.wants(c.Say("/solde"), "12,34 €")
		})
	}
}

func TestWrongKeptCodeIsTriedOnceAndForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.ExpireSessions()
	r.izly.FailNext("Logon", 105, 2, "Votre code secret est incorrect.")
	c.wants(c.Say("/solde"), "Izly dit que le code secret est faux", "[1] Saisir le code secret")
	for range 3 {
		c.wants(c.Say("/solde"), "Je ne réessaie pas")
	}
	if n := r.calls("Logon refresh") + r.calls("Logon "); n > 1 {
		t.Errorf("%d renewals with a wrong code: %v", n, r.izly.Requests())
	}
	c.wants(c.Say("aide"), "# Ce que je sais faire ici") // an offer does not swallow plain words
	c.wants(c.Say("/solde"), "Saisir le code secret")
	c.wants(c.Press("Saisir le code secret"), "6 chiffres", "(secret)")
	c.wants(c.Say(account.SecretCode), "12,34 €")
	c.wants(c.Say("/solde"), "12,34 €")
}

func TestTwoWalletsAreToldApart(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	c.linkWalletNumber(1, true)
	c.wants(c.Say("/solde"), "## Camille …3344", "12,34 €", "## Zoé …4455", "241,70 €")
	r.izly.ExpireSessions()
	r.izly.FailNext("Logon", 9999, 3, "Non, merci.")
	c.wants(c.Say("/solde"), "## Camille …3344", "Non, merci", "## Zoé …4455", "241,70 €")
	c.wants(c.Say("/historique"), "## Camille …3344", "Je ne réessaie pas", "## Zoé …4455", "Rechargement")
	r.clock.Advance(time.Minute)
	c.wants(c.Say("/recharger 10 zoé"), "Compte étudiant & co")
	c.wants(c.Press("Payer"), "Izly écrit : « Le solde de votre compte dépasserait 250 €. »", "rien n'a été débité", "Porte-monnaie | Zoé …4455")
}

// Who has two wallets reads about which one an answer is.
func TestTwoWalletsAreNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	c.linkWalletNumber(1, true)
	c.wants(c.Say("/recharger"), "De quel montant voulez-vous recharger Camille …3344 ?")
	c.wants(c.Press("Zoé …4455"), "De quel montant voulez-vous recharger Zoé …4455 ?")
	c.wants(c.Say("/recharger 20"), "Porte-monnaie | Camille …3344\nMontant | 20,00 €", "[1] Payer 20,00 €")
	c.wants(c.Press("Payer"), "effectué\nPorte-monnaie | Camille …3344\nAvec | Carte perso")
	c.wants(c.Press("Payer"), "Porte-monnaie | Camille …3344", "une seule fois")
}

func TestIzlyOutOfReach(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	r.izly.DropAnswer("GetStatement", true)
	c.wants(c.Say("/historique"), "pas pu joindre Izly", "Rien n'a été débité")
	r.izly.Fault("GetStatement")
	c.wants(c.Say("/historique"), "référence", "Rien n'a été débité")
	r.izly.Truncate("GetStatement")
	c.refuses(c.Say("/historique"), "aucune opération")
	c.wants(c.Say("/historique"), "RU Évariste-Galois")
	r.noViolations()
}

// What is linked stays in the order of linking, over restarts: the wallet that is proposed, and the children of a list.
func TestOrderOfLinking(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWalletNumber(2, true)
	c.linkWalletNumber(0, true)
	c.linkWalletNumber(1, true)
	c.linkSchool(1)
	c.linkParent()
	var before []string
	for n := range 8 {
		var answers []string
		for _, text := range []string{"/solde", "/recharger 20", "/enfant", "/etat", "/partages"} {
			answers = append(answers, c.Say(text))
			c.Say("/annuler")
		}
		if before != nil && !slices.Equal(answers, before) {
			t.Fatalf("after restart %d: %q, before: %q", n, answers, before)
		}
		before = answers
		r.restart()
	}
}
