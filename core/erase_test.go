package core_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"cartable/core/store"
)

// files are those that came with the last answer, by name.
func (c *phone) files() map[string]string {
	c.t.Helper()
	found := make(map[string]string)
	for _, reply := range c.replies {
		if reply.File != nil {
			found[reply.File.Name] = string(content(c.t, reply.File))
		}
	}
	return found
}

func TestMyDataIsAPageBesideAFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{alerts: true})
	c := r.chat("claire")
	c.linkParent()
	account := c.linkWallet(true)
	for _, line := range []string{"/edt semaine", "/notes", "/devoirs", "/enfant Hugo", "/edt semaine Léa", "/recharger 20"} {
		c.Say(line)
	}
	c.Press("Payer")
	for lang, parts := range map[string][]string{
		"fr": {"Ce que Cartable garde de vous", "Léa – semaine du lundi 16 novembre", "MATHÉMATIQUES", "ANNULÉ", "Moyenne générale", "Rechargement du", "code secret", "mot de passe", "Enfant choisi : ", "cours annulés et nouvelles notes", "solde bas"},
		"en": {"What Cartable keeps of you", "Léa – week of Monday 16 November", "Overall average", "Top-up of", "secret code"},
	} {
		c.Say("/langue " + lang)
		c.Say("/mesdonnees")
		files := c.files()
		page := strings.ReplaceAll(files["cartable.html"], "\u00a0", " ")
		c.wants(page, parts...)
		c.wants(page, `lang="`+lang+`"`, account.Phone)
		c.refuses(page, account.SecretCode, r.school.Accounts()[0].Password, "page.", "<no value>", "http-equiv", "src=")
		c.wants(files["cartable.json"], `"kind": "school"`, `"status": "done"`)
		c.refuses(files["cartable.json"], `"Kind"`, `"Start"`, `"kind": 1`)
	}
}

func TestEraseEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p := r.platform()
	anna, bob := p.private("anna"), p.private("bob")
	other := r.chat("claire")
	other.linkParent()
	for _, s := range []seat{anna, bob} {
		c := &phone{t: t, r: r, id: s.chat, person: s.person, private: true}
		c.linkSchool(len(r.school.Accounts()) - 1)
		s.say("/edt")
	}
	family := p.group("Famille", "anna")
	family.say("/connexion")
	family.press("+ notes")
	before := r.records()
	anna.say("/langue en")
	has(t, anna.say("/supprimer"), "Erase everything?", "PRONOTE")
	has(t, anna.press("Erase nothing"), "Nothing was erased")
	has(t, anna.say("/edt"), "Tuesday")
	anna.say("/erase")
	has(t, anna.press("Erase everything"), "I keep nothing of you any more")
	after := r.records()
	for bucket, records := range after {
		for _, record := range records {
			if strings.Contains(record, `"anna"`) || strings.Contains(record, "anna ") {
				t.Errorf("%s still holds %.200q", bucket, record)
			}
		}
	}
	if len(before["school_accounts"])-len(after["school_accounts"]) != 1 || len(after["grants"]) != 0 {
		t.Errorf("%d accounts of %d, %d grants", len(after["school_accounts"]), len(before["school_accounts"]), len(after["grants"]))
	}
	has(t, anna.say("/edt"), "/connexion")
	has(t, bob.say("/edt"), "mardi")
	other.wants(other.Say("/edt"), "mardi")
	has(t, family.say("/edt"), "Rien de tel")
}

// TestEraseEndsAnAdmission where people need an invitation: whoever has erased everything needs a new one.
func TestEraseEndsAnAdmission(t *testing.T) {
	p, invitations := inviteOnly(t)
	anna := p.private("anna")
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	anna.say(code)
	has(t, anna.say("/mesdonnees"), "Ces fichiers montrent")
	anna.say("/supprimer")
	has(t, anna.press("Tout effacer"), "je ne garde plus rien")
	has(t, anna.say("/mesdonnees"), "code d'invitation")
	has(t, anna.say(code), "a déjà servi")
}

// TestEraseTellsOfATopUp whose outcome nobody will look for any more, also when it cannot be read.
func TestEraseTellsOfATopUp(t *testing.T) {
	for _, readable := range []bool{true, false} {
		r := newRig(t, rigOptions{})
		c := r.chat("claire")
		c.linkWallet(true)
		r.izly.DropAnswer("MoneyInCbConfirm", false)
		c.Say("/recharger 20")
		c.Press("Payer")
		if !readable {
			r.spoilAll("orders")
		}
		c.Say("/supprimer")
		want := "ce qu'est devenu le rechargement de 20,00 €"
		if !readable {
			want = "lire si un rechargement"
		}
		c.wants(c.Press("Tout effacer"), want, "application Izly")
	}
}

// spoilAll makes every record of a table one that cannot be read.
func (r *rig) spoilAll(bucket string) {
	r.t.Helper()
	if err := r.vault.Update(func(tx store.Tx) error {
		_, err := tx.All(bucket, func(group, name string, _ []byte) error { return tx.Put(bucket, group, name, []byte("garbage")) })
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
}

// TestMyDataTellsWhatCannotBeRead where records were damaged since the start: the files are whole, and say so.
func TestMyDataTellsWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.linkWallet(true)
	r.spoilAll("accounts")
	c.Say("/mesdonnees")
	files := c.files()
	c.wants(files["cartable.json"], `"unreadable": true`, `"label": "Izly – …3344"`)
	c.wants(files["cartable.html"], "Izly – …3344", "illisible", "</html>")
}
