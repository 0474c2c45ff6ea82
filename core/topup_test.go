package core_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	simizly "cartable/sim/izly"
)

// spent checks what the wallet holds and how often the money was ordered.
func (r *rig) spent(account simizly.Account, balance int64, orders int) {
	r.t.Helper()
	if got := r.izly.Balance(account.Phone); got != balance {
		r.t.Errorf("the wallet holds %d cents, want %d", got, balance)
	}
	if n := r.calls("MoneyInCbConfirm"); n != orders {
		r.t.Errorf("%d orders, want %d", n, orders)
	}
}

func TestTopUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.wants(c.Say("/recharger 20"), "# Rechargement Izly à confirmer", "Montant | 20,00 €", "Avec | Carte perso (Visa …4242)",
		"Solde avant | 12,34 €", "Solde après | 32,34 €", "Rien n'est débité avant votre confirmation",
		"[1] Payer 20,00 €  [2] Changer de carte  [3] Annuler")
	r.spent(account, 12_34, 0)
	c.wants(c.Press("Payer"), "# Rechargement de 20,00 € effectué", "Nouveau solde | 32,34 €", "Carte perso (Visa …4242)")
	r.spent(account, 32_34, 1)
	for range 10 {
		c.wants(c.Press("Payer"), "a bien été fait, une seule fois", "Rien de plus n'a été débité")
	}
	c.wants(c.Press("Annuler"), "a bien été fait, une seule fois")
	c.wants(c.Press("Changer de carte"), "a bien été fait, une seule fois")
	r.restart()
	c.wants(c.Press("Payer"), "a bien été fait, une seule fois")
	c.wants(c.Say("/solde"), "32,34 €")
	c.wants(c.Say("/historique 1"), "+20,00 € · Rechargement · Carte perso")
	r.spent(account, 32_34, 1)
	r.noViolations()
}

func TestTopUpAmounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{izly: simizly.Config{StrictAmount: true}})
	c := r.chat("camille")
	account := c.linkWallet(true)
	for _, tt := range []struct{ typed, want string }{
		{"20", "20,00 €"},
		{"20€", "20,00 €"},
		{"20 euros", "20,00 €"},
		{"12,50", "12,50 €"},
		{"12.5 €", "12,50 €"},
		{"10", "10,00 €"},
		{"10€50", "10,50 €"},
		{"20,", "20,00 €"},
	} {
		c.wants(c.Say("/recharger "+tt.typed), "Montant | "+tt.want)
	}
	c.wants(c.Say("recharger 15,5"), "Montant | 15,50 €")
	c.wants(c.Say("recharger vingt euros stp"), "Montant | 20,00 €")
	for _, tt := range []struct{ typed, want string }{
		{"5", "un rechargement Izly va de 10,00 € à 250,00 €"},
		{"9,99", "va de 10,00 €"},
		{"300", "va de 10,00 € à 250,00 €"},
		{"12,345", "deux décimales au plus"},
		{"0", "supérieur à zéro"},
		{"-20", "supérieur à zéro"},
		{"€-20", "supérieur à zéro"},
		{"99999", "trop grand"},
		{"99999999999", "trop grand"},
		{"20 000", "trop grand"},
		{"1 000", "1\u202f000,00 € : un rechargement"},
		{"12 50", "Écrivez 12,50"},
		{"20 10 4242", "« 20 10 » à coup sûr. Rien n'a été débité. Écrivez 20,10 si"},
		{"beaucoup", "pas de montant dans « beaucoup »"},
	} {
		c.wants(c.Say("/recharger "+tt.typed), tt.want, "Rien n'a été débité")
		c.Say("/annuler")
	}
	// Whatever is no amount, the question waits for one.
	c.wants(c.Say("/recharger 5"), "va de 10,00 € à 250,00 €", "De quel montant", "[1] 10,00 €")
	c.wants(c.Say("merci"), "De quel montant")
	c.wants(c.Say("ok"), "De quel montant")
	c.wants(c.Say("9"), "va de 10,00 €", "De quel montant")
	c.wants(c.Say("vingt euros"), "Montant | 20,00 €")
	c.Say("/annuler")
	c.wants(c.Say("/recharger"), "De quel montant", "[1] 10,00 €  [2] 20,00 €  [3] 50,00 €")
	c.wants(c.Say("beaucoup"), "pas de montant dans « beaucoup »", "De quel montant", "/annuler")
	c.wants(c.Say("12,50"), "Montant | 12,50 €")
	c.Say("/recharger")
	c.wants(c.Press("50,00"), "Montant | 50,00 €")
	r.spent(account, 12_34, 0)
	c.wants(c.Press("Payer"), "50,00 € effectué")
	r.spent(account, 62_34, 1)
	r.noViolations()
}

