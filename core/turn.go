package core

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"cartable/i18n"
)

// turn is the handling of one message: who spoke, in which chat, in which language.
type turn struct {
	e        *Engine
	adapter  Adapter
	msg      Message
	settings chatSettings
	p        *i18n.Printer
	log      *slog.Logger
	command  *command          // that is being run
	stranger bool              // was not admitted; in a group they see what is shown there
	offered  map[string]choice // choices of the reply under way, by ID; written before it is sent
}

// chatSettings is the stored record of what a chat has chosen.
type chatSettings struct {
	Lang  string `json:"lang,omitempty"`
	Child string `json:"child,omitempty"` // Key of the child that is meant when none is named
	// Until then a text in this private chat that is nothing else is taken for a secret: a question for one waits
	// or was given up.
	SecretUntil time.Time `json:"secret_until,omitzero"`
	Gone        bool      `json:"gone,omitempty"` // the bot was blocked or removed; nothing is sent unasked

	// The group from which the person came to link an account, until they have.
	ShowIn      *ChatID `json:"show_in,omitempty"`
	ShowInTitle string  `json:"show_in_title,omitempty"`
}

func chatKey(chat ChatID) string { return chat.Platform + "\x00" + chat.ID }

// newTurn reads the chat's settings. With an error, the turn is usable and has the default ones.
func (e *Engine) newTurn(a Adapter, m Message) (*turn, error) {
	t := &turn{e: e, adapter: a, msg: m, log: e.logger(m.Chat), offered: make(map[string]choice)}
	err := e.cfg.Store.View(func(tx Tx) (err error) {
		t.settings, _, err = settings.get(tx, chatKey(m.Chat))
		return err
	})
	lang := t.settings.Lang
	if lang == "" {
		lang = e.cfg.Lang
	}
	t.p = e.catalog.Printer(lang)
	return t, err
}

// changeSettings changes what the chat has chosen, in the store and for this turn. A command in a group that is
// answered in private may change the same record at the same time: what it changed stays.
func (t *turn) changeSettings(change func(*chatSettings)) error {
	change(&t.settings)
	return t.e.cfg.Store.Update(func(tx Tx) error { return t.changeSettingsIn(tx, change) })
}

func (t *turn) changeSettingsIn(tx Tx, change func(*chatSettings)) error {
	stored, _, err := settings.get(tx, chatKey(t.msg.Chat))
	if err != nil { // a damaged record is replaced
		stored = t.settings
	}
	change(&stored)
	return settings.put(tx, chatKey(t.msg.Chat), stored)
}

// answer finds out what the message is and acts on it.
func (t *turn) answer(ctx context.Context) (Reply, error) {
	if err := t.liftGone(); err != nil {
		return Reply{}, err
	}
	text := strings.TrimSpace(strings.ToValidUTF8(t.msg.Text, ""))
	known, err := t.admitted()
	if err != nil {
		return Reply{}, err
	}
	if t.stranger = !known; t.stranger && t.msg.Private {
		return t.meetStranger(ctx, text)
	}
	if err := t.bringLinks(); err != nil {
		return Reply{}, err
	}
	var overheard *dialogue // was asked in private, before others joined the chat
	if !t.msg.Private {
		overheard = t.dropDialogue()
	}
	switch {
	case t.msg.Choice != "":
		start := t.e.cfg.Now()
		reply, err := t.press(ctx, t.msg.Choice)
		t.log.Debug("press handled", "took", t.e.cfg.Now().Sub(start), "refused", err != nil)
		return reply, err
	case text == "" && t.msg.File == nil:
		return Reply{}, nil
	}
	c, d := t.e.parseCall(text), t.dialogue()
	if t.msg.Private {
		c = t.e.parseSaid(text)
	}
	switch {
	case !t.msg.Private && (secretInGroup(c, text) || overheard.secret() && !c.slash):
		return t.warnOfSecret(ctx), nil
	case len(t.msg.Text) > MaxText:
		return t.tooLong(ctx, c, d), nil
	case t.msg.Private && isActivationLink(text):
		return t.takeActivationLink(ctx, d, text)
	case t.msg.Private && t.msg.File != nil && c.command == nil:
		return t.takePicture(ctx)
	case c.command == nil && t.awaitsSecret() && !d.owns(t, text) && !isConsent(text) && !isRefusal(text):
		return t.lostSecret(ctx, d), nil
	case d == nil, d.yields(t, c, text):
		return t.obey(ctx, c)
	default:
		return t.answerDialogue(ctx, d, text)
	}
}

// tooLong refuses a message that is out of bounds, if it was for the bot, and deletes it where a secret was
// expected.
func (t *turn) tooLong(ctx context.Context, c call, d *dialogue) Reply {
	if d == nil && !c.slash && !t.msg.Private {
		return Reply{}
	}
	if d.secret() {
		t.redact(ctx)
	}
	return t.plain("text.too_long", "command", t.cmd("edt"))
}

