package main

import "cartable/core/chat"

// trial is a made-up account of each kind, for linking by hand.
type trial struct {
	address, user, password string // of the school
	phone, code, sms        string // of the wallet; sms is where its messages can be read
}

// demoGreeting opens the demo: where the newcomer is, and what to try. It is not in i18n because no command
// says it.
func demoGreeting(lang string, t trial) chat.Reply {
	if lang == "en" {
		return chat.Reply{
			Title: "Cartable: demo",
			Body: []chat.Line{
				{Text: "A school, two children and a wallet, all made up, are linked to this chat. Nothing leaves this computer and nothing is kept. Try:"},
				{Label: "/timetable", Text: "the lessons of the day"},
				{Label: "/grades", Text: "the last grades"},
				{Label: "/balance", Text: "what is in the Izly wallet"},
				{Label: "/topup 20", Text: "a top-up, which a number then confirms"},
				{Label: "/link", Text: "link one more made-up account:"},
				{Label: "PRONOTE", Text: t.address + ", user " + t.user + ", password " + t.password},
				{Label: "Izly", Text: "phone " + t.phone + ", secret code " + t.code + "; its SMS appear at " + t.sms},
				{Kind: chat.LineNote, Text: "/help shows everything. Words work without the slash too. Ctrl-D leaves."},
			},
		}
	}
	return chat.Reply{
		Title: "Cartable\u00a0: démonstration",
		Body: []chat.Line{
			{Text: "Une école, deux enfants et un porte-monnaie imaginaires sont reliés à cette discussion. Rien ne sort de cet ordinateur et rien n'est gardé. Essayez\u00a0:"},
			{Label: "/edt", Text: "les cours du jour"},
			{Label: "/notes", Text: "les dernières notes"},
			{Label: "/solde", Text: "ce qu'il y a dans le porte-monnaie Izly"},
			{Label: "/recharger 20", Text: "un rechargement, à confirmer par un numéro"},
			{Label: "/connexion", Text: "relier encore un compte imaginaire\u00a0:"},
			{Label: "PRONOTE", Text: t.address + ", identifiant " + t.user + ", mot de passe " + t.password},
			{Label: "Izly", Text: "téléphone " + t.phone + ", code secret " + t.code + "\u00a0; ses SMS arrivent sur " + t.sms},
			{Kind: chat.LineNote, Text: "/aide montre tout. Les mots marchent aussi sans la barre. Ctrl-D pour partir."},
		},
	}
}
