package talk

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/visible"
	"cartable/i18n"
)

// Config is what a Talk is made of. Store, Rights, Outbox, Catalog, Commands and Explain are required.
type Config struct {
	Store   store.Store
	Rights  *rights.Rights
	Outbox  *outbox.Outbox
	Catalog *i18n.Catalog

	Commands     []Command // in the order of help; each Role but RoleNone is played by one
	Actions      []Action
	Interceptors []Interceptor
	// Read reads plain words that were said to the bot; default: none mean anything. It asks nobody.
	Read func(t *Turn, text string) Said
	// Explain makes a sentence of an error; known is false when there is none.
	Explain func(t *Turn, err error) (r chat.Reply, known bool)

	Now      func() time.Time // default time.Now
	Rand     io.Reader        // default crypto/rand
	Log      *slog.Logger     // default: nothing is logged
	Location *time.Location   // of the schools; default UTC
	Lang     string           // of a chat that has not chosen; default the reference language

	// Handled, when not nil, is told of each command and press that was handled: the French name of the command,
	// or of the action, how it ended ("ok", "refused", "panic"), and how long it took.
	Handled func(name, outcome string, took time.Duration)
}

const (
	queueLimit   = 20              // messages of one chat that may wait
	commandLimit = 3 * time.Minute // for one message, the waiting in queues of a school included
	busyLimit    = time.Minute     // for saying that there is too much

	usualMark = "/" // before a command
)

// Talk answers messages. Make one with New, give its Handler to the adapters, and in the end Shutdown.
type Talk struct {
	cfg       Config
	commands  []Command
	byName    map[string]*Command
	roles     map[Role]Command
	actions   map[string]Action
	serial    *serial
	left      left
	underWay  underWay
	gate      gate
	questions questions
	words     words
	salt      [16]byte // of the chat hashes in the log; a new one at each start

	life context.Context // of what answers messages; its cause is errStopped when it has ended
	end  context.CancelCauseFunc

	mu       sync.Mutex              // guards what follows
	adapters map[string]chat.Adapter // by platform
	marks    map[string]string       // what people write before a command, by platform
}

// New registers the commands, actions and interceptors. Two of one name, a name that is not
// folded, or a role that nobody plays, are an error.
func New(cfg Config) (*Talk, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	if cfg.Read == nil {
		cfg.Read = func(*Turn, string) Said { return Said{} }
	}
	if cfg.Handled == nil {
		cfg.Handled = func(string, string, time.Duration) {}
	}
	t := &Talk{
		cfg: cfg, commands: cfg.Commands, serial: newSerial(queueLimit),
		byName: make(map[string]*Command), roles: make(map[Role]Command), actions: make(map[string]Action),
		questions: questions{all: make(map[questionKey]*question)}, marks: make(map[string]string),
		words: words{all: make(map[chat.ChatID]shown)},
		left:  left{began: make(map[string]bool)}, underWay: underWay{all: make(map[pressed]bool)}, gate: newGate(), adapters: make(map[string]chat.Adapter),
	}
	for i := range t.commands {
		c := &t.commands[i]
		for _, name := range c.names() {
			switch other := t.byName[name]; {
			case other != nil && other != c:
				return nil, fmt.Errorf("talk: two commands are called %q", name)
			case name != i18n.Fold(name):
				return nil, fmt.Errorf("talk: %q is not folded, so that nobody could call it", name)
			}
			t.byName[name] = c
		}
		if c.Role != RoleNone {
			t.roles[c.Role] = *c
		}
	}
	for r := RoleStart; r <= RoleExample; r++ {
		if t.roles[r].Run == nil {
			return nil, fmt.Errorf("talk: no command plays role %d", r)
		}
	}
	for _, a := range cfg.Actions {
		if _, twice := t.actions[a.Name]; twice || a.Name == actionRun || a.Name == actionAnswer {
			return nil, fmt.Errorf("talk: two actions are called %q", a.Name)
		}
		t.actions[a.Name] = a
	}
	if _, err := io.ReadFull(cfg.Rand, t.salt[:]); err != nil {
		return nil, fmt.Errorf("talk: random: %w", err)
	}
	t.life, t.end = context.WithCancelCause(context.Background())
	return t, nil
}

// action is the one of that name; the zero one when there is none.
func (t *Talk) action(name string) Action { return t.actions[name] }

// errStopped ends what still answers messages when the time for that is over.
var errStopped = errors.New("talk: stopped")

