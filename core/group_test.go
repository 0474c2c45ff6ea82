package core_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/rights"
)

// roussels is a platform where Anna has linked a school and a wallet in private, and is with Bob in a group.
func roussels(t *testing.T) (p *platform, anna, annaInGroup, bobInGroup seat) {
	t.Helper()
	r := newRig(t, rigOptions{})
	c := r.chat("anna")
	c.linkParent()
	c.linkWallet(true)
	p = r.platform()
	return p, p.private("anna"), p.group("Famille", "anna"), p.group("Famille", "bob")
}

// invited is roussels on a bot for invited people: Anna and Bob have been admitted, and Anna runs it. Olga shows a
// school of hers in the group as well, but was never admitted; Gus is a guest.
func invited(t *testing.T) (p *platform, private seat, group func(name string) seat) {
	t.Helper()
	p, private, anna, bob := roussels(t)
	p.r.chat("olga").linkParent()
	group = func(name string) seat { return p.group("Famille", name) }
	group("olga").say("/connexion")
	group("olga").press("Cours et devoirs")
	invitations := rights.NewInvitations([]byte(strings.Repeat("k", 32)))
	p.r.close()
	p.r.clients.Access = &core.Access{Admins: []chat.PersonID{anna.person}, Invitations: invitations}
	p.r.open()
	code, err := invitations.Make(p.r.clock.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	has(t, p.private(bob.person.ID).say(code), "Bonjour")
	return p, private, group
}

// TestGroupRights has a case for each cell of the table of who may do what; TestGuestsChangeNothing those of people
// who were not admitted.
func TestGroupRights(t *testing.T) {
	const lesson, grade, money = "08:00–09:00", "Moyenne générale", "12,34 €"
	for _, tt := range []struct {
		name    string
		shown   []string // buttons that Anna presses in the group first
		owner   bool     // Anna asks, or else Bob
		command string
		group   []string // parts of the answer in the group
		private []string // parts of what Anna gets in private; none: nothing comes there
		never   []string // parts that must not show in the group
	}{
		{"owner reads what is shown", []string{"Cours et devoirs"}, true, "/edt", []string{lesson}, nil, nil},
		{"others read what is shown", []string{"Cours et devoirs"}, false, "/edt", []string{lesson}, nil, nil},
		{"others read homework", []string{"Cours et devoirs"}, false, "/devoirs", []string{"Léa – devoirs"}, nil, nil},
		{"others read no grades unless shown", []string{"Cours et devoirs"}, false, "/notes", []string{"Rien de tel n'est montré", "/connexion"}, nil, []string{grade}},
		{"owner gets grades in private unless shown", []string{"Cours et devoirs"}, true, "/notes", []string{"en privé"}, []string{grade}, []string{grade}},
		{"others read grades when shown", []string{"+ notes"}, false, "/notes", []string{grade}, nil, nil},
		{"others read nothing when nothing is shown", nil, false, "/edt", []string{"Rien de tel n'est montré"}, nil, []string{lesson}},
		{"owner gets it in private when nothing is shown", nil, true, "/edt", []string{"anna, je vous ai répondu en privé"}, []string{lesson}, []string{lesson}},
		{"owner gets the balance in private", []string{"Cours et devoirs"}, true, "/solde", []string{"en privé"}, []string{money}, []string{money}},
		{"others get no balance", []string{"Cours et devoirs"}, false, "/solde", []string{"Rien de tel n'est montré"}, nil, []string{money}},
		{"owner reads a shown balance", []string{"Solde et opérations"}, true, "/solde", []string{money}, nil, nil},
		{"others read a shown balance", []string{"Solde et opérations"}, false, "/solde", []string{money}, nil, nil},
		{"others read a shown history", []string{"Solde et opérations"}, false, "/historique", []string{"RU "}, nil, nil},
		{"owner tops up in private", []string{"Solde et opérations"}, true, "/recharger 20", []string{"en privé"}, []string{"à confirmer", "20,00 €"}, []string{"Payer"}},
		{"others do not top up", []string{"Solde et opérations"}, false, "/recharger 20", []string{"Rien de tel n'est montré"}, nil, []string{"Payer"}},
		{"owner takes away", []string{"Cours et devoirs"}, true, "/deconnexion", []string{"ne plus montrer", "Ne plus montrer"}, nil, nil},
		{"others do not take away", []string{"Cours et devoirs"}, false, "/deconnexion", []string{"seule la personne"}, nil, []string{"Ne plus montrer"}},
		{"owner's alerts are for private", []string{"Cours et devoirs"}, true, "/alertes", []string{"en privé"}, []string{"les alertes"}, []string{"les alertes"}},
		{"owner chooses the language", nil, true, "/langue en", []string{"English"}, nil, nil},
		{"others choose the language", nil, false, "/langue en", []string{"English"}, nil, nil},
		{"others choose the child", []string{"Cours et devoirs"}, false, "/enfant Hugo", []string{"Hugo"}, nil, nil},
		{"owner's data go to private", []string{"Cours et devoirs"}, true, "/mesdonnees", []string{"en privé"}, []string{"tout ce qui est gardé"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, anna, annaInGroup, bobInGroup := roussels(t)
			if len(tt.shown) > 0 {
				annaInGroup.say("/connexion")
			}
			for _, label := range tt.shown {
				annaInGroup.press(label)
			}
			who := bobInGroup
			if tt.owner {
				who = annaInGroup
			}
			said := who.sayAll(tt.command)
			has(t, said[who.chat], tt.group...)
			lacks(t, said[who.chat], tt.never...)
			has(t, said[anna.chat], tt.private...)
			if len(tt.private) == 0 && said[anna.chat] != "" {
				t.Errorf("something came in private:\n%s", said[anna.chat])
			}
			p.r.noViolations()
		})
	}
}

// TestGuestsChangeNothing has a case for each cell of the table that is about people who were not admitted.
func TestGuestsChangeNothing(t *testing.T) {
	for _, tt := range []struct {
		name    string
		who     string
		command string
		group   []string // parts of the answer in the group; none: nothing is answered
	}{
		{"guests read what is shown", "gus", "/edt", []string{"08:00–09:00"}},
		{"guests read homework", "gus", "/devoirs", []string{"devoirs"}},
		{"guests see no grades unless shown", "gus", "/notes", []string{"Rien de tel n'est montré dans ce groupe."}},
		{"guests see no balance unless shown", "gus", "/solde", []string{"Rien de tel n'est montré dans ce groupe."}},
		{"guests are helped", "gus", "/aide", []string{"/edt", "/devoirs"}},
		{"guests do not choose the language", "gus", "/langue en", nil},
		{"guests do not choose the child", "gus", "/enfant Hugo", nil},
		{"guests do not top up", "gus", "/recharger 20", nil},
		{"guests have no data", "gus", "/mesdonnees", nil},
		{"guests have no alerts", "gus", "/alertes", nil},
		{"guests erase nothing", "gus", "/supprimer", nil},
		{"guests show nothing", "gus", "/connexion", nil},
		{"guests take nothing away", "gus", "/deconnexion", nil},
		{"guests cancel nothing", "gus", "/annuler", nil},
		{"guests do not invite", "gus", "/inviter", nil},
		{"guests are not told of typing errors", "gus", "/edtt", nil},
		{"guests are not told of long messages", "gus", "/edt " + strings.Repeat("x", chat.MaxText), nil},
		{"an owner who was not admitted takes away", "olga", "/deconnexion", []string{"ne plus montrer", "Ne plus montrer"}},
		{"an owner who was not admitted gets nothing in private", "olga", "/notes", []string{"Rien de tel n'est montré dans ce groupe."}},
		{"an owner who was not admitted does not choose the language", "olga", "/langue en", nil},
		{"an owner who was not admitted shows no more", "olga", "/connexion", nil},
		{"members do not invite", "bob", "/inviter", []string{"Seule la personne qui fait tourner"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, group := invited(t)
			before := group("bob").say("/langue")
			said := group(tt.who).sayAll(tt.command)
			has(t, said[group("bob").chat], tt.group...)
			delete(said, group("bob").chat)
			for where, text := range said {
				if text != "" {
					t.Errorf("said in %v:\n%s", where, text)
				}
			}
			if len(tt.group) == 0 {
				if replies := p.replies[group("bob").chat]; !strings.Contains(before, render(replies[len(replies)-1])) {
					t.Errorf("answered:\n%s", render(replies[len(replies)-1]))
				}
			}
			has(t, group("bob").say("/langue"), "Quelle langue")
			lacks(t, group("gus").say("/edt"), "Hugo –")
		})
	}
}

// TestCalledByName has every message that calls the bot by its name answered, without a mark before the command, and what
// is for other bots and people left alone.
func TestCalledByName(t *testing.T) {
	p, _, group := invited(t)
	named := func(who, text string) string {
		t.Helper()
		s := group(who)
		return s.deliver(chat.Message{Text: text, Named: true})[s.chat]
	}
	for text, want := range map[string]string{
		"edt":                          "08:00–09:00",
		"/edt":                         "08:00–09:00",
		"quel est l'emploi du temps ?": "08:00–09:00",
		"":                             "Cartable",
		"!!!":                          "Je n'ai pas compris",
		"tu es là ?":                   "Je n'ai pas compris",
		"/roll 2d6":                    "Je ne connais pas la commande /roll",
	} {
		has(t, named("bob", text), want)
	}
	has(t, named("gus", "edt"), "08:00–09:00")
	has(t, named("gus", "langue en"), "je ne réponds qu'aux personnes qui m'utilisent déjà")
	has(t, named("gus", "tu es là ?"), "je ne réponds qu'aux personnes qui m'utilisent déjà")
	for _, text := range []string{"/roll 2d6", "!!!", "!important : pain", "!", "edt", "tu es là ?"} {
		before := len(p.replies[group("bob").chat])
		if group("bob").say(text); len(p.replies[group("bob").chat]) != before {
			t.Errorf("%q was answered", text)
		}
	}
	has(t, group("bob").say("/edtt"), "Vouliez-vous dire /edt")
}

// TestAskingHowToLinkIsNoSecret answers in a group how an account is linked, and deletes only what may be a secret.
func TestAskingHowToLinkIsNoSecret(t *testing.T) {
	p, _, group := invited(t)
	said := func(text string, named bool) string {
		t.Helper()
		s := group("bob")
		return s.deliver(chat.Message{Text: text, Named: named})[s.chat]
	}
	for _, text := range []string{"comment connecter mon compte ?", "connexion", "connecter mon compte.", "lier mon compte. Merci !"} {
		before := len(p.deleted)
		has(t, said(text, true), "en privé")
		lacks(t, said(text, true), "rien de secret")
		lacks(t, said(text, false), "rien de secret") // people among themselves
		if len(p.deleted) != before {
			t.Errorf("%q was deleted", text)
		}
	}
	for _, text := range []string{
		"/connexion marc secret", "!connexion marc secret", "connexion marc s3cret", "connecter ecole.example/pronote marc secret", "comment connecter marc a1b2c3 ?",
	} {
		before := len(p.deleted)
		has(t, said(text, true), "rien de secret dans un groupe")
		if len(p.deleted) != before+1 {
			t.Errorf("%q was not deleted", text)
		}
	}
}

// TestGuestsPressNothingThatChanges offers them the buttons of the others.
func TestGuestsPressNothingThatChanges(t *testing.T) {
	p, _, group := invited(t)
	refused := func(who, label string) {
		t.Helper()
		before := len(p.alerts)
		if got := group(who).press(label); got != "" || len(p.alerts) != before+1 {
			t.Errorf("%s pressed %q: %q, %q", who, label, got, p.alerts[before:])
		}
	}
	refused("olga", "+ notes") // offered when everybody was let in
	group("bob").say("/langue")
	refused("gus", "English")
	refused("olga", "English")
	group("bob").say("/enfant")
	refused("gus", "Hugo")
	group("bob").say("/edtt")
	has(t, group("gus").press("/edt"), "08:00") // which only reads
	has(t, group("gus").press("▶"), "mercredi")
	group("anna").say("/connexion")
	refused("gus", "Cours et devoirs")
	group("olga").say("/deconnexion")
	refused("gus", "Ne plus montrer")
	has(t, group("bob").say("/langue"), "Quelle langue")
	has(t, group("olga").press("Ne plus montrer"), "olga ne montre plus")
	if got := group("gus").say("/edt"); got != "" {
		t.Errorf("answered where nothing is shown any more: %s", got)
	}
}

// TestHelpForGuestsTellsWhatTheyMayDo does not promise them more.
func TestHelpForGuestsTellsWhatTheyMayDo(t *testing.T) {
	_, _, group := invited(t)
	for _, asked := range []string{"/aide", "/start"} {
		lacks(t, group("gus").say(asked), "/langue", "/enfant", "/connexion", "/deconnexion", "/recharger", "/mesdonnees", "/inviter")
	}
	if all, one := group("gus").say("/aide"), group("gus").say("/aide langue"); one != all {
		t.Errorf("a guest was told of one command:\n%s", one)
	}
}

// TestAnInvitationFromAGroupGoesToPrivate is an admin who forgets where they are: the group must not read the code.
func TestAnInvitationFromAGroupGoesToPrivate(t *testing.T) {
	p, private, group := invited(t)
	said := group("anna").sayAll("/inviter")
	has(t, said[group("anna").chat], "anna, je vous ai répondu en privé")
	lacks(t, said[group("anna").chat], "inv_")
	has(t, said[private.chat], "/start inv_")

	p.r.close() // and one who has linked nothing, so that nobody knows their private chat
	p.r.clients.Access.Admins = []chat.PersonID{person("zoe")}
	p.r.open()
	zoe := p.private("zoe")
	said = group("zoe").sayAll("/inviter")
	has(t, said[group("zoe").chat], "zoe, cela se passe en privé")
	lacks(t, said[group("zoe").chat], "inv_")
	start := group("zoe").choice("Ouvrir la conversation privée").Start
	lacks(t, p.private("bob").say("/start "+start), "inv_")
	has(t, zoe.say("/start "+start), "/start inv_")
}

func TestOnlyTheOwnerShowsAndHides(t *testing.T) {
	p, _, anna, bob := roussels(t)
	anna.say("/connexion")
	if got := bob.press("Cours et devoirs"); got != "" {
		t.Errorf("Bob's press was answered in the group:\n%s", got)
	}
	if len(p.alerts) != 1 || !strings.Contains(p.alerts[0], "pas pour vous") {
		t.Errorf("Bob was told %q", p.alerts)
	}
	lacks(t, bob.say("/edt"), "08:00")
	has(t, anna.press("Cours et devoirs"), "anna montre ici l'emploi du temps")
	has(t, bob.say("/edt"), "08:00")
	anna.say("/deconnexion")
	bob.press("Ne plus montrer")
	has(t, bob.say("/edt"), "08:00")
	has(t, anna.press("Ne plus montrer"), "ne montre plus")
	lacks(t, bob.say("/edt"), "08:00")
}

func TestEveryoneTurnsThePagesOfASharedTimetable(t *testing.T) {
	p, _, anna, bob := roussels(t)
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	anna.say("/edt")
	before := len(p.edits)
	has(t, bob.press("▶"), "Léa – demain, mercredi 18 novembre")
	if len(p.edits) != before+1 {
		t.Error("the page was not turned in place")
	}
}

func TestLinkingFromAGroupLeadsToPrivateAndBack(t *testing.T) {
	r := newRig(t, rigOptions{})
	p := r.platform()
	group, private := p.group("Famille", "carla"), p.private("carla")
	has(t, group.say("/connexion"), "en privé", "Relier un compte en privé")
	start := group.choice("Relier un compte en privé").Start
	if len(start) > 64 || !strings.HasPrefix(start, "link_") {
		t.Fatalf("payload %q", start)
	}
	has(t, p.private("dora").say("/start "+start), "plus valable") // somebody else's link
	has(t, private.say("/start "+start), "Quel compte")
	private.press("PRONOTE")
	account := r.school.Accounts()[0]
	private.say(r.schoolURL + "/parent.html")
	private.say(account.Username)
	has(t, private.say(account.Password), "Compte PRONOTE relié", "Que voulez-vous montrer dans « Famille »")
	said := private.deliver(chat.Message{Choice: private.choice("Cours et devoirs").ID})
	has(t, said[private.chat], "montré dans le groupe")
	has(t, said[group.chat], "carla montre ici")
	has(t, group.say("/edt"), "08:00")
	lacks(t, private.say("/start"), "« Famille »") // the way back is walked once
}

func TestRelinkingAnAccountKeepsItShown(t *testing.T) {
	p, _, anna, bob := roussels(t)
	anna.say("/connexion")
	anna.press("+ notes")
	p.r.chat("anna").linkParent()
	has(t, bob.say("/notes"), "Moyenne générale")
}

func TestUnlinkingInPrivateEndsTheShowing(t *testing.T) {
	_, private, anna, bob := roussels(t)
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	private.say("/deconnexion pronote")
	has(t, private.press("Oublier PRONOTE"), "oublié")
	lacks(t, bob.say("/edt"), "08:00")
}

func TestAnOwnerWhoBlockedTheBotIsAskedToWriteFirst(t *testing.T) {
	p, private, anna, _ := roussels(t)
	p.gone[private.chat] = true
	has(t, anna.say("/solde"), "conversation privée", "Ouvrir la conversation privée")
}

func TestWhatIsShownSurvivesRestartAndMigration(t *testing.T) {
	p, _, anna, bob := roussels(t)
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	bob.say("/langue en")
	p.r.restart()
	has(t, bob.say("/timetable"), "08:00")
	button := bob.choice("▶")
	super := bob
	super.chat = chat.ChatID{Platform: "test", ID: "supergroup"}
	if err := p.r.engine.MoveChat(bob.chat, super.chat); err != nil {
		t.Fatal(err)
	}
	has(t, super.say("/timetable"), "08:00", "Tuesday")
	has(t, super.deliver(chat.Message{Choice: button.ID})[super.chat], "Wednesday")
	lacks(t, bob.say("/edt"), "08:00")
}

func TestGroupTalkIsNotForTheBot(t *testing.T) {
	_, _, anna, bob := roussels(t)
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	for _, text := range []string{"edt demain ?", "bonjour", "1", "solde"} {
		if got := bob.say(text); got != "" {
			t.Errorf("%q was answered:\n%s", text, got)
		}
	}
}

func TestSecretsInAGroupAreRefusedAndDeleted(t *testing.T) {
	p, _, anna, _ := roussels(t)
	for _, text := range []string{
		"/connexion https://ecole.example/pronote anna s3cret",
		"voilà https://mon-espace.izly.fr/tools/Activation/33611223344/AbCdEfGh",
	} {
		deleted := len(p.deleted)
		has(t, anna.say(text), "rien de secret dans un groupe", "Ouvrir la conversation privée")
		if len(p.deleted) != deleted+1 {
			t.Errorf("%q was not deleted", text)
		}
	}
	has(t, anna.say("/connexion"), "Relier un compte en privé")
	p.r.noViolations()
}

// TestAccountsFollowTheirOwner is a person who leaves the private chat, as one can on Matrix, and opens another:
// what they linked is there, and what concerns them alone arrives there.
func TestAccountsFollowTheirOwner(t *testing.T) {
	p, private, anna, bob := roussels(t)
	p.gone[private.chat] = true
	if err := p.r.engine.Present(private.chat, false); err != nil {
		t.Fatal(err)
	}
	has(t, anna.say("/edt"), "conversation privée") // and not into the one that she left
	opened := p.private("anna")
	opened.chat.ID = "opened later"
	has(t, opened.say("/edt"), "08:00")
	lacks(t, bob.say("/edt"), "08:00")
	said := anna.deliver(chat.Message{Text: "/edt"})
	has(t, said[opened.chat], "08:00")
	p.r.restart()
	has(t, opened.say("/edt"), "08:00")
	has(t, opened.say("/deconnexion pronote"), "Oublier PRONOTE")
	has(t, opened.press("Oublier PRONOTE"), "oublié")
	has(t, opened.say("/deconnexion"), "Izly")
}

// TestOthersJoinAPrivateChat lets Bob into Anna's private chat: nothing of hers is told there any more, whoever asks
// and wherever, and it never becomes his.
func TestOthersJoinAPrivateChat(t *testing.T) {
	p, private, anna, _ := roussels(t)
	private.say("/edt")
	p.crowded[private.chat] = true
	crowd := private
	crowd.title = "Anna et Bob"
	for _, command := range []string{"/notes", "/edt", "/solde", "/historique", "/recharger 20", "/mesdonnees"} {
		said := crowd.deliver(chat.Message{Text: command})
		has(t, said[crowd.chat], "Ouvrez une conversation privée")
		has(t, anna.say(command), "Ouvrez une conversation privée")
	}
	bobs := private // Anna has left, and the platform takes it for Bob's private chat
	bobs.person = person("bob")
	p.crowded[private.chat] = false
	has(t, bobs.say("/edt"), "Aucun compte PRONOTE")
	has(t, bobs.say("/solde"), "Aucun compte Izly")
	has(t, bobs.say("/deconnexion"), "aucun compte")
}

// TestUnverifiedTouchesNothingKeptElsewhere is a homeserver that writes in a person's name in a room of its own
// making: what the person keeps in other chats is neither shown, nor given away, nor erased.
func TestUnverifiedTouchesNothingKeptElsewhere(t *testing.T) {
	p, private, anna, bob := roussels(t)
	hear := func(s seat, text string) string { return s.deliver(chat.Message{Text: text, Unverified: true})[s.chat] }
	lacks(t, hear(anna, "/connexion"), "Montrer")
	lacks(t, bob.say("/edt"), "08:00")
	elsewhere := p.private("anna")
	elsewhere.chat.ID = "a clear room"
	has(t, hear(elsewhere, "/deconnexion"), "relié aucun compte")
	lacks(t, hear(elsewhere, "/mesdonnees"), "Un fichier")
	lacks(t, hear(elsewhere, "/edt"), "08:00")
	has(t, private.say("/edt"), "08:00")
	anna.say("/connexion") // and by herself she shows it
	anna.press("Cours et devoirs")
	has(t, bob.say("/edt"), "08:00")
}

// TestUnverifiedInAGroupBeginsNothingInPrivate is a forger who writes in Anna's name where she has a top-up and a
// question open in private.
func TestUnverifiedInAGroupBeginsNothingInPrivate(t *testing.T) {
	p, private, anna, _ := roussels(t)
	private.say("/recharger 20")
	confirm := private.choice("Payer").ID
	private.say("/connexion " + p.r.schoolURL + "/parent.html")
	has(t, private.say("someone"), "(secret)")
	for _, command := range []string{"/recharger 30", "/recharger", "/enfant", "/enfant Hugo", "/solde", "/mesdonnees"} {
		said := anna.deliver(chat.Message{Text: command, Unverified: true})
		has(t, said[anna.chat], "Ouvrez une conversation privée")
		if said[private.chat] != "" {
			t.Errorf("%s began in private:\n%s", command, said[private.chat])
		}
	}
	has(t, private.say("S3cret"), "identifiant ou le mot de passe")
	if len(p.deleted) != 1 {
		t.Errorf("%d messages deleted, want the password", len(p.deleted))
	}
	private.say("/edt")
	has(t, private.deliver(chat.Message{Choice: confirm})[private.chat], "Rechargement de 20,00 € effectué")
}

// TestACommandInAGroupBesideAPrivateQuestion is Anna herself: what she begins from the group ends the question for
// her password in words, and the password is deleted all the same.
func TestACommandInAGroupBesideAPrivateQuestion(t *testing.T) {
	for _, command := range []string{"/recharger", "/enfant"} {
		p, private, anna, _ := roussels(t)
		private.say("/connexion " + p.r.schoolURL + "/parent.html")
		has(t, private.say("someone"), "(secret)")
		has(t, anna.sayAll("/solde")[private.chat], "12,34 €", "attend toujours", "(secret)")
		has(t, anna.sayAll(command)[private.chat], "La liaison en cours est abandonnée")
		answer := private.say("S3cret-Passw0rd")
		has(t, answer, "pour un secret")
		lacks(t, answer, "S3cret")
		if len(p.deleted) != 1 {
			t.Errorf("%d messages deleted after %s, want the password", len(p.deleted), command)
		}
	}
}

// TestOthersJoinWhileAQuestionWaits lets somebody into Anna's private chat in the middle of a question: it is not
// answered there any more, by words or by a press, and nothing is spent.
func TestOthersJoinWhileAQuestionWaits(t *testing.T) {
	const joined = "Quelqu'un d'autre lit maintenant cette conversation"
	joins := func(private seat) seat {
		private.p.crowded[private.chat] = true
		private.title = "Anna et Bob"
		return private
	}
	t.Run("typed", func(t *testing.T) {
		_, private, _, _ := roussels(t)
		private.say("/recharger")
		crowd := joins(private)
		for _, text := range []string{"20", "20", "/oui", "oui"} {
			lacks(t, crowd.say(text), "€")
		}
	})
	t.Run("pressed", func(t *testing.T) {
		p, private, _, _ := roussels(t)
		private.say("/recharger 20")
		confirm := private.choice("Payer").ID
		private.say("/recharger")
		amount := private.choice("20,00").ID
		private.say("/edt")
		page := private.choice("▶").ID
		crowd := joins(private)
		for _, id := range []string{amount, confirm, page} {
			if answer := crowd.deliver(chat.Message{Choice: id})[crowd.chat]; answer != "" {
				t.Errorf("answered in front of everybody:\n%s", answer)
			}
		}
		if len(p.alerts) != 3 || !strings.Contains(p.alerts[1], joined) || !strings.Contains(p.alerts[1], "Rien n'a été fait") {
			t.Errorf("told %q", p.alerts)
		}
		lacks(t, crowd.say("/oui"), "€")
		p.r.spent(p.r.izly.Accounts()[0], 12_34, 0)
	})
	t.Run("unseen", func(t *testing.T) { // the question never reached the private chat
		p, private, anna, _ := roussels(t)
		crowd := joins(private)
		has(t, anna.say("/recharger"), "Ouvrez une conversation privée")
		p.crowded[private.chat] = false
		has(t, private.say("20"), "pas compris")
		private.say("/annuler")
		p.crowded[private.chat] = true
		lacks(t, crowd.say("20"), "€")
	})
	t.Run("password", func(t *testing.T) {
		p, private, _, _ := roussels(t)
		private.say("/connexion " + p.r.schoolURL + "/parent.html")
		private.say("someone")
		crowd := joins(private)
		has(t, crowd.say("S3cret"), "rien de secret dans un groupe", "Ouvrir la conversation privée")
		if len(p.deleted) != 1 {
			t.Error("the password was not deleted")
		}
		if answer := crowd.say("S3cret"); answer != "" {
			t.Errorf("the question still waits:\n%s", answer)
		}
	})
	t.Run("command", func(t *testing.T) {
		p, private, _, _ := roussels(t)
		private.say("/connexion " + p.r.schoolURL + "/parent.html")
		private.say("someone")
		lacks(t, joins(private).say("/aide"), "attend toujours", "(secret)")
		if len(p.deleted) != 0 {
			t.Error("a command was deleted")
		}
	})
}

func TestWhatNobodyWaitsForIsSilent(t *testing.T) {
	p, private, anna, _ := roussels(t)
	anna.say("/solde")
	group, own := p.replies[anna.chat], p.replies[private.chat]
	if !group[len(group)-1].Silent || own[len(own)-1].Silent {
		t.Error("the note in the group rings, or the answer in private does not")
	}
}

// TestAnUnverifiedPressWhereTheAccountIsNot is a top-up in a chat that its owner has left for another: there the
// platform's word is not enough to spend anything.
func TestAnUnverifiedPressWhereTheAccountIsNot(t *testing.T) {
	p, old, _, _ := roussels(t)
	old.say("/recharger 20")
	confirm := old.choice("Payer").ID
	home := old
	home.chat.ID = "anna's other chat"
	home.say("/aide")
	has(t, old.deliver(chat.Message{Choice: confirm, Unverified: true})[old.chat], "n'existe plus")
	has(t, old.deliver(chat.Message{Choice: confirm})[old.chat], "Rechargement de 20,00 € effectué")
	p.r.noViolations()
}

// TestAPressThatChangesEndsAQuestion has Anna forget an account in the middle of linking another.
func TestAPressThatChangesEndsAQuestion(t *testing.T) {
	p, private, _, _ := roussels(t)
	private.say("/deconnexion")
	forget := private.choice("Oublier Izly").ID
	private.say("/connexion " + p.r.schoolURL + "/parent.html")
	has(t, private.say("someone"), "(secret)")
	has(t, private.deliver(chat.Message{Choice: forget})[private.chat], "C'est oublié", "La liaison en cours est abandonnée")
}
