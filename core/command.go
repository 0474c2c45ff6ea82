package core

import (
	"context"
	"strings"

	"cartable/i18n"
)

// command is one entry of the registry.
type command struct {
	name     string   // in French, without the slash
	english  string   // the alias shown in English
	words    []string // other folded words that mean it, also several of them
	needs    need     // which kind of link makes it useful; help lists only useful commands
	group    inGroup  // what it does in a group
	grades   bool     // reads grades, which are shown in a group only if their owner says so
	changes  bool     // changes something or begins to: a question that waits is given up for it
	hidden   bool     // not in help
	harmless bool     // strangers may run it in a group where something is shown
	run      func(ctx context.Context, t *turn, args string) (Reply, error)

	takesWords bool // after its name; the sentence "usage.<name>" says which
}

// need is the kind of link that a command works on.
type need int

const (
	needNothing need = iota
	needSchool
	needWallet
	needLink  // either
	needAdmin // none, but the operator's trust
)

// inGroup is what a command does in a group, besides what it does in private.
type inGroup int

const (
	groupSame    inGroup = iota // the same
	groupShown                  // reads what is shown there; the owner of something else gets it in private
	groupPrivate                // the owner gets it in private, always
)

// commands is the registry, in the order of help. The help text of a command is the sentence
// "help.<name>".
func commands() []command {
	return []command{
		{name: "edt", english: "timetable", words: []string{"emploi du temps", "cours", "agenda", "lessons", "schedule"}, needs: needSchool, group: groupShown, takesWords: true, run: timetable},
		{name: "notes", english: "grades", words: []string{"note", "moyenne", "moyennes", "marks", "grade"}, needs: needSchool, group: groupShown, grades: true, takesWords: true, run: grades},
		{name: "devoirs", english: "homework", words: []string{"devoir", "travail"}, needs: needSchool, group: groupShown, takesWords: true, run: homework},
		{name: "solde", english: "balance", words: []string{"izly", "argent", "money"}, needs: needWallet, group: groupShown, run: balance},
		{name: "historique", english: "history", words: []string{"operations", "depenses"}, needs: needWallet, group: groupShown, takesWords: true, run: history},
		{name: "recharger", english: "topup", words: []string{"recharge", "rechargement", "top up"}, needs: needWallet, group: groupPrivate, changes: true, takesWords: true, run: topUp},
		{name: "enfant", english: "child", words: []string{"enfants", "children"}, needs: needSchool, group: groupShown, changes: true, takesWords: true, run: chooseChild},
		{name: "connexion", english: "link", words: []string{"connecter", "lier", "login"}, changes: true, takesWords: true, run: linkAccount},
		{name: "deconnexion", english: "unlink", words: []string{"deconnecter", "delier", "logout"}, needs: needLink, changes: true, takesWords: true, run: unlinkAccount},
		{name: "mesdonnees", english: "mydata", words: []string{"mes donnees", "my data"}, needs: needLink, group: groupPrivate, run: myData},
		{name: "confidentialite", english: "privacy", run: privacy},
		{name: "annuler", english: "cancel", words: []string{"stop", "quitter"}, run: cancelDialogue},
		{name: "langue", english: "language", words: []string{"lang"}, changes: true, takesWords: true, run: chooseLanguage},
		{name: "inviter", english: "invite", needs: needAdmin, run: invite},
		{name: "aide", english: "help", words: []string{"help", "menu", "commandes"}, harmless: true, takesWords: true, run: help},
		{name: "start", english: "start", words: []string{"bonjour", "salut", "hello", "hi", "coucou", "bonsoir"}, hidden: true, harmless: true, run: greet},
	}
}

// names are the words that mean the command, folded.
func (c *command) names() []string {
	return append([]string{c.name, c.english}, c.words...)
}

// call is a message read as a command.
type call struct {
	command *command // nil when there is no such command
	name    string   // as typed, folded and without the slash
	args    string   // the rest, as typed
	slash   bool     // it began with / or !
}

// parseCall reads "/edt demain", "/edt@bot demain", "!edt demain", and without a mark "edt demain" or
// "emploi du temps demain". The longest matching name wins.
func (e *Engine) parseCall(text string) call {
	text = strings.TrimSpace(text)
	text, slash := cutAny(text, "/", "!")
	words := strings.Fields(text)
	if len(words) == 0 {
		return call{slash: slash}
	}
	if slash {
		words[0], _, _ = strings.Cut(words[0], "@")
	}
	for n := min(len(words), 3); n > 0; n-- {
		name := i18n.Fold(strings.Join(words[:n], " "))
		if cmd := e.byName[strings.Trim(name, " !?.,")]; cmd != nil {
			return call{command: cmd, name: name, args: strings.Join(words[n:], " "), slash: slash}
		}
	}
	return call{name: i18n.Fold(words[0]), args: strings.Join(words[1:], " "), slash: slash}
}

// parseSaid is parseCall for a private chat, where people also say "mes notes" or "quel est mon solde ?".
func (e *Engine) parseSaid(text string) call {
	c := e.parseCall(text)
	if c.slash {
		return c
	}
	said := strings.TrimRight(text, "? \u00a0\u202f")
	if c = e.parseCall(said); c.command == nil {
		c = e.parseCall(withoutSmallWords(said))
	}
	return c
}

// smallWords, folded, stand before what people ask for: "quel est mon solde", "les devoirs", "show me the grades".
var smallWords = map[string]bool{
	"le": true, "la": true, "les": true, "mon": true, "ma": true, "mes": true, "notre": true, "nos": true,
	"quel": true, "quelle": true, "quels": true, "quelles": true, "est": true, "sont": true,
	"montre": true, "montre moi": true, "donne": true, "donne moi": true, "moi": true,
	"the": true, "my": true, "our": true, "what": true, "what s": true, "is": true, "are": true, "show": true, "me": true,
}

// withoutSmallWords takes them off the beginning, but for the last word.
func withoutSmallWords(text string) string {
	words := strings.Fields(text)
	for len(words) > 1 && smallWords[i18n.Fold(words[0])] {
		words = words[1:]
	}
	rest, _ := cutAny(strings.Join(words, " "), "l'", "L'", "l’", "L’")
	return rest
}

// suggest returns the command that a person most likely meant by a word that is none.
func (e *Engine) suggest(word string) *command {
	var candidates []string
	for i := range e.commands {
		if !e.commands[i].hidden {
			candidates = append(candidates, e.commands[i].names()...)
		}
	}
	return e.byName[i18n.Nearest(word, candidates)]
}

// shown is the command as people of this language type it.
func (t *turn) shown(c *command) string {
	if t.p.Lang == "en" {
		return t.slash() + c.english
	}
	return t.slash() + c.name
}

// slash is what people of this platform write before a command.
func (t *turn) slash() string {
	if m, ok := t.adapter.(Marker); ok {
		return m.Mark()
	}
	return "/"
}

// command returns the shown form of a command by its French name.
func (t *turn) cmd(name string) string { return t.shown(t.e.byName[name]) }
