package linking_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"cartable/core/chat"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/talk"
)

func TestLinkASchool(t *testing.T) {
	r := newRig(t)
	c, account := r.private("claire"), r.parent()
	has(t, c.say("/connexion"), "Quel compte voulez-vous relier ?", "[1] PRONOTE (école)", "[2] Izly (CROUS)")
	has(t, c.say("netflix"), "Ce n'est ni PRONOTE ni Izly", "Quel compte")
	has(t, c.press("PRONOTE"), "Collez l'adresse de votre PRONOTE", "QR code")
	has(t, c.say("https://claire:secret@example.org/pronote"), "contient un identifiant ou un mot de passe", "Collez l'adresse", "-secret")
	has(t, c.say(r.url), "Site : 127.0.0.1", "identifiant PRONOTE ?")
	has(t, c.say(account.Username), "mot de passe du compte "+account.Username, "(secret)")
	has(t, c.say("pas-le-bon"), "[1] Parent", "[2] Élève")
	has(t, c.say("directeur"), "« directeur » n'est ni parent ni élève", "parent ou d'élève")
	has(t, c.press("Parent"), "est faux", "Rien n'a été gardé", "(secret)")
	has(t, c.say(account.Password), "# Compte PRONOTE relié", "ROUSSEL Léa", "Remplacer le mot de passe par un jeton", "-"+account.Password, "-(secret)")
	if r.deleted != 2 {
		t.Errorf("%d messages deleted, want both passwords", r.deleted)
	}
	has(t, c.say("/edt"), "ROUSSEL Léa")
	mine := r.rights.Owned(c.who())
	if len(mine) != 1 || mine[0].Kind != rights.School || mine[0].Home != c.chat || !mine[0].Since.Equal(r.now()) ||
		mine[0].Name != "CITÉ SCOLAIRE DES TILLEULS" || mine[0].Label != "PRONOTE – CITÉ SCOLAIRE DES TILLEULS (Mme ROUSSEL Claire)" {
		t.Errorf("owns %+v", mine)
	}
}

func TestThreeWrongPasswordsAreEnough(t *testing.T) {
	r := newRig(t)
	c := r.private("claire")
	c.say("/connexion " + r.url + "/parent.html")
	c.say(r.parent().Username)
	has(t, c.say("un"), "est faux", "(secret)")
	has(t, c.say("deux"), "est faux", "(secret)")
	has(t, c.say("trois"), "a refusé ce mot de passe aussi", "j'attends jusqu'à 08:30", "-(secret)")
	has(t, c.say("quatre"), "n'attend plus", "ni utilisé ni gardé")
	if r.deleted != 4 {
		t.Errorf("%d messages deleted, want 4", r.deleted)
	}
}

// drawn is a QR code as a screenshot.
func drawn(t *testing.T, text string) []byte {
	t.Helper()
	var code image.Image = must(qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 500, 500, nil))(t)
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// qrText is the content of a QR code of the parent's account, locked by 1234.
func (r *rig) qrText() string {
	r.t.Helper()
	account := r.parent()
	address, _, err := pronote.ParseAddress(r.url, true)
	if err != nil {
		r.t.Fatal(err)
	}
	client := pronote.New(pronote.Config{AllowPrivate: true, Now: r.now, Location: paris})
	session := must(client.Login(r.t.Context(), pronote.Credentials{
		Address: address, Space: pronote.Space(account.Space), Username: account.Username, Password: secret.New(account.Password),
	}))(r.t)
	text := must(session.NewQRCode(r.t.Context(), secret.New("1234")))(r.t)
	r.school.Reset()
	return text.Reveal()
}