// unwindLimit is how long what was ended so may take to return.
const unwindLimit = time.Second

// Shutdown refuses new messages and lets those taken be answered. When ctx ends first, those that are not answered yet
// are given up, each to be read again after the next start, and the cause of ctx is returned, a second later at most.
func (t *Talk) Shutdown(ctx context.Context) error {
	defer endWell(t)
	err := t.serial.shutdown(ctx)
	if err == nil {
		return nil
	}
	t.cfg.Log.Warn("some messages were not answered in time; they are read again after the next start")
	t.end(errStopped)
	unwind, cancel := context.WithTimeout(context.WithoutCancel(ctx), unwindLimit)
	defer cancel()
	if t.serial.shutdown(unwind) != nil {
		t.cfg.Log.Warn("some commands do not end")
	}
	return err
}

// stopped tells whether the handling with this context was given up.
func stopped(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errStopped) }

// Waiting counts the messages that have not been begun.
func (t *Talk) Waiting() int { return t.serial.waiting() }

// Tick forgets questions whose time is over.
func (t *Talk) Tick() { t.questions.sweep(t.cfg.Now()) }

// Handler registers an adapter and returns what its Run passes messages to.
func (t *Talk) Handler(a chat.Adapter) chat.Handler {
	t.cfg.Outbox.Attach(a)
	t.mu.Lock()
	t.adapters[a.Name()] = a
	if m, ok := a.(chat.Marker); ok {
		t.marks[a.Name()] = m.Mark()
	}
	t.mu.Unlock()
	begin(t, a.Name())
	return func(m chat.Message, done func()) error {
		m = accept(m)
		word := t.words.take(m, t.cfg.Now())
		if m.Left != "" {
			if taken, err := tryAlone(t, a, m, done); taken {
				return err
			}
		}
		if _, waits := a.(chat.Presser); waits && m.Choice != "" {
			return takePress(t, a, m, done)
		}
		return enqueue(t, a, m, word, done)
	}
}

// enqueue has a message handled when its turn comes. word is the button that it says, if it says one.
func enqueue(t *Talk, a chat.Adapter, m chat.Message, word string, done func()) error {
	err := t.serial.do(m.Chat, func() {
		if handle(t, a, m, word, false) {
			done()
		}
	})
	if err != nil {
		return busyOr(t, a, m, err, done)
	}
	return nil
}

// busyOr says at once that there is too much to do, if that is the error.
func busyOr(t *Talk, a chat.Adapter, m chat.Message, err error, done func()) error {
	if !errors.Is(err, errBusy) {
		return err
	}
	return t.serial.atOnce(func() {
		defer done()
		refuseBusy(t, a, m)
	})
}

// accept bounds what others see of a message, and lets nothing in it pass for the bot's own.
func accept(m chat.Message) chat.Message {
	m.Text = chat.Plain(m.Text)
	m.Name, m.Title = seen(m.Name), seen(m.Title)
	return m
}

// seen is a name on a platform; one that nobody can see is none.
func seen(name string) string {
	if name = visible.Name(name); name != visible.StandIn {
		return name
	}
	return ""
}

// refuseBusy says that there is too much to do. It does not take the place of a message whose buttons were pressed:
// they are needed again.
func refuseBusy(t *Talk, a chat.Adapter, m chat.Message) {
	ctx, cancel := context.WithTimeout(t.life, busyLimit)
	defer cancel()
	turn := turn(t, a, m)
	defer ended(ctx, turn)
	if m.Choice != "" && answerPress(ctx, turn, turn.P.T("busy")) {
		return
	}
	turn.Msg.Choice = ""
	send(ctx, turn, turn.Say("busy"))
}

// now is the time where the schools are.
func now(t *Talk) time.Time { return t.cfg.Now().In(t.cfg.Location) }

// printer makes sentences in the language that a chat has chosen.
func printer(t *Talk, p Prefs) *i18n.Printer {
	lang := p.Lang
	if lang == "" {
		lang = t.cfg.Lang
	}
	return t.cfg.Catalog.Printer(lang)
}

// Printer makes sentences in the language of a chat, for what is said there unasked.
func (t *Talk) Printer(c chat.ChatID) *i18n.Printer {
	prefs, err := prefs(t, c)
	if err != nil {
		t.Logger(c).Error("settings of a chat unreadable", "error", err)
	}
	return printer(t, prefs)
}