func TestTopUpWithAnotherCard(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	first := c.button("Payer")
	c.wants(c.Press("Changer de carte"), "Recharger 20,00 € avec quelle carte ?", "[1] Carte perso (Visa …4242)  [2] Parents (CB …0001)")
	c.wants(c.PressID(first), "a été annulé", "Rien n'a été débité")
	c.wants(c.Press("Parents"), "Avec | Parents (CB …0001)", "Payer 20,00 €")
	c.wants(c.Press("Payer"), "effectué", "Parents")
	r.spent(account, 32_34, 1)
	if op := r.izly.Operations(account.Phone)[0]; op.Party != "Parents" {
		t.Errorf("charged %q", op.Party)
	}
	c.wants(c.Say("/recharger 10 parents"), "Avec | Parents")
	c.wants(c.Say("/recharger 10 4242"), "Avec | Carte perso")
	c.wants(c.Say("/recharger 10 mamie"), "Je ne trouve pas la carte « mamie »", "Rien n'a été débité", "Parents (CB …0001)")
	c.wants(c.Say("/recharger 10 e"), "Je ne trouve pas la carte « e »") // both have one
	r.noViolations()
}

func TestTopUpWithOneCardOrNone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	zoe, noel := r.chat("zoe"), r.chat("noel")
	zoe.linkWalletNumber(1, true)
	zoe.refuses(zoe.Say("/recharger 10"), "Changer de carte")
	noel.linkWalletNumber(2, true)
	noel.wants(noel.Say("/recharger 10"), "Aucune carte bancaire n'est enregistrée", "Rien n'a été débité")
}

func TestOldButtonsSpendNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)

	c.Say("/recharger 20")
	cancelled := c.button("Payer")
	c.wants(c.Press("Annuler"), "Rechargement annulé", "Rien n'a été débité")
	c.wants(c.PressID(cancelled), "a été annulé", "Rien n'a été débité", "/recharger")

	c.Say("/recharger 20")
	left := c.button("Payer")
	c.wants(c.Say("/annuler"), "Rechargement annulé")
	if !c.replies[0].Withdraws {
		t.Error("a platform does not learn that open votes are to be closed")
	}
	c.wants(c.PressID(left), "a été annulé")

	c.Say("/recharger 20")
	replaced := c.button("Payer")
	c.Say("/recharger 30")
	c.wants(c.PressID(replaced), "20,00 €", "a été annulé")

	c.Say("/recharger 20")
	late := c.button("Payer")
	r.clock.Advance(5*time.Minute + time.Second)
	c.wants(c.PressID(late), "plus de 5 minutes", "Rien n'a été débité", "/recharger 20")
	r.clock.Advance(25 * time.Hour)
	c.wants(c.PressID(late), "Ce bouton n'est plus valable", "Rien n'a été fait")
	if err := r.engine.CleanUp(); err != nil {
		t.Fatal(err)
	}
	c.wants(c.PressID(late), "Ce bouton n'est plus valable")
	c.wants(c.PressID("0123456789abcdef0123456789abcdef"), "Ce bouton n'est plus valable")

	c.Say("/recharger 20")
	foreign := c.button("Payer")
	other := r.chat("camille") // somebody else in the same chat
	other.person.ID = "mallory"
	other.wants(other.PressID(foreign), "Ce bouton n'est pas pour vous")
	elsewhere := r.chat("mallory")
	elsewhere.wants(elsewhere.PressID(foreign), "Ce bouton n'est plus valable")
	other.wants(other.Say("/recharger 20"), "Aucun compte Izly")

	c.Say("/recharger 20")
	early := c.button("Payer")
	r.clock.Advance(-3 * time.Hour) // it was wrong, and is set right
	c.wants(c.PressID(early), "Ce bouton n'est plus valable")
	r.spent(account, 12_34, 0)
}

