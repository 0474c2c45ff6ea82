package core_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/pronote"
)

// What /annuler says is cancelled must be: nothing that was open may act afterwards.
func TestCancelTakesBackWhatIsOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		open    func(*phone)
		answer  string
		pressed string
	}{
		{"an unlinking", func(c *phone) { c.Say("/deconnexion") }, "Rien n'a été oublié", "Oublier Izly"},
		{"the choice of a card", func(c *phone) { c.Say("/recharger 30"); c.Press("Changer de carte") }, "Rechargement annulé", "Carte perso"},
		{"a language", func(c *phone) { c.Say("/langue") }, "Rien n'a été changé", "English"},
		{"a child", func(c *phone) { c.Say("/enfant") }, "Rien n'a été changé", "Hugo"},
		{"an unlinking before a restart", func(c *phone) { c.Say("/deconnexion"); c.r.restart() }, "ne valent plus", "Oublier Izly"},
		{"a language before a restart", func(c *phone) { c.Say("/langue"); c.r.restart() }, "rien à annuler", "English"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			c := r.chat("claire")
			c.linkParent()
			account := c.linkWallet(true)
			tt.open(c)
			c.wants(c.Say("/annuler"), tt.answer)
			c.wants(c.Press(tt.pressed), "n'est plus valable", "Rien n'a été fait")
			c.wants(c.Say("/annuler"), "Il n'y a rien à annuler")
			c.wants(c.Say("/solde"), "Solde Izly", "12,34 €")
			c.wants(c.Say("/edt"), "# Léa")
			r.spent(account, 12_34, 0)
		})
	}
}

func TestCancelLeavesNavigationAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.Say("/edt")
	next := c.button("▶")
	c.Say("/recharger")
	c.wants(c.Say("/annuler"), "rien à annuler")
	c.wants(c.PressID(next), "# Léa")
}

func TestPlainWordsLeaveAQuestion(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkParent()
	account := c.linkWallet(false)
	const linking = "Liaison abandonnée"
	for _, tt := range []struct {
		lines []string
		want  string
	}{
		{[]string{"/recharger"}, "C'est abandonné. Rien n'a été débité."},
		{[]string{"/connexion"}, linking},
		{[]string{"/connexion pronote"}, linking},
		{[]string{"/connexion " + r.schoolURL}, linking},
		{[]string{"/connexion " + r.schoolURL, "claire"}, linking},
		{[]string{"/connexion " + r.schoolURL, "claire", "secret"}, linking},
		{[]string{"/connexion izly"}, linking},
		{[]string{"/connexion izly", account.Phone}, linking},
		{[]string{"/connexion izly", account.Phone, account.SecretCode}, linking},
		{[]string{"/langue"}, "Rien n'a été changé"},
		{[]string{"/deconnexion"}, "Rien n'a été oublié"},
	} {
		for _, word := range []string{"annuler", "Cancel", "stop"} {
			for _, line := range tt.lines {
				c.Say(line)
			}
			deleted := len(c.deleted)
			c.wants(c.Say(word), tt.want)
			if len(c.deleted) != deleted {
				t.Errorf("%q was deleted", word)
			}
			c.wants(c.Say("voilà"), "pas compris")
		}
	}
	for _, question := range []string{"/recharger", "/connexion izly", "/connexion pronote", "/langue", "/enfant", "/deconnexion"} {
		c.Say(question)
		c.refuses(c.Say("non"), "pas compris", "Je ne")
		c.wants(c.Say("voilà"), "pas compris")
		c.Say(question)
		c.wants(c.Say("edt demain"), "# Léa – demain, mercredi")
		c.Say("/annuler")
	}
}