// liftGone notes that a chat which was thought gone is back.
func (t *turn) liftGone() error {
	if !t.settings.Gone {
		return nil
	}
	return t.changeSettings(func(s *chatSettings) { s.Gone = false })
}

// obey runs the command that a message is, or says that it is none.
func (t *turn) obey(ctx context.Context, c call) (Reply, error) {
	start := t.e.cfg.Now()
	switch {
	case t.stranger && !t.mayInGroup(c.command):
		return Reply{}, nil
	case c.command == nil || !c.slash && !t.msg.Private:
		return t.notACommand(c)
	}
	reply, err := t.perform(ctx, c)
	t.log.Info("command handled", "command", c.command.name, "took", t.e.cfg.Now().Sub(start), "refused", err != nil)
	return reply, err
}

// perform runs a command beside the question that waits, if one does.
func (t *turn) perform(ctx context.Context, c call) (Reply, error) {
	run := func() (Reply, error) { return t.run(ctx, c.command, c.args) }
	if c.command.name == "annuler" {
		return run()
	}
	return t.aside(!c.command.changes, run)
}

// run runs a command by the rules of the chat that it came from.
func (t *turn) run(ctx context.Context, c *command, args string) (Reply, error) {
	t.command = c
	if t.msg.Private {
		return c.run(ctx, t, args)
	}
	return t.runInGroup(ctx, c, args)
}

// notACommand answers what is no command: a near miss gets a suggestion. In a group only what begins
// with a slash is meant for the bot.
func (t *turn) notACommand(c call) (Reply, error) {
	if !t.msg.Private && !c.slash {
		return Reply{}, nil
	}
	if r, meant, err := t.wordOnProposal(c); meant || err != nil {
		return r, err
	}
	if near := t.e.suggest(c.name); near != nil {
		line := t.shown(near)
		if c.args != "" && c.args == i18n.Short(c.args) { // a button has room for little
			line += " " + c.args
		}
		r := t.plain("unknown.near", "typed", i18n.Short(c.name), "command", line)
		r.Choices = []Choice{t.runChoice(line, line)}
		return r, nil
	}
	if c.slash && strings.ContainsFunc(c.name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return t.plain("unknown.command", "typed", t.slash()+i18n.Short(c.name), "help", t.cmd("aide")), nil
	}
	return t.plain("unknown.text", "help", t.cmd("aide")), nil
}

// send writes the choices that the reply offers, then sends it.
func (t *turn) send(ctx context.Context, r Reply) {
	to := Target{Chat: t.msg.Chat, Thread: t.msg.Thread, Answers: t.msg.Ref, Private: t.msg.Private}
	if t.msg.Choice != "" && r.File == nil {
		to.Edit = t.msg.ID
	}
	switch err := t.deliverTo(ctx, to, r); {
	case errors.Is(err, ErrNotPrivate):
		t.log.Info("reply not sent: the chat is no longer private")
	case err != nil:
		t.log.Error("reply not sent", "error", err)
	}
}

// deliverTo writes the choices that the reply offers, then sends it. A chat that is gone is marked so.
func (t *turn) deliverTo(ctx context.Context, to Target, r Reply) error {
	if err := t.saveChoices(); err != nil {
		t.log.Error("choices not stored", "error", err)
		r.Choices = nil
	}
	err := t.adapter.Send(ctx, to, r)
	if errors.Is(err, ErrChatGone) {
		return errors.Join(err, t.e.Present(to.Chat, false))
	}
	return err
}

// plain is a reply of one sentence or paragraph.
func (t *turn) plain(key string, args ...any) Reply {
	return Reply{Body: paragraphs(t.p.T(key, args...))}
}

// paragraphs makes a line of each line of text.
func paragraphs(text string) []Line {
	var lines []Line
	for part := range strings.SplitSeq(text, "\n") {
		lines = append(lines, Line{Text: part})
	}
	return lines
}

// today is the present day at the school.
func (t *turn) today() time.Time { return midnight(t.e.now()) }

// clockOrMoment is a time of today, or a date and time.
func (t *turn) clockOrMoment(at time.Time) string {
	at = at.In(t.e.cfg.Location)
	if sameDay(at, t.e.now()) {
		return t.p.Clock(at)
	}
	return t.p.Moment(at)
}

// until is "jusqu'à" and a time, or "jusqu'au" and a day and a time.
func (t *turn) until(at time.Time) string {
	at = at.In(t.e.cfg.Location)
	if sameDay(at, t.e.now()) {
		return t.p.T("until.clock", "at", t.p.Clock(at))
	}
	return t.p.T("until.day", "day", t.p.ShortDate(at), "at", t.p.Clock(at))
}

// redact deletes the message where the platform can: it held a secret.
func (t *turn) redact(ctx context.Context) {
	r, able := t.adapter.(Redacter)
	if !able || t.msg.ID == "" {
		return
	}
	if err := r.Redact(ctx, t.msg); err != nil {
		t.log.Warn("message with a secret not deleted", "error", err)
	}
}
