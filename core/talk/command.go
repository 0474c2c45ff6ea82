package talk

import (
	"context"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/i18n"
)

// Command is one entry of the registry.
type Command struct {
	Name    string   // in French, without the slash
	English string   // the alias shown in English
	Words   []string // other folded words that mean it, also several of them
	Needs   Need     // which kind of account makes it useful; help lists only useful commands
	Group   InGroup  // what it does in a group
	Page    rights.Page
	Role    Role

	Changes    bool // changes something or begins to: a question that waits is given up for it
	OnlyAsks   bool // changes nothing by itself: buttons that run it stay when others are taken back
	Secret     bool // what stands after its name may be a secret: in a group such a message is deleted
	Hidden     bool // not in help
	Harmless   bool // guests may run it in a group where something is shown
	TakesBack  bool // takes away what the person shows in a group: who shows something may always run it there
	TakesWords bool // after its name; the sentence "usage.<name>" says which

	Run RunFunc
}

// RunFunc does a command. args are the words after its name, as typed. An error becomes a sentence.
type RunFunc func(ctx context.Context, t *Turn, args string) (chat.Reply, error)

// Need is the kind of account that a command works on.
type Need int

// The needs.
const (
	NeedNothing Need = iota
	NeedSchool
	NeedWallet
	NeedAccount // either
	NeedAdmin   // none, but the operator's trust
)

// fits tells whether an account of that kind fills the need.
func (n Need) fits(k rights.Kind) bool {
	switch n {
	case NeedSchool:
		return k == rights.School
	case NeedWallet:
		return k == rights.Wallet
	default:
		return true
	}
}

// InGroup is what a command does in a group, besides what it does in private.
type InGroup int

// The ways.
const (
	GroupSame    InGroup = iota // the same
	GroupShown                  // reads what is shown there; the owner of something else gets it in private
	GroupPrivate                // the owner gets it in private, always
	GroupOwn                    // something of its own, which it knows by Turn.Private
)

// Role is a part that a command plays in the conversation itself.
type Role int

// The roles; each is played by one command.
const (
	RoleNone    Role = iota
	RoleStart        // greets who is new
	RoleHelp         // lists the commands
	RoleLink         // links an account
	RoleCancel       // leaves any question
	RoleExample      // stands for a short command where one is shown
)

// names are the words that mean the command, folded.
func (c *Command) names() []string {
	return append([]string{c.Name, c.English}, c.Words...)
}

// Action is what a press of a choice does that is more than running a command.
type Action struct {
	Name    string // "order.confirm"
	Risky   bool   // spends money, removes something, changes how an account is kept or lets others read it
	Changes bool   // is taken back by who leaves everything; those of an order stay, to say what became of it
	// Voids are the actions whose choices a press makes void before it runs, those of the person in this chat: who refuses
	// must not do the refused thing by a late press.
	Voids []string
	// TakesBack is that of Command.
	TakesBack bool
	// Settled, when not nil, says in a few words how what is decided on stands when nothing is left to decide, "" when
	// something is: a press is told that alone, and the message with the choice stays as it is. It reads the store, and
	// blocks for nothing else.
	Settled func(t *Turn, p Press) string
	Run     func(ctx context.Context, t *Turn, p Press) (chat.Reply, error)
}

// Press is what a choice was offered with.
type Press struct{ Arg, Account string }

// Interceptor sees messages that are no presses before or after everything else. Each method may be called for
// any message of anybody who is admitted.
type Interceptor interface {
	// Secret tells whether a text holds a secret wherever it is said.
	Secret(text string) bool
	// Harmless tells whether a text is surely no answer to a question for a secret that was forgotten.
	Harmless(text string) bool
	// Before is asked in private, before a question that waits: a picture, the link of an SMS.
	Before(ctx context.Context, t *Turn) (r chat.Reply, taken bool, err error)
	// Else is asked in private when a text was nothing else.
	Else(ctx context.Context, t *Turn) (r chat.Reply, taken bool, err error)
}