func TestLinkByQRCode(t *testing.T) {
	r := newRig(t)
	c, code := r.private("marc"), drawn(t, r.qrText())
	c.say("/connexion pronote")
	has(t, c.show([]byte("GIF89a"), nil), "pas une image", "Collez l'adresse")
	has(t, c.show(nil, errors.New("lost")), "pas pu lire")
	has(t, c.show(drawn(t, "https://example.org"), nil), "n'est pas celui de PRONOTE")
	has(t, c.show(code, nil), "QR code de 127.0.0.1", "code PIN à 4 chiffres", "(secret)")
	has(t, c.say("12345"), "a 4 chiffres", "(secret)")
	has(t, c.say("4321"), "n'ouvre pas", "(secret)")
	has(t, c.say("1234"), "Compte PRONOTE relié", "Aucun mot de passe n'est gardé", "-Remplacer le mot de passe")
	if r.deleted != 7 {
		t.Errorf("%d messages deleted, want four pictures and three PINs", r.deleted)
	}
	c.show(code, nil)
	has(t, c.say("1234"), "sert une fois")
	has(t, c.say("/edt"), "ROUSSEL Léa")
}

func TestTradeAPasswordForAToken(t *testing.T) {
	r := newRig(t)
	c := r.private("marc")
	link := func() chat.Choice {
		c.say("/connexion " + r.url + "/parent.html")
		c.say(r.parent().Username)
		c.say(r.parent().Password)
		return c.choice("Remplacer le mot de passe")
	}
	button := link()
	r.school.Omit("JetonAppliMobile", "jeton")
	has(t, c.pressID(button.ID), "Le mot de passe reste gardé", "PRONOTE n'a pas donné de jeton")
	r.school.Omit("JetonAppliMobile", "")
	has(t, c.pressID(button.ID), "Le mot de passe est effacé")
	has(t, c.pressID(button.ID), "Le mot de passe est effacé")
	if status, _ := r.family.Status(r.rights.Owned(c.who())[0].ID); status.Password {
		t.Error("the password is still kept")
	}
	if !button.Risky {
		t.Error("a platform need not be sure of who trades a password")
	}
	if err := r.forget(t.Context(), r.rights.Owned(c.who())[0].ID); err != nil {
		t.Fatal(err)
	}
	has(t, c.pressID(button.ID), "n'est plus valable")
}

func TestLinkAWallet(t *testing.T) {
	for _, keep := range []bool{true, false} {
		r := newRig(t)
		c, account := r.private("camille"), r.izly.Accounts()[0]
		has(t, c.say("/connexion izly"), "numéro de téléphone", "déconnecter l'application officielle")
		has(t, c.say("mon numéro"), "Ce n'est pas un numéro de téléphone")
		has(t, c.say("06 11 22 33 44"), "code secret Izly à 6 chiffres", "(secret)")
		has(t, c.say("1234"), "Un code secret Izly a 6 chiffres")
		has(t, c.say("000000"), "le code secret est faux", "Izly écrit", "(secret)")
		has(t, c.say(account.SecretCode), "Izly envoie un SMS", "(secret)")
		has(t, c.say("je ne l'ai pas"), "ni lien ni code d'activation")
		has(t, c.say("https://mon-espace.izly.fr/tools/activation/33611223344/WRONGCODE00"), "n'accepte pas cette activation")
		has(t, c.say("Izly : activez votre compte "+r.sms(account.Phone)), "# Compte Izly relié", "Camille MARTIN", "Faut-il garder le code secret", "-"+account.SecretCode)
		if r.deleted != 6 {
			t.Errorf("%d messages deleted, want 6", r.deleted)
		}
		if keep {
			has(t, c.press("Le garder"), "gardé chiffré")
		} else {
			has(t, c.say("ne pas garder"), "n'est pas gardé")
		}
		mine := r.rights.Owned(c.who())
		if len(mine) != 1 || mine[0].Kind != rights.Wallet || mine[0].Name != "Izly" || mine[0].Label != "Izly – …3344" || mine[0].Home != c.chat {
			t.Fatalf("owns %+v", mine)
		}
		if status, _ := r.wallet.Status(mine[0].ID); status.CodeKept != keep {
			t.Errorf("code kept: %t, want %t", status.CodeKept, keep)
		}
	}
}

