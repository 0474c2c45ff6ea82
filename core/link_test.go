package core_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	simizly "cartable/sim/izly"
)

// sms is the activation link that Izly sent last.
func (r *rig) sms(account simizly.Account) string {
	r.t.Helper()
	links := r.izly.SMS(account.Phone)
	if len(links) == 0 {
		r.t.Fatal("no SMS was sent")
	}
	return links[len(links)-1]
}

func TestLinkASchool(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	account := r.school.Accounts()[0]
	c.wants(c.Say("/edt"), "Aucun compte PRONOTE n'est relié", "/connexion")
	c.wants(c.Say("/connexion"), "Quel compte voulez-vous relier ?", "[1] PRONOTE (école)  [2] Izly (CROUS)")
	c.wants(c.Say("netflix"), "Ce n'est ni PRONOTE ni Izly", "Quel compte")
	c.wants(c.Press("PRONOTE"), "Collez l'adresse de votre PRONOTE")
	for _, tt := range []struct{ typed, want string }{
		{"lycée Jean Moulin", "Ce n'est pas une adresse de site"},
		{"ftp://example.org/pronote", "adresse"},
		{"https://claire:secret@example.org/pronote", "contient un identifiant ou un mot de passe"},
	} {
		answer := c.Say(tt.typed)
		c.wants(answer, tt.want, "Rien n'a été contacté", "Collez l'adresse")
		c.refuses(answer, "secret")
	}
	c.wants(c.Say(r.schoolURL+"/"), "Site : 127.0.0.1", "identifiant PRONOTE ?")
	c.wants(c.Say(account.Username), "mot de passe du compte "+account.Username, "/annuler", "(secret)")
	c.wants(c.Say("pas-le-bon"), "Est-ce un compte de parent ou d'élève ?", "[1] Parent  [2] Élève")
	c.wants(c.Say("directeur"), "« directeur » n'est ni parent ni élève", "parent ou d'élève")
	c.wants(c.Press("Parent"), "l'identifiant ou le mot de passe du compte "+account.Username+" est faux", "Rien n'a été gardé", "(secret)")
	answer := c.Say(account.Password)
	c.wants(answer, "# Compte PRONOTE relié", "CITÉ SCOLAIRE DES TILLEULS", "ROUSSEL Léa · 4B", "ROUSSEL Hugo · 2DE3", "/edt", "/deconnexion")
	c.refuses(answer, account.Password, "(secret)")
	if len(c.deleted) != 2 {
		t.Errorf("%d messages with a password deleted, want 2", len(c.deleted))
	}
	c.wants(c.Say("/edt"), "# Léa – aujourd'hui, mardi 17 novembre")
	r.noViolations()
}

func TestLinkAPupil(t *testing.T) {
	t.Parallel()
	for _, alerts := range []bool{true, false} {
		r := newRig(t, rigOptions{version: "2024.3.8", alerts: alerts})
		c := r.chat("lea")
		account := r.school.Accounts()[1]
		c.wants(c.Say("/connexion "+r.schoolURL+"/eleve.html"), "identifiant PRONOTE ?") // the address says the space
		c.Say(account.Username)
		answer := c.Say(account.Password)
		c.wants(answer, "# Compte PRONOTE relié", "ROUSSEL Léa")
		if told := strings.Contains(answer, "Pour choisir ce dont je vous préviens : /alertes"); told != alerts {
			t.Errorf("told of alerts %t", told)
		}
		c.wants(c.Say("/edt"), "# Léa – aujourd'hui, mardi 17 novembre")
		c.wants(c.Say("/enfant"), "Ce compte n'a qu'un élève : Léa")
		r.noViolations()
	}
}

