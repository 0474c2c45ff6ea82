package talk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/i18n"
)

// Turn is the handling of one message: who spoke, in which chat, in which language. It belongs to one goroutine
// and ends when the message is answered.
type Turn struct {
	rights.Who
	Msg chat.Message
	P   *i18n.Printer
	Log *slog.Logger
	Now time.Time // where the schools are

	talk     *Talk
	adapter  chat.Adapter // nil for a turn that only makes sentences
	prefs    Prefs
	call     call   // what the message was read as
	word     string // the ID of the button that the message says
	told     bool   // the message is a press that the platform has had its answer to
	redacted bool   // the message was deleted, or tried to be
	stranger bool   // was not admitted; see mayInGroup
	acted    bool   // see Acted
	offered  map[string]choice
	started  map[string]choice // of deep links
}

// turn reads what the chat has chosen. Where that cannot be read, it is the defaults.
func turn(t *Talk, a chat.Adapter, m chat.Message) *Turn {
	turn := &Turn{
		Who:  rights.Who{Chat: m.Chat, Person: m.Person, Private: m.Private, Unverified: m.Unverified},
		Msg:  m,
		Now:  now(t),
		Log:  t.Logger(m.Chat),
		talk: t, adapter: a,
		offered: make(map[string]choice), started: make(map[string]choice),
	}
	var err error
	if turn.prefs, err = prefs(t, m.Chat); err != nil {
		turn.Log.Error("settings of a chat unreadable", "error", err)
	}
	turn.P = printer(t, turn.prefs)
	return turn
}

// refusal is an error with its own words: a catalogue key and what goes into it.
type refusal struct {
	key  string
	args []any
}

func (r *refusal) Error() string { return "refused: " + r.key }

// Refuse makes an error that is told with the sentence of key.
func Refuse(key string, args ...any) error { return &refusal{key, args} }

// Say is a reply of one sentence or paragraph.
func (t *Turn) Say(key string, args ...any) chat.Reply {
	return chat.Reply{Body: chat.Paragraphs(t.P.T(key, args...))}
}

// Explain turns an error into what the person is told. An error that has no sentence is logged under a
// reference, and the person gets the reference.
func (t *Turn) Explain(err error) chat.Reply {
	if own, ok := errors.AsType[*refusal](err); ok {
		return t.Say(own.key, own.args...)
	}
	if r, known := t.talk.cfg.Explain(t, err); known {
		return r
	}
	t.Log.Error("unexpected error", "error", err)
	return wentWrong(t, "error.unexpected")
}

// wentWrong is the answer when something is wrong with the bot itself.
func wentWrong(t *Turn, key string) chat.Reply {
	reference := t.Reference()
	t.Log.Error("told the person that something went wrong", "reference", reference)
	return t.Say(key, "reference", reference)
}

// Reference makes a short word by which an operator finds in the log what a person was told.
func (t *Turn) Reference() string { return newID(t.talk)[:6] }

// Cmd is a command as people of this chat type it. name is its French name.
func (t *Turn) Cmd(name string) string {
	return cmd(t.talk, t.P, t.Mark(), name)
}

// Shown is the command as people of this language type it.
func (t *Turn) Shown(c Command) string {
	return t.Cmd(c.Name)
}

// role is the command that plays a part, as people of this chat type it.
func (t *Turn) role(r Role) string { return t.Shown(t.talk.roles[r]) }

// Mark is what people of this platform write before a command.
func (t *Turn) Mark() string {
	if m, ok := t.adapter.(chat.Marker); ok {
		return m.Mark()
	}
	return usualMark
}

// Commands are those that the person may be told of here: those that are of use, or the one that args name.
func (t *Turn) Commands() []Command {
	var list []Command
	for _, c := range t.talk.commands {
		if !c.Hidden && useful(t, c) && mayRun(t, &c) {
			list = append(list, c)
		}
	}
	return list
}

// CommandNamed finds a command that the person may be told of by its name or words.
func (t *Turn) CommandNamed(words string) (Command, bool) {
	c := parse(t.talk, words).command
	if c == nil || c.Hidden || !mayRun(t, c) {
		return Command{}, false
	}
	return *c, true
}