// call is a message read as a command.
type call struct {
	command *Command // nil when there is no such command
	name    string   // as typed, folded and without the slash
	args    string   // the rest, as typed
	slash   bool     // it began with / or !, or with the name of the bot
}

// punctuation stands around what people say without being of it.
const punctuation = " !?.,"

// parse reads "/edt demain", "/edt@bot demain", "!edt demain", and without a mark "edt demain" or
// "emploi du temps demain". The longest matching name wins.
func parse(t *Talk, text string) call {
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
		if cmd := t.byName[strings.Trim(name, punctuation)]; cmd != nil {
			args := strings.Join(words[n:], " ")
			if strings.Trim(args, punctuation) == "" { // "Emploi du temps !"
				args = ""
			}
			return call{command: cmd, name: name, args: args, slash: slash}
		}
	}
	return call{name: i18n.Fold(words[0]), args: strings.Join(words[1:], " "), slash: slash}
}

// parseSaid is parse for a private chat, where people also say "notes ?".
func parseSaid(t *Talk, text string) call {
	c := parse(t, text)
	if c.slash {
		return c
	}
	return parse(t, strings.TrimRight(text, "? \u00a0\u202f"))
}

// parseMessage reads a text as it was said: in private, and to a bot that is called by its name, people need no mark.
func parseMessage(t *Turn, text string) call {
	switch {
	case t.Private:
		return said(t, text)
	case t.Msg.Named:
		c := said(t, text)
		c.slash = c.slash || c.command != nil
		return c
	default:
		return parse(t.talk, text)
	}
}

// Said is what plain words mean.
type Said struct {
	Command    string // the French name; empty for none
	Args       string // what stands after it
	Understood bool   // well enough to do it
	Sure       bool   // a name of the command was said, and every other word was understood
	Thanks     bool   // nothing is asked for
}

// said reads what was said to the bot alone: a command, or plain words that mean one. Where it may be a secret, only what
// begins with a command's name is one, and where any text may be an answer, only what surely is.
func said(t *Turn, text string) call {
	c, q := parseSaid(t.talk, text), t.talk.questions.of(t)
	if c.slash || mayBeSecret(t) || q.secret() || q != nil && q.Takes != nil && q.Takes(t, text) {
		return c
	}
	read := t.talk.cfg.Read(t, text)
	command := t.talk.byName[read.Command]
	if command == nil || command == c.command || !read.Understood || c.command != nil && !read.Sure || q != nil && q.Takes == nil && !read.Sure {
		return c
	}
	return call{command: command, name: command.Name, args: read.Args}
}

// suggest returns the command that a person most likely meant by a word that is none.
func suggest(t *Talk, word string) *Command {
	var candidates []string
	for i := range t.commands {
		if !t.commands[i].Hidden {
			candidates = append(candidates, t.commands[i].names()...)
		}
	}
	return t.byName[i18n.Nearest(word, candidates)]
}

func cutAny(s string, prefixes ...string) (string, bool) {
	for _, prefix := range prefixes {
		if rest, found := strings.CutPrefix(s, prefix); found {
			return rest, true
		}
	}
	return s, false
}

// consents are the words, folded, with which people agree.
var consents = []string{"oui", "yes", "ok", "d accord", "confirmer", "confirme", "confirm", "payer", "paie", "paye", "pay"}

// refusals are the words, folded, with which people say no.
var refusals = []string{
	"non", "no", "nan", "nope", "non merci", "no thanks", "no thank you", "laisse tomber", "pas maintenant", "never mind", "nevermind",
}

// No tells whether a text only says no.
func No(text string) bool {
	return slices.Contains(refusals, Bare(text))
}

// Yes tells whether a text only says yes.
func Yes(text string) bool { return slices.Contains(consents, Bare(text)) }

// Bare is a folded text without the marks around it.
func Bare(text string) string { return strings.Trim(i18n.Fold(text), punctuation) }