// PrinterIn is Printer within a transaction.
func (t *Talk) PrinterIn(tx store.Tx, c chat.ChatID) *i18n.Printer {
	prefs, err := PrefsOf(tx, c)
	if err != nil {
		t.Logger(c).Error("settings of a chat unreadable", "error", err)
	}
	return printer(t, prefs)
}

// Cmd is a command, by its French name, as people of a chat type it.
func (t *Talk) Cmd(p *i18n.Printer, c chat.ChatID, name string) string {
	t.mu.Lock()
	mark, marked := t.marks[c.Platform]
	t.mu.Unlock()
	if !marked {
		mark = usualMark
	}
	return cmd(t, p, mark, name)
}

// cmd is a command as people of a language type it after a mark.
func cmd(t *Talk, p *i18n.Printer, mark, name string) string {
	c := t.byName[name]
	switch {
	case c == nil:
		return chat.Own(mark + name)
	case p.Lang == "en":
		return chat.Own(mark + c.English)
	default:
		return chat.Own(mark + c.Name)
	}
}

// newID makes an opaque identifier of 32 hexadecimal digits.
func newID(t *Talk) string {
	id, err := store.NewID(t.cfg.Rand)
	if err != nil {
		panic(err.Error())
	}
	return id
}

// Logger is the log of one chat: the chat is told from others, but not named.
func (t *Talk) Logger(c chat.ChatID) *slog.Logger {
	sum := sha256.Sum256([]byte(string(t.salt[:]) + c.Key()))
	return t.cfg.Log.With("platform", c.Platform, "chat", hex.EncodeToString(sum[:4]))
}

// handle answers one message; told says that it is a press which the platform has had its answer to. It ends with its
// panics. It is false when the handling was given up because the program stops: the message is to be read again.
func handle(t *Talk, a chat.Adapter, m chat.Message, word string, told bool) (handled bool) {
	ctx, cancel := context.WithTimeout(t.life, commandLimit)
	defer cancel()
	if ctx.Err() != nil { // it waited behind others
		return false
	}
	turn := turn(t, a, m)
	turn.told, turn.word = told, word
	handled = true // also after a panic
	defer ended(ctx, turn)
	reply, err := answer(ctx, turn)
	if stopped(ctx) && !turn.acted { // what it says, it says because it was given up
		turn.Log.Info("message left for the next start")
		return false
	}
	if err != nil {
		reply = turn.Explain(err)
	}
	if reply.Empty() {
		return true
	}
	sent := send(ctx, turn, reply)
	return sent || turn.acted || !stopped(ctx)
}