// The question whether to keep the secret code offers two things: "oui" says neither, and is asked again.
func TestYesKeepsNoCode(t *testing.T) {
	for answer, kept := range map[string]bool{"garder": true, "Garde-le !": true, "demander": false, "non": false} {
		r := newRig(t)
		c, account := r.private("camille"), r.izly.Accounts()[0]
		c.say("/connexion izly " + account.Phone + " " + account.SecretCode)
		has(t, c.say(r.sms(account.Phone)), "Faut-il garder le code secret")
		id := r.rights.Owned(c.who())[0].ID
		for _, yes := range []string{"oui", "Oui !", "ok", "d'accord"} {
			has(t, c.say(yes), "« garder » ou « demander »", "[1] Le demander à chaque fois", "[2] Le garder chiffré")
			if status, _ := r.wallet.Status(id); status.CodeKept {
				t.Fatalf("%q keeps the code", yes)
			}
		}
		c.say(answer)
		if status, _ := r.wallet.Status(id); status.CodeKept != kept {
			t.Errorf("%q: code kept: %t", answer, status.CodeKept)
		}
	}
}

// The SMS of Izly begins with a word that is a command: its link is deleted all the same, and answers the question
// for a secret that waits, whosever question that is.
func TestAnActivationLinkIsNeverLeftInTheChat(t *testing.T) {
	r := newRig(t)
	c, account := r.private("camille"), r.izly.Accounts()[0]
	c.linkWallet()
	sms := "Izly : activez votre compte " + r.sms(account.Phone)
	has(t, c.say(sms), "active un compte Izly", "ni utilisé ni gardé", "/connexion")
	c.say("/connexion izly")
	has(t, c.say(sms), "active un compte Izly")
	c.say(account.Phone)
	has(t, c.say(sms), "6 chiffres", "(secret)")
	c.say("/annuler")
	has(t, c.say("/solde"), "code?")
	has(t, c.say(sms), "took an answer")
	if r.deleted != 4 {
		t.Errorf("%d links deleted, want 4", r.deleted)
	}
}

func TestASecretInAGroupIsDeleted(t *testing.T) {
	r := newRig(t)
	anna := r.group("Famille", "anna")
	has(t, anna.say("/connexion https://ecole.example/pronote anna s3cret"), "rien de secret dans un groupe")
	has(t, anna.say("voilà https://mon-espace.izly.fr/tools/Activation/33611223344/AbCdEfGh"), "rien de secret dans un groupe")
	if r.deleted != 2 {
		t.Errorf("%d messages deleted, want 2", r.deleted)
	}
	has(t, anna.say("/connexion"), "Relier un compte en privé")
}

// An account that its owner links again is the one it was: what hangs on it stays, and nobody is told of a new one.
func TestLinkingAgainChangesNothingElse(t *testing.T) {
	r := newRig(t)
	c := r.private("anna")
	group := r.group("Famille", "anna")
	first, izly := c.linkParent(), c.linkWallet()
	group.say("/connexion")
	group.press("+ notes")
	was := r.rights.Owned(c.who())
	if len(r.linked) != 2 || r.linked[first.Account].Home != c.chat || r.linked[izly.Account].Owner != c.person {
		t.Errorf("told of %+v", r.linked)
	}
	clear(r.linked)
	r.advance(time.Hour)
	if again := c.linkParent(); again.Account != first.Account || !again.Known {
		t.Errorf("linked again as %+v, not %+v", again, first)
	}
	if again := c.linkWallet(); again.Account != izly.Account || !again.Known {
		t.Errorf("linked again as %+v, not %+v", again, izly)
	}
	if len(r.linked) != 0 {
		t.Errorf("told of %+v", r.linked)
	}
	is := r.rights.Owned(c.who())
	for i := range was {
		if is[i] != was[i] {
			t.Errorf("%+v has become %+v", was[i], is[i])
		}
	}
	if shown := r.rights.Shown(group.chat); len(shown) != 1 || !shown[0].Has(rights.Grades) {
		t.Errorf("shown: %+v", shown)
	}
	if other := r.private("bob").linkParent(); other.Account == first.Account || other.Known {
		t.Error("somebody else got Anna's account")
	}
}

// What follows an account is in the transaction that adds it: when that cannot be written, nothing is linked.
func TestLinkingIsOneTransaction(t *testing.T) {
	r := newRig(t)
	c, broken := r.private("anna"), errors.New("no")
	r.follow = func(store.Tx, rights.Account) error { return broken }
	if _, err := r.linking.School(t.Context(), c.who(), r.login(r.parent())); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if mine := r.rights.Owned(c.who()); len(mine) != 0 {
		t.Errorf("owns %+v", mine)
	}
	r.follow = nil
	c.linkParent()
	if mine := r.rights.Owned(c.who()); len(mine) != 1 {
		t.Errorf("owns %+v", mine)
	}
}

