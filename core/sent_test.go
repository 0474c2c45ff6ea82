package core_test

import (
	"testing"

	"cartable/core/chat"
)

func TestNobodyIsLeftInSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("camille")
	for sent, says := range map[chat.Sent]string{
		chat.SentSticker: "que les mots", chat.SentVoice: "écouter", chat.SentVideo: "vidéos", chat.SentPlace: "où vous êtes",
		chat.SentContact: "contact", chat.SentDocument: "ouvrir ce fichier", chat.SentOther: "genre de message", "new": "genre de message",
	} {
		c.wants(c.deliver(chat.Message{Sent: sent}), says, "/aide")
	}
	c.Say("/connexion pronote")
	c.wants(c.deliver(chat.Message{Sent: chat.SentVoice}), "écouter", "/annuler") // and the question goes on waiting
	c.Say(r.schoolURL + "/parent.html")
	c.Say("marc")
	c.wants(c.deliver(chat.Message{Sent: chat.SentContact, Phone: "0611223344"}), "contact", "(secret)")
	c.Say("/annuler")
	c.Say("/connexion izly")
	account := r.izly.Accounts()[0]
	c.wants(c.deliver(chat.Message{Sent: chat.SentContact, Phone: "12"}), "numéro")
	c.wants(c.deliver(chat.Message{Sent: chat.SentContact, Phone: account.Phone}), "code secret", "(secret)")

	family := r.chat("groupe")
	family.private = false
	if said := family.deliver(chat.Message{Sent: chat.SentSticker}); said != "" {
		t.Errorf("said in a group: %s", said)
	}
}