func TestLinkAWallet(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{true, false} {
		r := newRig(t, rigOptions{})
		c := r.chat("camille")
		account := r.izly.Accounts()[0]
		c.Say("/connexion")
		c.wants(c.Press("Izly"), "numéro de téléphone", "06 11 22 33 44", "déconnecter l'application officielle")
		c.wants(c.Say("mon numéro"), "Ce n'est pas un numéro de téléphone", "Rien n'a été envoyé")
		c.wants(c.Say("06 11 22 33 44"), "code secret Izly à 6 chiffres", "SMS", "(secret)")
		c.wants(c.Say("1234"), "Un code secret Izly a 6 chiffres", "Rien n'a été envoyé")
		c.wants(c.Say("000000"), "le code secret est faux", "Rien n'a été gardé", "bloquent le compte", "(secret)")
		c.wants(c.Say(account.SecretCode), "Izly envoie un SMS", "Ne touchez pas le lien", "(secret)")
		c.wants(c.Say("je ne l'ai pas"), "ni lien ni code d'activation", "Rien n'a été envoyé")
		c.wants(c.Say("https://mon-espace.izly.fr/tools/activation/33611223344/WRONGCODE00"), "n'accepte pas cette activation", "Rien n'a été gardé")
		answer := c.Say("Bonjour, votre lien Izly : " + r.sms(account) + " A bientôt")
		c.wants(answer, "# Compte Izly relié", "Camille MARTIN", "/solde", "Faut-il garder le code secret", "[1] Le demander à chaque fois  [2] Le garder chiffré")
		c.refuses(answer, account.SecretCode)
		if len(c.deleted) != 6 {
			t.Errorf("%d messages with a secret deleted, want 6", len(c.deleted))
		}
		if keep {
			c.wants(c.Press("Le garder"), "gardé chiffré", "demande toujours votre confirmation")
		} else {
			c.wants(c.Press("Le demander"), "n'est pas gardé")
		}
		r.izly.ExpireSessions()
		if answer := c.Say("/solde"); strings.Contains(answer, "12,34 €") != keep {
			t.Errorf("kept %t, and yet:\n%s", keep, answer)
		}
	}
}

func TestWalletIsLinkedWithoutTheLastAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ say, want string }{
		{"solde", "12,34 €"},                         // what one says next counts
		{"/solde", "12,34 €"},                        //
		{"garder", "gardé chiffré"},                  //
		{"/annuler", "pas gardé"},                    // and leaves the link
		{"quel est mon solde ?", "12,34 €"},          //
		{"/soldd", "/solde"},                         //
		{"Le garder chiffré !", "gardé chiffré"},     //
		{"ne pas garder", "n'est pas gardé"},         // only the word itself has it kept
		{"non, ne le garder pas", "n'est pas gardé"}, //
		{"don't keep it", "n'est pas gardé"},         //
		{"non merci", "n'est pas gardé"},             //
	} {
		r := newRig(t, rigOptions{})
		c := r.chat("camille")
		account := r.izly.Accounts()[0]
		c.Say("/connexion izly")
		c.Say("+33 6 11 22 33 44")
		c.Say(account.SecretCode)
		c.wants(c.Say(r.sms(account)), "# Compte Izly relié")
		c.wants(c.Say(tt.say), tt.want)
		c.wants(c.Say("/solde"), "12,34 €")
	}
}

func TestDialoguesExpireAndAreLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	account := r.school.Accounts()[0]
	upToPassword := func() {
		c.Say("/connexion " + r.schoolURL + "/parent.html")
		c.wants(c.Say(account.Username), "(secret)")
	}
	upToPassword()
	r.clock.Advance(10*time.Minute + time.Second)
	c.wants(c.Say(account.Password), "a expiré au bout de dix minutes", "pas été utilisée ni gardée", "/connexion")
	if len(c.deleted) != 1 {
		t.Error("the late password stands in the chat")
	}
	c.Say("/connexion")
	r.clock.Advance(10*time.Minute + time.Second)
	c.wants(c.Say("aide"), "# Ce que je sais faire ici") // an old question swallows nothing
	upToPassword()
	c.wants(c.Say(strings.Repeat("x", chat.MaxText+1)), "trop long")
	if len(c.deleted) != 2 {
		t.Error("the long secret stands in the chat")
	}
	c.wants(c.Say("/annuler"), "Liaison abandonnée", "n'ont pas été gardées")
	c.wants(c.Say("/annuler"), "Il n'y a rien à annuler")
	c.Say("/connexion")
	old := c.button("PRONOTE")
	c.wants(c.PressID(old), "Collez l'adresse")
	c.wants(c.PressID(old), "n'attend plus de réponse")
	c.Say("/annuler")
	c.wants(c.PressID(old), "n'attend plus de réponse")
	upToPassword()
	r.restart()
	c.refuses(c.Say(account.Password), account.Password, "relié")
	if n := len(r.school.Requests()); n != 0 {
		t.Errorf("%d requests to the school", n)
	}
}