// moveChat is what core does when a platform gives a chat a new name.
func (r *rig) moveChat(old, to chat.ChatID) {
	r.t.Helper()
	err := r.store.Update(func(tx store.Tx) error {
		return errors.Join(r.talk.MoveChat(tx, old, to), r.rights.MoveChat(tx, old, to))
	})
	if err := errors.Join(err, r.rights.Refresh()); err != nil {
		r.t.Fatal(err)
	}
}

// A group that gets a new name between a button and its press is the group that was meant.
func TestAGroupIsFollowedToItsNewName(t *testing.T) {
	r := newRig(t)
	group, private := r.group("Famille", "anna"), r.private("anna")
	group.say("/connexion")
	start := group.choice("Relier un compte en privé").Start
	has(t, r.private("dora").say("/start "+start), "plus valable")
	super := group
	super.chat.ID = "supergroup"
	r.moveChat(group.chat, super.chat) // before the link is followed
	has(t, private.say("/start "+start), "Quel compte")
	hyper := group
	hyper.chat.ID = "hypergroup"
	r.moveChat(super.chat, hyper.chat) // before the account is linked
	private.say(r.url + "/parent.html")
	private.say(r.parent().Username)
	has(t, private.say(r.parent().Password), "Que voulez-vous montrer dans « Famille »", "Cours et devoirs", "+ notes")
	show := private.choice("Cours et devoirs")
	final := group
	final.chat.ID = "final"
	r.moveChat(hyper.chat, final.chat) // before the button is pressed
	said := private.deliver(chat.Message{Choice: show.ID})
	has(t, said[private.chat], "montré dans le groupe")
	has(t, said[final.chat], "anna montre ici l'emploi du temps")
	if shown := r.rights.Shown(final.chat); len(shown) != 1 || shown[0].Has(rights.Grades) || !shown[0].Has(rights.Homework) || !shown[0].Has(rights.Timetable) {
		t.Errorf("shown: %+v", shown)
	}
	if !show.Risky {
		t.Error("a platform need not be sure of who shows an account")
	}
	has(t, final.say("/edt"), "ROUSSEL Léa")
	has(t, final.say("/connexion"), "-Cours et devoirs")
}

// Who has no links to press types /connexion in private within the hour, and the group is remembered, once.
func TestAGroupIsRemembered(t *testing.T) {
	r := newRig(t)
	private, group := r.private("anna"), r.group("Famille", "anna")
	private.linkParent()
	ask := func() {
		t.Helper()
		group.say("/connexion")
		if instead := group.choice("Relier un compte en privé").Instead; instead != "/connexion" {
			t.Errorf("people are told to write %q", instead)
		}
	}
	ask()
	has(t, r.private("dora").say("/connexion"), "Quel compte", "-Cours et devoirs")
	has(t, private.say("/connexion"), "montrer dans « Famille »", "Cours et devoirs – CITÉ SCOLAIRE", "Quel compte")
	has(t, private.press("Cours et devoirs"), "C'est montré dans le groupe")
	has(t, private.say("/connexion"), "Quel compte", "-Famille")
	private.say("/annuler")

	ask()
	private.say("/connexion izly 0611223344 " + r.izly.Accounts()[0].SecretCode)
	has(t, private.say(r.sms(r.izly.Accounts()[0].Phone)), "Que voulez-vous montrer dans « Famille »", "Solde et opérations")
	private.say("/annuler")

	ask()
	r.advance(time.Hour + time.Minute)
	has(t, private.say("/connexion"), "Quel compte", "-Famille")
	private.say("/annuler")

	ask()
	has(t, private.say("/start "+group.choice("Relier un compte en privé").Start), "Quel compte")
	has(t, private.say("/connexion"), "Quel compte", "-montrer dans", "-Cours et devoirs")
}