// A linking goes on beside what only reads, and ends in words with what does more.
func TestALinkingBesideOtherThings(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkParent()
	c.linkWallet(true)
	account := r.izly.Accounts()[1]
	c.Say("/edt")
	next := c.button("▶")
	c.Say("/connexion izly")
	c.Say(account.Phone)
	const waits = "attend toujours votre réponse ; /annuler l'abandonne"
	c.wants(c.Say("/edt"), "# Léa", waits, "(secret)")
	c.wants(c.PressID(next), "# Léa", waits, "(secret)")
	c.wants(c.Say("solde"), "12,34 €", waits)
	c.wants(c.Say("/edt mardi gras"), "Je n'ai pas compris « gras »", waits)
	c.wants(c.Say(account.SecretCode), "Izly envoie un SMS")
	c.wants(c.Say("/aide"), "# Ce que je sais faire", waits)
	c.wants(c.Say(r.sms(account)), "# Compte Izly relié")
	if n := len(c.deleted); n != 2 {
		t.Errorf("%d messages with a secret deleted, want 2", n)
	}
	c.refuses(c.Say("/edt"), waits)

	c.Say("/connexion izly")
	c.Say(account.Phone)
	c.wants(c.Say("/recharger 20"), "La liaison en cours est abandonnée", "Montant | 20,00 €")
	c.wants(c.Say("oui"), "attend votre accord") // nobody's secret
	c.wants(c.Say(account.SecretCode), "n'attend plus", "ni utilisé ni gardé")
	if n := len(c.deleted); n != 3 {
		t.Errorf("%d messages with a secret deleted, want 3", n)
	}
	c.wants(c.Say(account.SecretCode), "attend votre accord") // and no more than that one
	c.Say("/connexion izly")
	c.Say(account.Phone)
	c.Say("/langue fr")
	r.clock.Advance(10*time.Minute + time.Second)
	c.wants(c.Say("blabla"), "pas compris") // no secret is expected for ever
}

// A secret that was asked for is not taken for the answer to a question that came after it.
func TestASecretIsNoAnswerToALaterQuestion(t *testing.T) {
	t.Parallel()
	const password = "S3cret.Passw0rd"
	for _, tt := range []struct{ name, asks, answer, want string }{
		{"amount", "/recharger", "20", "Montant | 20,00 €"},
		{"child", "/enfant", "Hugo", "l'enfant est maintenant Hugo"},
		{"child by number", "/enfant", "2", "l'enfant est maintenant Hugo"},
		{"language", "/langue", "english", "I speak English"},
		{"unlinking", "/deconnexion", "izly", "[1] Oublier Izly"},
		{"kind of account", "/connexion", "izly", "numéro de téléphone"},
		{"address", "/connexion pronote", "https://127.0.0.1/pronote", "identifiant PRONOTE"},
		{"phone", "/connexion izly", "06 11 22 33 44", "code secret Izly"},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %t", tt.name, restart), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, rigOptions{})
				c := r.chat("claire")
				c.linkParent()
				c.linkWallet(true)
				c.Say("/connexion " + r.schoolURL + "/parent.html")
				c.Say("someone")
				if restart {
					r.restart()
				}
				c.Say(tt.asks)
				answer := c.Say(password)
				c.wants(answer, "pour un secret", "ni utilisé ni gardé", "Ma dernière question attend toujours")
				c.refuses(answer, password)
				if len(c.deleted) != 1 {
					t.Errorf("%d messages deleted, want the password alone", len(c.deleted))
				}
				c.wants(c.Say(tt.answer), tt.want)
			})
		}
	}
}

func TestATopUpCodeIsNoAnswerToALaterQuestion(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	for i, command := range []string{"/langue", "/recharger", "/deconnexion"} {
		c.Say("/recharger 20")
		c.Press("Payer")
		c.Say(command)
		answer := c.Say("000150")
		c.wants(answer, "pour un secret")
		c.refuses(answer, "150")
		if len(c.deleted) != i+1 {
			t.Errorf("the code after %s was not deleted", command)
		}
		c.Say("/annuler")
	}
	c.Say("/recharger 30")
	c.Press("Payer")
	c.wants(c.Press("Changer de carte"), "quelle carte")
	c.wants(c.Say("123456"), "pour un secret")
	c.wants(c.Say("parents"), "Avec | Parents")
	r.spent(account, 12_34, 0)
}