// ended is deferred: it answers after a panic in what the turn did, and does nothing without one. The text of a panic
// may hold anything: only its type is logged.
func ended(ctx context.Context, t *Turn) {
	cause := recover()
	if cause == nil {
		return
	}
	name := "other"
	if t.call.command != nil {
		name = t.call.command.Name
	}
	t.Log.Error("panic", "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
	t.talk.cfg.Handled(name, "panic", t.talk.cfg.Now().Sub(t.Now))
	send(ctx, t, wentWrong(t, "error.panic"))
}

// answer finds out what the message is and acts on it.
func answer(ctx context.Context, t *Turn) (chat.Reply, error) {
	if err := t.talk.cfg.Outbox.Present(t.Chat, true); err != nil { // whoever writes can be written to
		return chat.Reply{}, err
	}
	text := strings.TrimSpace(strings.ToValidUTF8(t.Msg.Text, ""))
	known, err := t.talk.cfg.Rights.Admitted(t.Person)
	if err != nil {
		return chat.Reply{}, err
	}
	if t.stranger = !known; t.stranger && t.Private {
		return meetStranger(ctx, t, text)
	}
	if t.Private && !t.Unverified { // accounts are where their owner writes
		if err := t.talk.cfg.Rights.Move(t.Person, t.Chat); err != nil {
			return chat.Reply{}, err
		}
	}
	var overheard *question // was asked in private, before others joined the chat
	if !t.Private {
		overheard = drop(t)
	}
	id := cmp.Or(t.Msg.Choice, t.word)
	switch {
	case id != "":
		return timed(t, "press", func() (chat.Reply, error) { return press(ctx, t, id) })
	case text == "" && t.Msg.File == nil && t.Private && t.Msg.Sent != "":
		if q := t.talk.questions.of(t); q == nil || !q.Phone || t.Msg.Phone == "" {
			return t.StillAsked(t.Say(cmp.Or(sentKeys[t.Msg.Sent], sentKeys[chat.SentOther]), "help", t.role(RoleHelp))), nil
		}
		text = t.Msg.Phone
	case text == "" && t.Msg.File == nil && t.Msg.Named: // nothing but its name
		text = chat.Plain(t.role(RoleStart))
	case text == "" && t.Msg.File == nil:
		return chat.Reply{}, nil
	}
	t.call = parseMessage(t, text)
	if t.stranger { // they read, and are asked nothing
		drop(t)
	}
	c, q := t.call, t.talk.questions.of(t)
	switch {
	case !t.Private && (secretInGroup(t.talk, c, text) || overheard.secret() && !c.slash):
		return warnOfSecret(ctx, t), nil
	case len(t.Msg.Text) > chat.MaxText:
		return tooLong(ctx, t, q), nil
	}
	if t.Private {
		if r, taken, err := start(ctx, t, text); taken || err != nil {
			return r, err
		}
		for _, i := range t.talk.cfg.Interceptors {
			if r, taken, err := i.Before(ctx, t); taken || err != nil {
				return r, err
			}
		}
	}
	switch {
	case c.command == nil && mayBeSecret(t) && !q.owns(t, text) && !harmless(t.talk, text):
		return lostSecret(ctx, t, q), nil
	case q == nil, q.yields(t, c, text):
		return runTyped(ctx, t)
	default:
		return answerQuestion(ctx, t, q, text)
	}
}

// sentKeys are what is said of what cannot be read.
var sentKeys = map[chat.Sent]string{
	chat.SentSticker:  "sent.sticker",
	chat.SentVoice:    "sent.voice",
	chat.SentVideo:    "sent.video",
	chat.SentPlace:    "sent.place",
	chat.SentContact:  "sent.contact",
	chat.SentDocument: "sent.document",
	chat.SentOther:    "sent.other",
}

// mayBeSecret tells whether a text that is nothing else may be a secret.
func mayBeSecret(t *Turn) bool {
	return t.Private && t.talk.cfg.Now().Before(t.prefs.SecretUntil)
}

// harmless tells whether a text is surely no secret that was asked for.
func harmless(t *Talk, text string) bool {
	for _, i := range t.cfg.Interceptors {
		if i.Harmless(text) {
			return true
		}
	}
	return No(text)
}

// timed runs one command or press, and tells how it went.
func timed(t *Turn, name string, run func() (chat.Reply, error)) (chat.Reply, error) {
	start := t.talk.cfg.Now()
	r, err := run()
	outcome, took := "ok", t.talk.cfg.Now().Sub(start)
	if err != nil {
		outcome = "refused"
	}
	t.Log.Info("handled", "command", name, "took", took, "outcome", outcome)
	t.talk.cfg.Handled(name, outcome, took)
	return r, err
}

// tooLong refuses a message that is out of bounds, if it was for the bot, and deletes it where a secret was
// expected.
func tooLong(ctx context.Context, t *Turn, q *question) chat.Reply {
	if t.stranger || q == nil && !t.call.slash && !t.Private {
		return chat.Reply{}
	}
	if q.secret() {
		t.Redact(ctx)
	}
	return t.Say("text.too_long", "command", t.role(RoleExample))
}

// runTyped runs the command that a message is, or says that it is none.
func runTyped(ctx context.Context, t *Turn) (chat.Reply, error) {
	c := t.call
	switch {
	case t.stranger && !mayInGroup(t, c.command):
		if t.Msg.Named {
			return t.Say("group.guest"), nil
		}
		return chat.Reply{}, nil
	case c.command == nil || !c.slash && !t.Private:
		return t.NotUnderstood(ctx, t.Msg.Text)
	}
	return timed(t, c.command.Name, func() (chat.Reply, error) { return perform(ctx, t, c) })
}

// perform runs a command beside the question that waits, if one does.
func perform(ctx context.Context, t *Turn, c call) (chat.Reply, error) {
	if c.command.Needs == NeedAdmin && !mayRun(t, c.command) {
		return chat.Reply{}, Refuse("access.not_admin")
	}
	run := func() (chat.Reply, error) {
		if t.Private {
			return c.command.Run(ctx, t, c.args)
		}
		return runInGroup(ctx, t, c)
	}
	if c.command.Role == RoleCancel {
		return run()
	}
	return beside(t, !c.command.Changes, run)
}