// A homeserver that lies about who wrote in a group of its own does not have accounts shown there.
func TestAnUnverifiedGroupIsNotRemembered(t *testing.T) {
	r := newRig(t)
	private, group := r.private("anna"), r.group("Famille", "anna")
	private.linkParent()
	group.unverified = true
	group.say("/connexion")
	if instead := group.choice("Relier un compte en privé").Instead; instead != "" {
		t.Errorf("people are told to write %q", instead)
	}
	has(t, private.say("/connexion"), "Quel compte", "-Famille")
}

func TestShowAndHide(t *testing.T) {
	r := newRig(t)
	private, anna, bob := r.private("anna"), r.group("Famille", "anna"), r.group("Famille", "bob")
	school, izly := private.linkParent(), private.linkWallet()
	has(t, bob.say("/deconnexion"), "seule la personne")
	has(t, anna.say("/connexion"), "Cours et devoirs", "+ notes", "Solde et opérations – Izly")
	has(t, bob.press("Cours et devoirs"), "pas pour vous")
	has(t, anna.press("Cours et devoirs"), "anna montre ici l'emploi du temps et les devoirs de CITÉ SCOLAIRE", "/deconnexion")
	has(t, anna.press("+ notes"), "déjà montré", "/deconnexion", "/connexion")
	has(t, anna.press("Solde et opérations"), "le solde et les opérations de son porte-monnaie Izly")
	has(t, anna.say("/connexion"), "-Cours et devoirs")
	has(t, anna.say("/deconnexion"), "Ne plus montrer CITÉ SCOLAIRE", "Ne plus montrer Izly")
	hide := anna.choice("Ne plus montrer Izly")
	has(t, bob.press("Ne plus montrer CITÉ"), "pas pour vous")
	has(t, anna.press("Ne plus montrer CITÉ"), "anna ne montre plus")
	if shown := r.rights.Shown(anna.chat); len(shown) != 1 || shown[0].Account != izly.Account {
		t.Errorf("shown: %+v", shown)
	}
	stale := anna.choice("Solde et opérations")
	show := anna.choice("Cours et devoirs")
	for _, id := range []string{school.Account, izly.Account} {
		if err := r.forget(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []chat.Choice{hide, stale, show} {
		has(t, anna.pressID(c.ID), "vient d'être retiré", "/connexion")
	}
}

func TestAGroupThatCannotBeTold(t *testing.T) {
	r := newRig(t)
	private, group := r.private("anna"), r.group("Famille", "anna")
	private.linkParent()
	group.say("/connexion")
	has(t, private.say("/start "+group.choice("Relier un compte").Start), "dans « Famille »", "Cours et devoirs", "Quel compte")
	r.gone[group.chat] = true
	has(t, private.press("Cours et devoirs"), "n'ai pas pu l'y annoncer")
	if shown := r.rights.Shown(group.chat); len(shown) != 1 {
		t.Errorf("shown: %+v", shown)
	}
}

// An order that cannot be read keeps nobody from unlinking.
func TestUnlinkWithAnUnreadableTopUp(t *testing.T) {
	r := newRig(t)
	c := r.private("anna")
	izly := c.linkWallet()
	if err := r.damage("wallets", "", izly.Account); err != nil {
		t.Fatal(err)
	}
	c.say("/deconnexion")
	has(t, c.press("Oublier Izly"), "C'est oublié : Izly – …3344", "rechargement", "vérifiez dans l'application")
	has(t, c.say("/deconnexion"), "aucun compte")
}

func TestUnlink(t *testing.T) {
	r := newRig(t)
	c := r.private("anna")
	has(t, c.say("/deconnexion"), "aucun compte")
	school, izly := c.linkParent(), c.linkWallet()
	has(t, c.say("/deconnexion facebook"), "« facebook »", "Rien n'a été effacé")
	has(t, c.say("/deconnexion"), "[1] Oublier PRONOTE – CITÉ", "[2] Oublier Izly – …3344", "[3] Ne rien oublier")
	has(t, c.press("Ne rien"), "Rien n'a été oublié")
	c.say("/deconnexion")
	has(t, c.say("1"), "[1] Oublier PRONOTE", "[2] Ne rien oublier", "-Izly") // a typed number removes nothing
	c.say("/deconnexion")
	has(t, c.say("3"), "Rien n'a été oublié")
	c.say("/deconnexion")
	has(t, c.say("izly"), "[1] Oublier Izly", "-PRONOTE")
	c.say("/deconnexion")
	has(t, c.say("ne rien oublier"), "Rien n'a été oublié")
	c.say("/deconnexion")
	has(t, c.say("voilà"), "pas compris")
	button := c.choice("Oublier PRONOTE")
	if !button.Risky || c.choice("Ne rien").Risky {
		t.Error("of which choice a platform must be sure")
	}
	turned := c
	turned.unverified, turned.chat.ID = true, "a clear room"
	has(t, turned.say("/deconnexion"), "aucun compte")

	pupil := r.family.Pupils([]string{school.Account})[1]
	r.prefer(c.chat, pupil.Key)
	has(t, c.pressID(button.ID), "C'est oublié : PRONOTE – CITÉ SCOLAIRE DES TILLEULS (Mme ROUSSEL Claire)")
	has(t, c.pressID(button.ID), "n'est plus valable")
	if child := r.prefs(c.chat).Child; child != "" {
		t.Errorf("the child is still %q", child)
	}
	if _, known := r.family.Profile(school.Account); known {
		t.Error("the school is still there")
	}
	has(t, c.say("/deconnexion"), "[1] Oublier Izly", "[2] Ne rien", "-PRONOTE")
	if _, known := r.wallet.Holder(izly.Account); !known {
		t.Error("the wallet is gone too")
	}
}

// prefer chooses a child for a chat.
func (r *rig) prefer(c chat.ChatID, child string) {
	r.t.Helper()
	if err := r.store.Update(func(tx store.Tx) error {
		return store.Table[talk.Prefs]{Bucket: "chats"}.Put(tx, "", c.Key(), talk.Prefs{Child: child})
	}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) prefs(c chat.ChatID) (prefs talk.Prefs) {
	r.t.Helper()
	if err := r.store.View(func(tx store.Tx) (err error) {
		prefs, err = talk.PrefsOf(tx, c)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return prefs
}

// TestExposedCode warns before Izly's code is asked for where the platform can read it, and nowhere else.
func TestExposedCode(t *testing.T) {
	r := newRig(t)
	c := r.private("camille")
	c.say("/connexion izly")
	has(t, c.say("0611223344"), "code secret Izly", "-la messagerie peut le lire")
	has(t, c.say("12"), "a 6 chiffres", "-la messagerie peut le lire")
	r.exposed = true
	has(t, c.say("12"), "a 6 chiffres", "la messagerie peut le lire")
	c.say("/annuler")
	c.say("/connexion izly")
	has(t, c.say("0611223344"), "code secret Izly", "la messagerie peut le lire")
}

// TestEverythingAtOnce links from one message, which is deleted as one with a secret is, wherever it came from.
func TestEverythingAtOnce(t *testing.T) {
	r := newRig(t)
	account, purse := r.parent(), r.izly.Accounts()[0]
	all := r.url + "/parent.html " + account.Username + " " + account.Password
	for i, said := range []string{"/connexion pronote " + all, "/connexion " + all, "!connexion ecole  " + all, "connexion pronote " + all} {
		c, before := r.private(fmt.Sprint("person", i)), r.deleted
		has(t, c.say(said), "Compte PRONOTE relié", "-"+account.Password)
		if r.deleted != before+1 {
			t.Errorf("%d: %d messages deleted", i, r.deleted-before)
		}
	}
	c := r.private("claire")
	c.say("/connexion")
	before := r.deleted
	has(t, c.say("pronote "+all), "Compte PRONOTE relié")
	has(t, c.say("/connexion pronote "+r.url+"/parent.html "+account.Username), "mot de passe du compte "+account.Username, "(secret)")
	c.say("/annuler")
	has(t, c.say("/connexion pronote "+r.url+" "+account.Username+" "+account.Password), "[1] Parent", "-"+account.Password)
	c.say("/annuler")
	has(t, c.say("/connexion pronote ici claire S3cret"), "Collez l'adresse", "-S3cret")
	has(t, c.say(r.url+"/parent.html "+account.Username+" faux"), "est faux", "-faux»", "(secret)")
	if r.deleted != before+5 {
		t.Errorf("%d messages deleted; want 5", r.deleted-before)
	}
	c, before = r.private("camille"), r.deleted
	has(t, c.say("/connexion izly 06 11 22 33 44 "+purse.SecretCode), "SMS", "-"+purse.SecretCode)
	c.say("/annuler")
	c.say("/connexion izly")
	has(t, c.say("0611223344 12"), "a 6 chiffres", "(secret)")
	c.say("/annuler")
	has(t, c.say("/connexion izly bonjour 135790"), "Ce n'est pas un numéro", "-135790")
	if r.deleted != before+3 {
		t.Errorf("%d messages deleted; want 3", r.deleted-before)
	}
}

// TestWhatMayBeASecretIsDeleted sends to a linking what it cannot read: it is deleted, and none of it repeated.
func TestWhatMayBeASecretIsDeleted(t *testing.T) {
	for _, tt := range []struct {
		say     string
		deleted bool
	}{
		{"/connexion pronote mdupont S3cret", true},
		{"/connexion mdupont S3cret!", true},
		{"/connexion S3cret!", true},
		{"connexion mdupont Secret", true},
		{"/connexion izly 0612345678 12345a", true},
		{"/connexion izly 06 12 34 56 78 Secret", true},
		{"/connexion izly mdupont S3cret", true},
		{"/connexion pronote S3cret", true},
		{"https://ecole.example/pronote/parent.html mdupont S3cret", true},
		{"ECOLE.index-education.net/pronote mdupont le S3cret", true},
		{"/connexion", false},
		{"/connexion pronote", false},
		{"connecter mon compte", false},
		{"/connexion mon compte izly", false},
		{"/connexion qr code", false},
		{"/connexion pronote qr code", false},
		{"/connexion izly 06 12 34 56 78", false},
		{"/connexion pronote https://ecole.example/pronote/parent.html", false},
		{"/connexion https://ecole.example/pronote/parent.html", false},
		{"https://ecole.example/pronote/parent.html", false},
		{"https://example.org/article très intéressant", false},
		{"https://ecole.example/pronote/parent.html marche", false},
	} {
		r := newRig(t)
		c := r.private("claire")
		has(t, c.say(tt.say), "-Secret", "-S3cret", "-mdupont", "-12345a")
		if (r.deleted == 1) != tt.deleted {
			t.Errorf("%s: deleted: %t", tt.say, !tt.deleted)
		}
	}
}

// TestAPasswordForTheWrongQuestion deletes a name and a password that answer which kind of account is meant.
func TestAPasswordForTheWrongQuestion(t *testing.T) {
	r := newRig(t)
	c := r.private("claire")
	c.say("/connexion")
	has(t, c.say("pronote mdupont S3cret"), "Collez l'adresse", "-S3cret")
	if r.deleted != 1 {
		t.Errorf("%d messages deleted, want 1", r.deleted)
	}
}

// TestAnAddressWithItsPassword links without a command, deletes the message wherever it comes, and answers no
// other question with it.
func TestAnAddressWithItsPassword(t *testing.T) {
	r := newRig(t)
	account := r.parent()
	all := r.url + "/parent.html " + account.Username + " " + account.Password
	c := r.private("claire")
	has(t, c.say(all), "Compte PRONOTE relié", "-"+account.Password)
	c.say("/connexion")
	has(t, c.say(all), "Compte PRONOTE relié", "-attend")
	has(t, c.say("izly"), "code?") // the question is over
	has(t, c.say(all), "took an answer")
	has(t, r.group("Famille", "claire").say(all), "rien de secret dans un groupe")
	if r.deleted != 4 {
		t.Errorf("%d messages deleted, want 4", r.deleted)
	}
	r.group("Famille", "claire").say("https://ecole.example/actualites/sortie.html les horaires ont changé")
	r.group("Famille", "claire").say(r.url + "/parent.html")
	if r.deleted != 4 {
		t.Error("a message without a secret was deleted")
	}
}