// confirmer is a platform that has a confirmation of its own.
type confirmer struct{ exchange }

func (confirmer) Confirms() {}

// The word of the button counts as its press in the very next message, and nothing else that people say does.
func TestTopUpByTheWordOfTheButton(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	for _, word := range []string{"oui", "ok", "d'accord", "OK !", "yes", "merci", "oui vas-y", "👍"} {
		c.wants(c.Say(word), "« Payer 20,00 € »", "[1] Payer 20,00 €")
	}
	r.spent(account, 12_34, 0)
	c.Say("/aide")
	c.wants(c.Say("Payer 20,00 €"), "[1] Payer 20,00 €") // something else was said in between
	r.spent(account, 12_34, 0)
	c.wants(c.Say("payer 20 € !"), "Rechargement de 20,00 €")
	r.spent(account, 32_34, 1)
	c.wants(c.Say("Confirmer"), "pas compris")
	r.spent(account, 32_34, 1)

	c.Say("/recharger 10")
	c.wants(c.Say("payer 11"), "[1] Payer 10,00 €") // another sum is not what the button says
	r.spent(account, 32_34, 1)
	c.wants(c.Say("Annuler"), "Rechargement annulé")
	c.wants(c.Say("Confirmer"), "pas compris")
	c.Say("/recharger 10")
	c.wants(c.Say("non merci"), "Rechargement annulé")
	c.Say("/recharger 10")
	c.refuses(c.Say("il y a des cours annulés ?"), "annulé.")
	c.wants(c.Press("Annuler"), "Rechargement annulé")

	// A word that was typed before the summary was there confirms nothing, nor does one that comes late.
	c.both("/recharger 10", "Payer 10,00 €")
	r.spent(account, 32_34, 1)
	c.Say("/recharger 10")
	r.clock.Advance(5*time.Minute - time.Second)
	c.Say("/recharger 11")
	r.clock.Advance(5 * time.Minute)
	c.Say("Payer 11,00 €")
	r.spent(account, 32_34, 1)

	// What is a command's own name does what the command does.
	c.Say("/supprimer")
	c.wants(c.Say("tout effacer"), "[1] Tout effacer")

	m := r.chat("zoe")
	other := m.linkWalletNumber(1, true)
	before := r.izly.Balance(other.Phone)
	m.votes = true
	m.Say("/recharger 20")
	m.wants(m.Say("Payer 20,00 €"), "[1] Payer 20,00 €")
	if now := r.izly.Balance(other.Phone); now != before {
		t.Errorf("%d cents in place of %d", now, before)
	}
}

func TestTopUpAsksForTheCodeEachTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	for i, want := range []int64{32_34, 52_34} {
		c.Say("/recharger 20")
		c.wants(c.Press("Payer"), "envoyez votre code secret Izly à 6 chiffres", "n'est pas gardé", "(secret)")
		r.spent(account, want-20_00, i)
		c.wants(c.Say("oui"), "6 chiffres", "Rien n'a été envoyé")
		c.wants(c.Say(account.SecretCode), "effectué")
		r.spent(account, want, i+1)
	}
	c.Say("/recharger 20")
	c.Press("Payer")
	c.wants(c.Say("/annuler"), "Rechargement annulé")
	c.wants(c.Say(account.SecretCode), "Je n'ai pas compris")
	c.Say("/recharger 20")
	c.Press("Payer")
	r.clock.Advance(5*time.Minute + time.Second)
	c.wants(c.Say(account.SecretCode), "plus de 5 minutes", "Rien n'a été débité")
	r.spent(account, 52_34, 2)
	r.noViolations()
}

func TestTopUpWithAWrongCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	c.Say("/recharger 20")
	c.Press("Payer")
	c.wants(c.Say("000000"), "le code secret est faux", "Rien n'a été débité", "bloquent le compte", "Izly écrit")
	c.wants(c.Press("Payer"), "Izly a refusé ce rechargement")
	r.spent(account, 12_34, 1)
	c.Say("/recharger 20")
	c.Press("Payer")
	c.wants(c.Say(account.SecretCode), "effectué")
	r.spent(account, 32_34, 2)
}

func TestTopUpAfterTheSessionExpired(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	r.izly.ExpireSessions()
	c.wants(c.Say("/recharger 20"), "La session Izly", "(secret)")
	c.wants(c.Say(account.SecretCode), "# Rechargement Izly à confirmer", "Montant | 20,00 €")
	r.izly.ExpireSessions()
	c.Press("Payer")
	c.wants(c.Say(account.SecretCode), "effectué")
	r.spent(account, 32_34, 1)
	r.noViolations()
}

func TestTopUpRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.FailNext("MoneyInCbConfirm", 9999, 3, "Opération refusée par la banque.")
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "Izly a refusé le rechargement de 20,00 €", "Rien n'a été débité et je ne le renvoie pas",
		"Izly écrit : « Opération refusée par la banque. »")
	c.wants(c.Press("Payer"), "Izly a refusé ce rechargement")
	r.izly.FailNext("MoneyInCb", 9999, 3, "Plus tard.")
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "Plus tard.", "rien n'a été débité")
	c.wants(c.Press("Payer"), "n'a pas été envoyé à Izly")
	r.spent(account, 12_34, 1)
}

func TestTopUpThatTheBankWantsConfirmed(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{izly: simizly.Config{ThreeDSecure: true}})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "3-D Secure", "n'est pas fait et rien n'est débité")
	c.wants(c.Press("Payer"), "attend une confirmation de la banque", "Je n'ai rien renvoyé")
	r.spent(account, 12_34, 1)
}

func TestConcurrentPressesChargeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.Say("/recharger 20")
	id := c.button("Payer")
	handle := c.handler()
	var wg, done sync.WaitGroup
	for range 10 {
		done.Add(1)
		wg.Go(func() {
			if err := handle(chat.Message{Chat: c.id, Person: c.person, Private: true, Choice: id}, done.Done); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	done.Wait()
	if text := c.text(); strings.Count(text, "effectué") != 1 || strings.Count(text, "une seule fois") != 9 {
		t.Errorf("answers:\n%s", text)
	}
	r.spent(account, 32_34, 1)
	r.noViolations()
}

func TestWrongKeptCodeIsForgottenByATopUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	r.izly.FailNext("MoneyInCbConfirm", 105, 2, "Votre code secret est incorrect.")
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "le code secret est faux", "Rien n'a été débité")
	r.restart()
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "envoyez votre code secret", "(secret)")
	c.wants(c.Say(account.SecretCode), "effectué")
	r.spent(account, 32_34, 2)
}

// TestWrongCodesOfTopUps are held back before the account is blocked, and the answer says that nothing was charged.
func TestWrongCodesOfTopUps(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	refused := 0
	for range 4 {
		c.Say("/recharger 20")
		c.wants(c.Press("Payer"), "envoyez votre code secret")
		text := c.Say("000000")
		if strings.Contains(text, "le code secret est faux") {
			refused++
			continue
		}
		c.wants(text, "Trop d'essais ont été refusés pour ce compte", "Aucun rechargement n'a été envoyé et rien n'a été débité")
	}
	if refused == 0 || refused == 4 {
		t.Errorf("%d wrong codes were sent", refused)
	}
	r.clock.Advance(time.Hour)
	c.Say("/recharger 20") // the session is over as well
	c.wants(c.Say(account.SecretCode), "à confirmer")
	c.wants(c.Press("Payer"), "envoyez votre code secret")
	c.wants(c.Say(account.SecretCode), "effectué")
	r.spent(account, 32_34, refused+1)
}