// TestOnePersonKeepsNobodyOutOfASchool has Bob err as often as he is let, on Claire's login and on others of her school,
// which counts failures by the address of the bot: she goes on, also when she must log in, and links again.
func TestOnePersonKeepsNobodyOutOfASchool(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	claire, bob := r.phoneOf("claire"), r.phoneOf("bob")
	claire.linkParent()
	account := r.school.Accounts()[0]
	refused := 0
	for _, login := range []string{account.Username, account.Username, "somebody", "else"} {
		for range 3 {
			bob.Say("/connexion " + r.schoolURL + "/parent.html")
			bob.Say(login)
			if answer := bob.Say("wrong"); strings.Contains(answer, "est faux") || strings.Contains(answer, "ce mot de passe aussi") {
				refused++
			}
			bob.Say("/annuler")
			r.clock.Advance(10 * time.Second)
		}
	}
	if refused != 3 {
		t.Errorf("%d of Bob's tries reached the school", refused)
	}
	r.school.ExpireSessions()
	r.school.Reset()
	claire.wants(claire.Say("/devoirs"), "devoirs")
	if n := len(r.school.Requests()); n < 4 {
		t.Errorf("%d requests, want a login", n)
	}
	claire.linkParent()
	claire.wants(claire.Say("/edt"), "08:00")
	bob.Say("/connexion " + r.schoolURL + "/parent.html")
	answer := bob.Say(account.Username) // he is told before he types a password
	bob.wants(answer, "Trop d'essais", "jusqu'à")
	bob.refuses(answer, "(secret)")
}

func TestThreeWrongPasswordsAreEnough(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	account := r.school.Accounts()[0]
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	c.Say(account.Username)
	c.wants(c.Say("un"), "est faux", "après trois refus", "(secret)")
	c.wants(c.Say("deux"), "est faux", "(secret)")
	answer := c.Say("trois")
	c.wants(answer, "a refusé ce mot de passe aussi", "Rien n'a été gardé", "j'attends jusqu'à 08:30", "Vos autres comptes marchent")
	c.refuses(answer, "(secret)")
	c.wants(c.Say("quatre"), "n'attend plus", "ni utilisé ni gardé")
	if n := len(c.deleted); n != 4 {
		t.Errorf("%d messages with a password deleted, want 4", n)
	}
	c.wants(c.Say("blabla"), "pas compris")
	r.school.Reset()
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	answer = c.Say(account.Username)
	c.wants(answer, "jusqu'à 08:30")
	c.refuses(answer, "(secret)")
	c.wants(c.Say(account.Password), "n'attend plus", "ni utilisé ni gardé")
	if n := len(r.school.Requests()); n != 0 {
		t.Errorf("%d requests while the account rests", n)
	}
	r.restart()
	r.clock.Advance(61 * time.Minute)
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	c.Say(account.Username)
	c.wants(c.Say(account.Password), "# Compte PRONOTE relié")
}