// useful tells whether there is something here for a command to work on.
func useful(t *Turn, c Command) bool {
	switch c.Needs {
	case NeedNothing:
		return true
	case NeedAdmin:
		return t.Private
	}
	return t.Has(c.Needs, "")
}

// Has tells whether an account can be read here that fills the need. page "" means any.
func (t *Turn) Has(n Need, page rights.Page) bool {
	for _, kind := range []rights.Kind{rights.School, rights.Wallet} {
		if n.fits(kind) && len(t.talk.cfg.Rights.Readable(t.Who, kind, page)) > 0 {
			return true
		}
	}
	return false
}

// Commanded tells whether the message was typed as a command, with its mark: plain words may mean one by chance.
func (t *Turn) Commanded() bool { return t.call.command != nil && t.call.slash }

// WaitsForSecret tells whether a question for a secret waits for this person.
func (t *Turn) WaitsForSecret() bool { return t.talk.questions.of(t).secret() }

// Acted says that something was done which a second reading of the message would not tell the person: its reply is kept
// even when the program stops meanwhile.
func (t *Turn) Acted() { t.acted = true }

// Prefs are what the chat has chosen.
func (t *Turn) Prefs() Prefs { return t.prefs }

// ChangePrefs changes what the chat has chosen, in the store and for this turn. A command in a group that is
// answered in private may change the same record at the same time: what it changed stays.
func (t *Turn) ChangePrefs(change func(*Prefs)) error {
	now := t.prefs
	change(&now)
	err := t.talk.cfg.Store.Update(func(tx store.Tx) error {
		stored, err := PrefsOf(tx, t.Chat)
		if err != nil { // a damaged record is replaced
			stored = t.prefs
		}
		change(&stored)
		return chats.Put(tx, "", t.Chat.Key(), stored)
	})
	if err != nil {
		return fmt.Errorf("talk: settings: %w", err)
	}
	t.prefs, t.P = now, printer(t.talk, now)
	return nil
}

// Run does what line, which is one of our own, says, as if the person had typed it.
func (t *Turn) Run(ctx context.Context, line string) (chat.Reply, error) {
	c := parse(t.talk, line)
	if c.command == nil {
		return t.Say("choice.old", "help", t.role(RoleHelp)), nil
	}
	return perform(ctx, t, c)
}

// NotUnderstood answers what is no command: a near miss gets a suggestion, and thanks a word. In a group only what
// begins with a mark is meant for the bot.
func (t *Turn) NotUnderstood(ctx context.Context, text string) (chat.Reply, error) {
	c := parseMessage(t, text)
	if !t.Private && !c.slash && !t.Msg.Named {
		return chat.Reply{}, nil
	}
	if t.Private {
		if No(text) { // to whatever stands open
			return t.talk.roles[RoleCancel].Run(ctx, t, "")
		}
		for _, i := range t.talk.cfg.Interceptors {
			if r, taken, err := i.Else(ctx, t); taken || err != nil {
				return r, err
			}
		}
	}
	if !c.slash {
		switch read := t.talk.cfg.Read(t, text); {
		case read.Thanks:
			return t.Say("thanks"), nil
		case t.talk.byName[read.Command] != nil:
			return t.near(text, *t.talk.byName[read.Command], read.Args), nil
		}
	}
	if near := suggest(t.talk, c.name); near != nil {
		return t.near(c.name, *near, c.args), nil
	}
	if !t.Private && !t.Msg.Named { // "!roll" is for another bot, and "!!!" for nobody
		return chat.Reply{}, nil
	}
	_, marked := cutAny(strings.TrimSpace(text), "/", "!")
	if marked && strings.ContainsFunc(c.name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return t.Say("unknown.command", "typed", t.Mark()+i18n.Short(c.name), "help", t.role(RoleHelp)), nil
	}
	return t.Say("unknown.text", "help", t.role(RoleHelp)), nil
}