// A question that asked for a secret ends aloud, and the secret that comes all the same is deleted.
func TestAnExpiredQuestionForASecretIsToldOf(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkParent()
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	c.Say("someone")
	r.clock.Advance(9 * time.Minute)
	c.wants(c.Say("/edt"), "attend toujours")
	r.clock.Advance(90 * time.Second)
	answer := c.Say("/aide")
	c.wants(answer, "# Ce que je sais faire", "Ma question d'avant a expiré")
	c.refuses(answer, "(secret)", "attend toujours")
	r.clock.Advance(30 * time.Second)
	c.wants(c.Say("recharge-moi"), "n'attend plus", "ni utilisé ni gardé")
	if len(c.deleted) != 1 {
		t.Error("the password was not deleted")
	}
	c.refuses(c.Say("/aide"), "a expiré")
}

// A choice that decides on what a question is about ends the question.
func TestAChoiceEndsTheQuestionAboutTheSameThing(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(false)
	ask := func() {
		c.Say("/recharger 20")
		cancel := c.button("Annuler")
		c.wants(c.Press("Payer"), "(secret)")
		c.choices = []chat.Choice{{ID: cancel, Label: "Annuler"}}
	}
	c.Say("/deconnexion izly")
	unlink := c.button("Oublier Izly")
	c.Say("/recharger 30")
	other := c.button("Annuler")

	ask()
	answer := c.Press("Annuler")
	c.wants(answer, "Rechargement annulé")
	c.refuses(answer, "attend toujours", "(secret)")
	c.wants(c.Say(account.SecretCode), "n'attend plus")
	ask()
	c.wants(c.PressID(other), "a été annulé", "attend toujours", "(secret)") // that of another top-up
	answer = c.PressID(unlink)
	c.wants(answer, "C'est oublié")
	c.refuses(answer, "attend toujours", "(secret)")
	c.wants(c.Say(account.SecretCode), "n'attend plus")
	if len(c.deleted) != 2 {
		t.Errorf("%d codes deleted, want 2", len(c.deleted))
	}
	r.spent(account, 12_34, 0)
}

// Inside a question, plain words are understood as they are without one.
func TestPlainWordsInsideAQuestion(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkParent()
	c.linkWallet(false)
	c.Say("/connexion")
	button := c.button("PRONOTE")
	c.wants(c.Say("mes notes"), "Moyenne générale", "attend toujours")
	c.wants(c.Say("edt 17/11"), "# Léa", "attend toujours")
	c.wants(c.PressID(button), "Collez l'adresse")
	c.Say("/connexion")
	c.wants(c.Say("izly"), "numéro de téléphone")
	c.Say("/deconnexion")
	c.wants(c.Say("mes devoirs"), "devoirs")
	c.Say("/deconnexion")
	c.wants(c.Say("voilà"), "pas compris")
	c.Say("/recharger 20")
	r.izly.ExpireSessions()
	c.Say("/solde")
	c.wants(c.Say("000000"), "[1] Saisir le code secret")
	c.wants(c.Say("mes notes"), "Moyenne générale")
	c.wants(c.Say("/solde"), "[1] Saisir le code secret")
	c.wants(c.Say("voilà"), "attend votre accord")
	c.Say("/solde")
	answer := c.Say("/annuler")
	c.wants(answer, "Rechargement annulé")
	c.refuses(answer, "rien à annuler")
}

func TestAnActivationLinkIsNeverLeftInTheChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	account := r.izly.Accounts()[0]
	sms := "Izly : activez votre compte " + r.sms(account)
	c.wants(c.Say(sms), "active un compte Izly", "ni utilisé ni gardé", "/connexion")
	c.Say("/connexion izly")
	c.wants(c.Say(sms), "active un compte Izly")
	c.Say(account.Phone)
	c.wants(c.Say(sms), "6 chiffres", "(secret)")
	if n := len(c.deleted); n != 3 {
		t.Errorf("%d links deleted, want 3", n)
	}
	c.Say(account.SecretCode)
	c.wants(c.Say("Izly : activez votre compte "+r.sms(account)), "# Compte Izly relié")
}

