package main

import "cartable/core"

// demoGreeting opens the demo: where the newcomer is, and four commands to try. It is not in i18n because
// no command says it.
func demoGreeting(lang string) core.Reply {
	if lang == "en" {
		return core.Reply{
			Title: "Cartable, a school bag in your chat: the demo",
			Body: []core.Line{
				{Text: "A school, two children and a wallet, all made up, are linked to this chat. Nothing leaves this computer and nothing is kept. Try:"},
				{Label: "/timetable", Text: "the lessons of the day"},
				{Label: "/grades", Text: "the last grades"},
				{Label: "/balance", Text: "what is in the Izly wallet"},
				{Label: "/topup 20", Text: "a top-up, which a number then confirms"},
				{Kind: core.LineNote, Text: "/help shows everything. Words work without the slash too. Ctrl-D leaves."},
			},
		}
	}
	return core.Reply{
		Title: "Cartable, le cartable dans la discussion : la démonstration",
		Body: []core.Line{
			{Text: "Une école, deux enfants et un porte-monnaie imaginaires sont reliés à cette discussion. Rien ne sort de cet ordinateur et rien n'est gardé. Essayez :"},
			{Label: "/edt", Text: "les cours du jour"},
			{Label: "/notes", Text: "les dernières notes"},
			{Label: "/solde", Text: "ce qu'il y a dans le porte-monnaie Izly"},
			{Label: "/recharger 20", Text: "un rechargement, à confirmer par un numéro"},
			{Kind: core.LineNote, Text: "/aide montre tout. Les mots marchent aussi sans la barre. Ctrl-D pour partir."},
		},
	}
}