// near offers the command that comes nearest to what was typed.
func (t *Turn) near(typed string, command Command, args string) chat.Reply {
	line := t.Shown(command)
	if args != "" && args == i18n.Short(args) { // a button has room for little
		line += " " + args
	}
	r := t.Say("unknown.near", "typed", i18n.Short(typed), "command", line)
	r.Choices = []chat.Choice{t.RunChoice(line, line)}
	return r
}

// Name is how a sentence addresses the person who speaks.
func (t *Turn) Name() string {
	if name := strings.Join(strings.Fields(t.Msg.Name), " "); name != "" {
		return i18n.Short(name)
	}
	return t.P.T("group.somebody")
}

// Redact deletes the message where the platform can: it held a secret.
func (t *Turn) Redact(ctx context.Context) {
	r, able := t.adapter.(chat.Redacter)
	if !able || t.Msg.ID == "" || t.redacted {
		return
	}
	t.redacted = true
	if err := r.Redact(ctx, t.Msg); err != nil {
		t.Log.Warn("message with a secret not deleted", "error", err)
	}
}

// Exposed tells whether the platform can read what people write to the bot in this chat.
func (t *Turn) Exposed() bool {
	switch a := t.adapter.(type) {
	case chat.Exposed:
		return a.Exposed()
	case chat.ExposedChat:
		return a.ExposedIn(t.Chat)
	}
	return false
}

// WarnExposed adds to a question for a secret that the platform can read the answer, where it can.
func (t *Turn) WarnExposed(r chat.Reply) chat.Reply {
	if t.Exposed() {
		r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: t.P.T("secret.exposed")})
	}
	return r
}

// TakesPictures tells whether people can send pictures here.
func (t *Turn) TakesPictures() bool {
	_, textOnly := t.adapter.(chat.TextOnly)
	return !textOnly
}

// SendFirst sends a reply before the one that the turn ends with.
func (t *Turn) SendFirst(ctx context.Context, r chat.Reply) error {
	return deliver(ctx, t, chat.Target{Chat: t.Chat, Thread: t.Msg.Thread, Answers: t.Msg.Ref, Private: t.Private}, r)
}

// Announce says something in another chat, a group, in its language, and makes no sound there.
func (t *Turn) Announce(ctx context.Context, group chat.ChatID, say func(there *Turn) chat.Reply) error {
	there := turn(t.talk, t.adapter, chat.Message{Chat: group, Person: t.Person, Name: t.Msg.Name})
	r := say(there)
	r.Silent = true
	return deliver(ctx, there, chat.Target{Chat: group, Answers: t.Msg.Ref}, r)
}

// send sends the reply to where the message came from, or keeps it for later. It is false when it could do neither.
func send(ctx context.Context, t *Turn, r chat.Reply) bool {
	to := chat.Target{Chat: t.Chat, Thread: t.Msg.Thread, Answers: t.Msg.Ref, Private: t.Private}
	if t.Msg.Choice != "" && r.File == nil {
		to.Edit = t.Msg.ID
	}
	err := deliver(ctx, t, to, r)
	switch {
	case errors.Is(err, chat.ErrNotPrivate):
		t.Log.Info("reply not sent: the chat is no longer private")
	case err != nil:
		t.Log.Error("reply not sent", "error", err)
	}
	return err == nil
}

// longer is the size from which a reply may need more messages than it may have: no platform has room for less in one.
const longer = 4096

// deliver writes the choices that the reply offers, then sends it. A question that nobody has seen waits for no
// answer.
func deliver(ctx context.Context, t *Turn, to chat.Target, r chat.Reply) error {
	if err := saveChoices(t); err != nil {
		t.Log.Error("choices not stored", "error", err)
		r.Choices = nil
	}
	if r.File == nil && r.Size() > longer {
		r.Long = t.P.T("long")
	}
	err := t.talk.cfg.Outbox.Send(ctx, to, r)
	if err != nil && to.Edit == "" {
		drop(t)
	}
	if err != nil {
		return fmt.Errorf("talk: send: %w", err)
	}
	if !t.talk.cfg.Outbox.Waits(to.Chat) { // or the reply may have been kept
		t.talk.words.note(t, to, r)
	}
	return nil
}
