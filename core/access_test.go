package core_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/rights"
)

// inviteOnly is a bot that only lets invited people in.
func inviteOnly(t *testing.T) (*platform, *rights.Invitations) {
	t.Helper()
	r := newRig(t, rigOptions{})
	invitations := rights.NewInvitations([]byte(strings.Repeat("k", 32)))
	r.close()
	r.clients.Access = &core.Access{Admins: []chat.PersonID{person("admin")}, Invitations: invitations}
	r.open()
	return r.platform(), invitations
}

func TestAnInvitationLetsOnePersonIn(t *testing.T) {
	p, invitations := inviteOnly(t)
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	anna, bob := p.private("anna"), p.private("bob")
	has(t, anna.say("/start"), "privé", "code d'invitation")
	has(t, anna.say("/edt"), "code d'invitation")
	has(t, anna.say("/start inv_"+code), "Bonjour", "/connexion")
	has(t, anna.say("/aide"), "/connexion")
	has(t, anna.say("/mesdonnees"), "la date de votre admission")
	replies := p.replies[anna.chat]
	if data := string(content(t, replies[len(replies)-2].File)); !strings.Contains(data, `"admitted": "2026-11-17T`) {
		t.Errorf("the file of /mesdonnees does not tell of the admission: %s", data)
	}
	has(t, bob.say("/start inv_"+code), "déjà servi")
	has(t, bob.say(strings.ToUpper(code)), "déjà servi") // also typed by hand
	p.r.restart()
	has(t, anna.say("/aide"), "/connexion")
	has(t, bob.say("/aide"), "code d'invitation")
}

func TestInvitationsExpireAndCannotBeMadeUp(t *testing.T) {
	p, invitations := inviteOnly(t)
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged := "a" + code[1:]
	if code[0] == 'a' {
		forged = "b" + code[1:]
	}
	anna := p.private("anna")
	has(t, anna.say(forged), "pas valable")
	foreign, err := rights.NewInvitations([]byte(strings.Repeat("x", 32))).Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	has(t, anna.say(foreign), "pas valable")
	p.r.clock.Advance(8 * 24 * time.Hour)
	has(t, anna.say(code), "pas valable")
}

// asks is say for an adapter that asks first whether the message is to be taken in.
func (s seat) asks(text string) string {
	s.p.t.Helper()
	m := chat.Message{Chat: s.chat, Person: s.person, Private: s.title == "", Text: text}
	if !s.p.r.engine.Takes(m) {
		return ""
	}
	return s.say(text)
}

func TestAStrangerWhoKeepsAskingIsLeftUnanswered(t *testing.T) {
	p, invitations := inviteOnly(t)
	anna := p.private("anna")
	answered := 0
	for range 20 {
		if anna.asks("/start") != "" {
			answered++
		}
	}
	if answered != 5 {
		t.Errorf("%d of 20 answered", answered)
	}
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	has(t, anna.asks(code), "Bonjour")
	has(t, anna.asks("/aide"), "Ce que je sais faire ici")
}

func TestAdminsInvite(t *testing.T) {
	p, _ := inviteOnly(t)
	admin := p.private("admin")
	has(t, admin.say("/aide"), "/inviter")
	answer := admin.say("/inviter")
	i := strings.Index(answer, "/start inv_")
	if i < 0 {
		t.Fatalf("no code in:\n%s", answer)
	}
	anna := p.private("anna")
	has(t, anna.say(strings.Fields(answer[i:])[0]+" "+strings.Fields(answer[i:])[1]), "Bonjour")
	lacks(t, anna.say("/aide"), "/inviter")
	has(t, anna.say("/inviter"), "Seule la personne qui fait tourner")
}

func TestStrangersInAGroupReadWhatIsShownAndNoMore(t *testing.T) {
	p, invitations := inviteOnly(t)
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.private("anna").say(code)
	p.r.chat("anna").linkParent()
	anna, bob := p.group("Famille", "anna"), p.group("Famille", "bob")
	if got := bob.say("/aide"); got != "" {
		t.Errorf("a stranger was answered in a group where nothing is shown:\n%s", got)
	}
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	has(t, bob.say("/edt"), "08:00")
	has(t, bob.press("▶"), "mercredi")
	for _, command := range []string{"/connexion", "/deconnexion", "/recharger 20", "/inviter", "/nimporte"} {
		if got := bob.say(command); got != "" {
			t.Errorf("%s by a stranger was answered:\n%s", command, got)
		}
	}
}