func TestYesAndNoToAProposal(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	account := c.linkWallet(true)
	c.wants(c.Say("oui"), "pas compris")
	c.Say("/recharger 20")
	for _, word := range []string{"oui", "ok", "d'accord"} {
		c.wants(c.Say(word), "20,00 €", "n'a rien débité", "« Payer 20,00 € »", "/annuler")
	}
	r.spent(account, 12_34, 0)
	c.wants(c.Say("non"), "Rechargement annulé", "Rien n'a été débité")
	c.wants(c.Press("Payer"), "a été annulé")
	c.wants(c.Say("non"), "rien à annuler")
	c.Say("/recharger 20")
	c.Say("oui")
	c.wants(c.Press("Payer"), "effectué")
	c.wants(c.Say("oui"), "pas compris")
	r.spent(account, 32_34, 1)
}

func TestTypedChoices(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.linkWallet(true)
	for _, tt := range []struct{ line, typed, want string }{
		{"/langue", "English", "I speak English"},
		{"/language", "1", "je parle français"},
		{"/langue", "3", "Choisissez un numéro de 1 à 2"},
		{"/langue", "klingon", "« klingon »"},
		{"/enfant", "Hugo", "l'enfant est maintenant Hugo"},
		{"/enfant", "1", "l'enfant est maintenant Léa"},
		{"/enfant", "0", "Choisissez un numéro de 1 à 2"},
		{"/enfant", "Zoé", "Je ne trouve pas « Zoé »"},
		{"/deconnexion", "Izly", "[1] Oublier Izly – …3344  [2] Ne rien oublier"}, // never removes
		{"/deconnexion", "1", "[1] Oublier PRONOTE"},
		{"/deconnexion", "3", "Rien n'a été oublié"},
		{"/deconnexion", "4", "Choisissez un numéro de 1 à 3"},
		{"/deconnexion", "ne rien oublier", "Rien n'a été oublié"},
		{"/deconnexion", "blabla", "pas compris"},
	} {
		c.Say(tt.line)
		c.wants(c.Say(tt.typed), tt.want)
		c.Say("/annuler")
	}
	c.Say("/recharger 20")
	c.Press("Changer de carte")
	c.wants(c.Say("9"), "Choisissez un numéro de 1 à 2", "quelle carte")
	c.wants(c.Say("parents"), "Avec | Parents (CB …0001)")
	c.wants(c.Say("/deconnexion"), "[3] Ne rien oublier") // all are still there
}

func TestTheRestOfAnAccountOverMidnight(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{at: time.Date(2026, 11, 21, 23, 37, 0, 0, paris)})
	c := r.chat("claire")
	for _, line := range []string{"/connexion " + r.schoolURL + "/parent.html", "Claire.ROUSSEL", "un", "deux"} {
		c.Say(line)
	}
	c.wants(c.Say("trois"), "j'attends jusqu'au 22/11 à 00:37", "pour qu'il ne soit pas bloqué")
}

// In a group people write to each other, and a list of choices asks none of them.
func TestAListInAGroupTakesNoWords(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("group")
	c.private = false
	c.wants(c.Say("/langue"), "Quelle langue")
	if answer := c.Say("english"); answer != "" {
		t.Errorf("answered what was not for the bot:\n%s", answer)
	}
}

func TestAHostThatDoesNotExistIsToldAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	r.close()
	r.clients.School = pronote.New(pronote.Config{LookUp: func(_ context.Context, host string) ([]string, error) {
		if host == "0350000x.index-education.net" {
			return []string{"93.184.216.34"}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}})
	r.open()
	c := r.chat("claire")
	c.wants(c.Say("/connexion https://0350000y.index-education.net/pronote/"), "Je ne trouve pas le site 0350000y.index-education.net",
		"Aucun mot de passe n'a été envoyé", "Vérifiez l'adresse", "Collez l'adresse")
	c.wants(c.Say("https://0350000x.index-education.net/pronote/"), "Site : 0350000x", "identifiant PRONOTE ?")
}
