package core_test

import (
	"bytes"
	"context"
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
	"cartable/core/secret"
)

// qrText is the content of a QR code of the simulator's parent account, locked by 1234.
func (r *rig) qrText() string {
	r.t.Helper()
	account := r.school.Accounts()[0]
	address, _, err := pronote.ParseAddress(r.schoolURL, true)
	if err != nil {
		r.t.Fatal(err)
	}
	session, err := r.clients.School.Login(r.t.Context(), pronote.Credentials{
		Address: address, Space: pronote.Space(account.Space), Username: account.Username, Password: secret.New(account.Password),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := session.NewQRCode(r.t.Context(), secret.New("1234"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.school.Reset()
	return text.Reveal()
}

// picture draws a QR code as a screenshot.
func picture(t *testing.T, text string) []byte {
	t.Helper()
	var code image.Image
	code, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 500, 500, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Show sends a picture.
func (c *phone) Show(data []byte, err error) string {
	c.t.Helper()
	return c.deliver(chat.Message{File: func(context.Context) ([]byte, error) { return data, err }})
}

func TestLinkByQRCode(t *testing.T) {
	r := newRig(t, rigOptions{})
	code := picture(t, r.qrText())
	c := r.chat("marc")
	c.Say("/connexion pronote")
	c.wants(c.Show([]byte("GIF89a"), nil), "pas une image", "Collez l'adresse")
	c.wants(c.Show(nil, errors.New("lost")), "pas pu lire")
	c.wants(c.Show(picture(t, "https://example.org"), nil), "n'est pas celui de PRONOTE")
	c.wants(c.Show(code, nil), "QR code de 127.0.0.1", "code PIN à 4 chiffres", "(secret)")
	c.wants(c.Say("12345"), "a 4 chiffres", "(secret)")
	c.wants(c.Say("4321"), "n'ouvre pas", "(secret)")
	if n := len(r.school.Requests()); n != 0 {
		t.Errorf("%d requests before the right PIN", n)
	}
	c.wants(c.Say("1234"), "Compte PRONOTE relié", "ROUSSEL Léa", "Aucun mot de passe n'est gardé")
	if len(c.deleted) != 7 { // four pictures and three PINs
		t.Errorf("%d messages deleted: %v", len(c.deleted), c.deleted)
	}
	c.wants(c.Say("/edt"), "Léa – aujourd'hui, mardi")
	r.noViolations()

	c.Say("/connexion pronote")
	c.Show(code, nil)
	c.wants(c.Say("1234"), "sert une fois")
	c.wants(c.Say("/edt hugo"), "Hugo – aujourd'hui, mardi") // the account that was there still works
}

func TestAPictureOutsideOfADialogueBeginsOne(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.wants(c.Show(picture(t, r.qrText()), nil), "code PIN à 4 chiffres")
	c.wants(c.Say("1234"), "Compte PRONOTE relié")
}

func TestTokensFollowOneAnother(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.Show(picture(t, r.qrText()), nil)
	c.Say("1234")
	for range 3 {
		r.school.ExpireSessions()
		r.restart()
		r.clock.Advance(2 * time.Minute) // past the minute in which nothing is asked again
		c.wants(c.Say("/edt"), "Léa – aujourd'hui, mardi")
	}
	r.noViolations()
}

func TestALostNewTokenLeavesTheOneBefore(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.Show(picture(t, r.qrText()), nil)
	c.Say("1234")
	r.school.ExpireSessions()
	r.school.DropAnswer("Authentification") // the server has given a token that never came
	c.wants(c.Say("/edt"), "s'est perdue", "ne sert qu'une fois")
	answer := c.Say("/edt")
	c.refuses(answer, "faux", "mot de passe")
	if answer == "" {
		t.Error("no answer")
	}
}

func TestTradingAPasswordForAToken(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	account := r.school.Accounts()[0]
	c.Say("/connexion pronote")
	c.Say(r.schoolURL + "/parent.html")
	c.Say(account.Username)
	c.wants(c.Say(account.Password), "relié", "Remplacer le mot de passe")
	button := c.button("Remplacer le mot de passe")
	c.wants(c.PressID(button), "Le mot de passe est effacé")
	c.wants(c.PressID(button), "Le mot de passe est effacé")
	r.school.ExpireSessions()
	r.restart()
	c.wants(c.Say("/edt"), "Léa – aujourd'hui, mardi")
	r.noViolations()
}

func TestAPasswordStaysWhenThereIsNoToken(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	account := r.school.Accounts()[0]
	c.Say("/connexion pronote")
	c.Say(r.schoolURL + "/parent.html")
	c.Say(account.Username)
	c.Say(account.Password)
	r.school.Omit("JetonAppliMobile", "jeton")
	c.wants(c.Press("Remplacer le mot de passe"), "Le mot de passe reste gardé")
	r.school.ExpireSessions()
	c.wants(c.Say("/edt"), "Léa – aujourd'hui, mardi")
}

// through sends a text by way of an adapter that is more or less able than the chat.
func (c *phone) through(a chat.Adapter, text string) string {
	c.t.Helper()
	c.replies = nil
	c.next++
	done := make(chan struct{})
	m := chat.Message{ID: fmt.Sprint(c.next), Chat: c.id, Person: c.person, Private: true, Text: text}
	if err := c.r.engine.Handler(a)(m, func() { close(done) }); err != nil {
		c.t.Fatal(err)
	}
	<-done
	return c.text()
}

// textOnly is a chat on a platform that carries no pictures.
type textOnly struct{ *phone }

func (textOnly) TextOnly() {}

func TestTheWayByQRCodeIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	code := picture(t, r.qrText())
	c.wants(c.Say("/connexion pronote"), "Collez l'adresse", "photo ou une capture du QR code")
	c.wants(c.Say("qr"), "affichez le QR code", "/annuler")
	c.wants(c.Show(code, nil), "code PIN")
	c.wants(c.Say("annuler"), "Liaison abandonnée")
	c.Say("/connexion")
	c.wants(c.Say("QR code"), "affichez le QR code")
	c.Say("/connexion " + r.schoolURL)
	c.Say("claire")
	c.wants(c.Show(code, nil), "code PIN") // in place of a password
	c.Say("annuler")
	there := textOnly{c}
	c.refuses(c.through(there, "/connexion pronote"), "photo")
	c.wants(c.through(there, "qr"), "On ne peut pas m'envoyer d'image ici", "Collez l'adresse")
}

// exposed is a chat on a platform that can read what people write.
type exposed struct{ *phone }

func (exposed) Exposed() bool { return true }

func TestThePersonIsWarnedWhereMessagesCanBeRead(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.refuses(c.Say("/connexion pronote"), "bout en bout")
	c.wants(c.through(exposed{c}, "/connexion pronote"), "pas chiffrés de bout en bout", "QR code")
}

// A picture is taken, and deleted, whatever plain words its caption has: they may read as a command by chance.
func TestACaptionIsNoCommand(t *testing.T) {
	r := newRig(t, rigOptions{})
	c, code := r.chat("marc"), picture(t, r.qrText())
	captioned := func(caption string) string {
		return c.deliver(chat.Message{Text: caption, File: func(context.Context) ([]byte, error) { return code, nil }})
	}
	for n, caption := range []string{"Compte de Léa", "pour avoir les notes", "notes", "connexion pronote"} {
		c.wants(captioned(caption), "code PIN à 4 chiffres")
		if len(c.deleted) != n+1 {
			t.Errorf("%s: %d pictures deleted", caption, len(c.deleted)-n)
		}
		c.Say("/annuler")
	}
	c.wants(c.send(blank(t), "/aide", ""), "Ce que je sais faire")
	if len(c.deleted) != 4 {
		t.Errorf("%d messages deleted", len(c.deleted))
	}
}

// send sends a picture with a caption, maybe as one of an album.
func (c *phone) send(data []byte, caption, album string) string {
	c.t.Helper()
	return c.deliver(chat.Message{
		Text: caption, Album: album, File: func(context.Context) ([]byte, error) { return data, nil },
	})
}

func TestAQRCodeCountsWhateverItsCaptionSays(t *testing.T) {
	t.Parallel()
	for _, caption := range []string{"/connexion", "connexion", "notes", "/edt demain", "Confirmer", "oui", "https://example.org/1", "123456"} {
		r := newRig(t, rigOptions{})
		c := r.chat("marc")
		c.wants(c.send(picture(t, r.qrText()), caption, ""), "QR code de 127.0.0.1", "code PIN à 4 chiffres", "(secret)")
		if len(c.deleted) != 1 {
			t.Errorf("%q: %d messages deleted", caption, len(c.deleted))
		}
		c.wants(c.Say("1234"), "Compte PRONOTE relié")
	}
}

func TestAPhotoThatNothingWaitsForIsAskedAbout(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	photo := blank(t)
	c.wants(c.send(photo, "", ""), "Que montre cette image", "capture d'écran")
	c.wants(c.send(picture(t, "WIFI:S:maison;;"), "", ""), "n'est pas celui de PRONOTE")
	if len(c.deleted) != 1 { // the code; the photo may be dear to them
		t.Errorf("%d messages deleted", len(c.deleted))
	}
	c.wants(c.Press("Relier un compte"), "Quel compte")
	c.wants(c.send(photo, "", ""), "pas de QR code", "Collez l'adresse") // it was to be one

	c = r.chat("lea")
	c.linkWallet(true)
	c.wants(c.send(photo, "/solde", ""), "12,34 €") // the caption is a command
	c.Say("/recharger")
	c.wants(c.send(photo, "", ""), "Que montre cette image", "/annuler") // and no amount
	c.wants(c.Say("20"), "Rechargement Izly à confirmer")
}

func TestTheSecondPictureOfAnAlbum(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	code, other := picture(t, r.qrText()), picture(t, r.qrText())
	for _, tt := range []struct {
		name, album string
		second      []byte
		says        string
	}{
		{"a photo", "a1", blank(t), "Une image à la fois"},
		{"another code", "a1", other, "Une image à la fois"},
		{"a photo sent later", "", blank(t), "je garde celui d'avant"},
		{"another site's code sent later", "", picture(t, "https://example.org"), "je garde celui d'avant"},
	} {
		c := r.chat("marc " + tt.name)
		c.send(code, "", "a1")
		c.wants(c.send(tt.second, "", tt.album), tt.says, "(secret)")
		c.wants(c.Say("4321"), "n'ouvre pas", "(secret)") // it is still the PIN of the first
		if len(c.deleted) != 3 {
			t.Errorf("%s: %d messages deleted", tt.name, len(c.deleted))
		}
	}
	c := r.chat("marc")
	c.send(code, "", "") // the school has made a newer one since
	c.wants(c.send(other, "", ""), "code PIN à 4 chiffres", "(secret)")
	c.wants(c.Say("1234"), "Compte PRONOTE relié") // the newer one
}

// blank is a photo without a code.
func blank(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 320, 240))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