func TestSchoolsThatCannotBeLinked(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	account := r.school.Accounts()[0]
	link := func() string {
		c.Say("/connexion " + r.schoolURL + "/parent.html")
		c.Say(account.Username)
		return c.Say(account.Password)
	}
	r.school.RequireENT("https://ent.example.org/login")
	c.wants(link(), "portail (ENT)", "QR code", "envoyez-en une photo")
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	c.Say(account.Username)
	c.wants(c.through(textOnly{c}, account.Password), "portail (ENT)", "accès direct")
	r.school.RequireENT("")
	r.school.SecondFactor("1234")
	c.wants(link(), "étape de sécurité", "/connexion")
	r.school.SecondFactor("")
	r.school.Refuse("Votre compte\nouvre le 2 septembre.")
	answer := link()
	c.wants(answer, "écrit : « Votre compte ouvre le 2 septembre. »", "/connexion")
	c.refuses(answer, "code 9")
	if log := r.log.String(); strings.Contains(log, "2 septembre") {
		t.Error("what the server says stands in the log")
	}
	r.school.Refuse("")
	c.wants(link(), "# Compte PRONOTE relié")
	r.school.Suspend(true)
	c.wants(link(), "suspendu")
	r.school.Reset()
	c.Say("/connexion " + r.schoolURL + "/parent.html")
	answer = c.Say(account.Username) // before a password is asked for
	c.wants(answer, "Je laisse ce serveur en paix jusqu'à")
	c.refuses(answer, "(secret)")
	if n := len(r.school.Requests()); n != 0 {
		t.Errorf("%d requests to a server that must be left alone", n)
	}
}

func TestSeveralLinksSideBySide(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.linkWallet(true)
	c.linkWalletNumber(1, true)
	lea := r.school.Accounts()[1]
	c.Say("/connexion " + r.schoolURL + "/eleve.html")
	c.Say(lea.Username)
	c.wants(c.Say(lea.Password), "# Compte PRONOTE relié")
	c.linkParent() // the same again replaces
	for range 2 {
		c.wants(c.Say("/edt léa"), "# Léa – ") // known from two accounts, meant once
		c.wants(c.Say("/edt hugo"), "# Hugo – ")
		c.wants(c.Say("/solde"), "12,34 €", "241,70 €")
		c.wants(c.Say("/deconnexion"), "Oublier PRONOTE – CITÉ SCOLAIRE DES TILLEULS (Mme ROUSSEL Claire)", "(ROUSSEL Léa)", "…3344", "…4455", "[5] Ne rien oublier")
		r.restart()
	}
	r.noViolations()
}

// records are all records of the store, as text, by bucket.
func (r *rig) records() map[string][]string {
	r.t.Helper()
	found := make(map[string][]string)
	if _, err := r.vault.Verify(func(bucket, group, key string, value []byte) error {
		found[bucket] = append(found[bucket], strings.TrimSpace(group+" "+key+" "+string(value)))
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return found
}

func TestUnlinkErasesEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.wants(c.Say("/deconnexion"), "Vous n'avez relié aucun compte")
	c.linkParent()
	account := c.linkWallet(true)
	for _, line := range []string{"/edt", "/edt hugo", "/notes", "/devoirs", "/enfant hugo", "/solde", "/recharger 20"} {
		c.Say(line)
	}
	c.Press("Payer")
	c.Say("/recharger 30") // stands open
	confirm := c.button("Payer")
	c.wants(c.Say("/deconnexion facebook"), "Aucun de vos comptes", "« facebook »", "Rien n'a été effacé")
	c.wants(c.Say("/deconnexion"), "le compte lui-même n'est pas touché")
	c.wants(c.Press("Ne rien oublier"), "Rien n'a été oublié")
	c.wants(c.Say("/deconnexion pronote"), "Oublier PRONOTE")
	c.refuses(strings.Join(c.labels(), " "), "Izly")
	unlink := c.button("Oublier PRONOTE")
	stranger := r.chat("claire")
	stranger.person.ID = "mallory"
	stranger.wants(stranger.PressID(unlink), "Ce bouton n'est pas pour vous")
	c.wants(c.PressID(unlink), "C'est oublié : PRONOTE")
	c.wants(c.PressID(unlink), "bouton n'est plus valable")
	c.wants(c.Say("/edt"), "Aucun compte PRONOTE n'est relié")
	c.wants(c.Say("/solde"), "32,34 €")
	c.Say("/deconnexion izly")
	c.wants(c.Press("Oublier Izly"), "C'est oublié : Izly – …3344")
	c.wants(c.PressID(confirm), "bouton n'est plus valable")
	r.spent(account, 32_34, 1)
	for range 2 {
		for bucket, records := range r.records() {
			text := strings.Join(records, "\n")
			for _, trace := range []string{"ROUSSEL", "Claire.", "MARTIN", account.Phone, "Carte perso", "MATH", "fetched", "username", "2DE3"} {
				if strings.Contains(text, trace) {
					t.Errorf("%q is still in %s:\n%s", trace, bucket, text)
				}
			}
			if bucket == "links" || bucket == "proposals" || bucket == "snapshots" {
				t.Errorf("%d records in %s", len(records), bucket)
			}
		}
		r.restart()
	}
	c.wants(c.Say("/aide"), "/connexion")
}

func TestUnlinkWithALostTopUpSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	c.Say("/recharger 20")
	c.Press("Payer")
	c.Say("/deconnexion")
	c.wants(c.Press("Oublier Izly"), "C'est oublié", "20,00 €", "vérifiez dans l'application")
	if told := c.later(time.Minute); told != "" {
		t.Errorf("told of a link that is gone:\n%s", told)
	}
}

func TestGroupsTakeNoSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("group")
	c.private = false
	for _, line := range []string{"/connexion", "/connexion pronote", "/connexion " + r.schoolURL, "/connexion izly"} {
		answer := c.Say(line)
		c.refuses(answer, "(secret)", "identifiant PRONOTE ?", "numéro de téléphone", "Collez l'adresse")
		c.wants(answer, "priv")
	}
	if answer := c.Say("hunter2"); answer != "" {
		t.Errorf("answered what was not for the bot:\n%s", answer)
	}
	if slices.ContainsFunc(r.izly.Requests(), func(simizly.Request) bool { return true }) || len(r.school.Requests()) > 0 {
		t.Error("something was asked")
	}
}

func TestASecretSentAfterARestartIsDeletedAndNotUsed(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.Say("/connexion izly")
	c.Say("0611223344")
	r.restart()
	c.wants(c.Say("135790"), "n'attend plus", "/connexion")
	if len(c.deleted) != 1 {
		t.Errorf("%d messages deleted", len(c.deleted))
	}
	c.wants(c.Say("135790"), "pas compris") // and no more than that one
	c.Say("/connexion izly")
	c.Say("0611223344")
	c.Say("/annuler")
	r.restart()
	c.wants(c.Say("135790"), "pas compris")
	if len(c.deleted) != 1 {
		t.Errorf("%d messages deleted", len(c.deleted))
	}
}

// TestWordsThatLink begins a linking by the words that people say for it; none of them is read as its opposite.
func TestWordsThatLink(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	c.linkWallet(true)
	for _, verb := range []string{
		"relier", "relie", "reliez", "associer", "connecter", "lier", "ajouter", "ajoute", "add", "/relier", "/associer", "/ajoute", "/ajouter",
	} {
		object := " un compte"
		if verb == "add" {
			object = " an account"
		}
		answer := c.Say(verb + object)
		c.wants(answer, "Quel compte voulez-vous relier ?")
		c.refuses(answer, "Oublier", "ni PRONOTE")
		c.Say("/annuler")
	}
	for _, text := range []string{"relier izly", "relie mon compte izly", "Ajouter un compte Izly", "je voudrais relier izly", "/relier izly"} {
		c.wants(c.Say(text), "numéro de téléphone de votre compte Izly")
		c.Say("/annuler")
	}
	c.wants(c.Say("ajouter 20 euros"), "20,00 €", "Payer 20,00 €")
}
