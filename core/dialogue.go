package core

import (
	"context"
	"slices"
	"time"

	"cartable/core/chat"
)

// dialogueKey: each person has at most one dialogue in each chat.
type dialogueKey struct {
	chat   ChatID
	person PersonID
}

// question says what its answer is like and what becomes of it.
type question struct {
	expect Expect
	words  bool     // any words may be the answer, also those of a command without its slash
	leave  string   // key of the sentence for whoever leaves it
	about  []string // IDs of what it asks about: a choice that decides on one of them ends it
	next   answerFunc

	// takes tells whether a text surely is an answer; nil: any is. What it takes is no command, whatever its words;
	// what it does not take is no answer while a secret may still come.
	takes func(t *turn, answer string) bool
}

// dialogue is a question that waits for its answer. It lives in memory only, because the answers so far
// may be secrets; a restart forgets it.
type dialogue struct {
	question
	step    string // ID of this question: the buttons of an earlier one do not answer it
	expires time.Time
}

// answerFunc takes the answer to a question. It may ask the next one with turn.ask; otherwise the
// dialogue is over.
type answerFunc func(ctx context.Context, t *turn, answer string) (Reply, error)

// leaveLinking is the leave of every question of a linking.
const leaveLinking = "cancel.link"

// secret tells whether the answer must be deleted from the chat.
func (d *dialogue) secret() bool { return d != nil && d.expect == ExpectSecret }

func (d *dialogue) linking() bool { return d.leave == leaveLinking }

// isAbout tells whether it asks about the thing of that ID.
func (d *dialogue) isAbout(id string) bool { return d != nil && slices.Contains(d.about, id) }

// lasts tells whether the question goes on waiting while the person only reads something else: much was
// answered before it, or a secret would follow that nobody asks for any more.
func (d *dialogue) lasts() bool { return d.linking() || d.secret() }

// yields tells whether a message is a command rather than the answer. An old question swallows no plain words.
func (d *dialogue) yields(t *turn, c call, text string) bool {
	switch {
	case c.command == nil:
		return false
	case c.slash, c.command.name == "annuler" && c.args == "":
		return true
	case d.words, d.takes != nil && d.takes(t, text):
		return !d.secret() && t.e.cfg.Now().After(d.expires)
	default:
		return true
	}
}

// owns tells whether a text that is no command is for this question, even when a secret may still come that was
// asked for before it.
func (d *dialogue) owns(t *turn, text string) bool {
	return d != nil && (d.secret() || d.takes == nil || d.takes(t, text))
}

func (t *turn) dialogueKey() dialogueKey { return dialogueKey{t.msg.Chat, t.msg.Person} }

// ask makes r the question q.
func (t *turn) ask(r Reply, q question) Reply {
	r.Expect = q.expect
	d := &dialogue{question: q, step: t.e.newID(), expires: t.e.cfg.Now().Add(dialogueLimit)}
	t.e.mu.Lock()
	t.e.dialogues[t.dialogueKey()] = d
	t.e.mu.Unlock()
	if d.secret() {
		t.awaitSecret(2 * dialogueLimit)
	}
	return r
}

// awaitSecret notes in the store for how long a text of this chat that is nothing else is to be taken for a
// secret, so that it is deleted from the chat when its question is over or a restart has forgotten it.
func (t *turn) awaitSecret(long time.Duration) {
	if long == 0 && t.settings.SecretUntil.IsZero() {
		return
	}
	until := time.Time{}
	if long > 0 {
		until = t.e.cfg.Now().Add(long)
	}
	if err := t.changeSettings(func(s *chatSettings) { s.SecretUntil = until }); err != nil {
		t.log.Error("question for a secret not noted", "error", err)
	}
}

// awaitsSecret tells whether a text that is nothing else may be a secret.
func (t *turn) awaitsSecret() bool {
	return t.msg.Private && t.e.cfg.Now().Before(t.settings.SecretUntil)
}

// lostSecret takes an answer whose question is forgotten: it is not used, and deleted from the chat. A question d
// that was asked since goes on waiting.
func (t *turn) lostSecret(ctx context.Context, d *dialogue) Reply {
	t.redact(ctx)
	t.awaitSecret(0)
	if d == nil {
		return t.plain("dialogue.lost", "link", t.cmd("connexion"))
	}
	r := t.plain("dialogue.stray", "cancel", t.cmd("annuler"))
	r.Expect = d.expect
	return r
}

// askOneOf makes r, a list of choices, the question q, so that in private a typed word that q.takes counts as well
// as a press. values are what q.next gets for the number of a choice, where the platform does not make a press of it.
func (t *turn) askOneOf(r Reply, values []string, q question) Reply {
	if !t.msg.Private { // there people write to each other
		return r
	}
	listed := q
	listed.takes = func(t *turn, answer string) bool {
		_, is := chat.Pick(answer, len(values), q.expect, true)
		return is || q.takes(t, answer)
	}
	listed.next = func(ctx context.Context, t *turn, answer string) (Reply, error) {
		n, is := chat.Number(answer)
		switch {
		case !is:
			return q.next(ctx, t, answer)
		case n < 1 || n > len(values):
			again := t.askOneOf(r, values, q)
			again.Body = append(t.plain("choice.range", "n", len(values)).Body, again.Body...)
			return again, nil
		}
		return q.next(ctx, t, values[n-1])
	}
	return t.ask(r, listed)
}

// takesNoWords is the takes of a question that only a press answers.
func takesNoWords(*turn, string) bool { return false }

// answerChoice is a button that answers the question that was asked last with value.
func (t *turn) answerChoice(label, value string) Choice {
	step := ""
	if d := t.dialogue(); d != nil {
		step = d.step
	}
	return t.offer(label, actAnswer, step+"|"+value)
}

// dialogue returns the one that waits for this person in this chat, also an expired one, or nil.
func (t *turn) dialogue() *dialogue {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	return t.e.dialogues[t.dialogueKey()]
}

// dropDialogue forgets the dialogue before its answer has come, and returns it, or nil: a secret may still come.
func (t *turn) dropDialogue() *dialogue {
	d := t.endDialogue()
	if d.secret() {
		t.awaitSecret(dialogueLimit)
	}
	return d
}

// endDialogue forgets the dialogue and returns it, or nil.
func (t *turn) endDialogue() *dialogue {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	d := t.e.dialogues[t.dialogueKey()]
	delete(t.e.dialogues, t.dialogueKey())
	return d
}

// answerDialogue passes an answer on. An answer that comes too late is not used, and deleted from the
// chat all the same when it was to be a secret.
func (t *turn) answerDialogue(ctx context.Context, d *dialogue, answer string) (Reply, error) {
	if !d.words && isRefusal(answer) {
		return cancelDialogue(ctx, t, "")
	}
	t.endDialogue()
	if d.secret() {
		t.redact(ctx)
		t.awaitSecret(0)
	}
	if t.e.cfg.Now().After(d.expires) {
		return t.plain("dialogue.expired", "link", t.cmd("connexion")), nil
	}
	r, err := d.next(ctx, t, answer)
	if err != nil && d.secret() {
		t.awaitSecret(dialogueLimit) // people send it once more
	}
	return r, err
}

// aside does something that is no answer to the question that waits, if one does. A question that lasts goes
// on waiting beside what only reads; otherwise it is given up. The person is told which, or that it has expired.
func (t *turn) aside(reads bool, do func() (Reply, error)) (Reply, error) {
	d := t.dialogue()
	if d == nil || !d.lasts() {
		t.endDialogue()
		return do()
	}
	expired := t.e.cfg.Now().After(d.expires)
	if !reads || expired {
		t.dropDialogue()
	}
	r, err := do()
	if err != nil {
		r = t.explain(err)
	}
	switch {
	case t.dialogue() == d:
		r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("dialogue.waits", "cancel", t.cmd("annuler"))})
		r.Expect = d.expect
	case expired:
		r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("dialogue.lapsed")})
	case d.linking():
		r.Body = append(t.plain("dialogue.dropped").Body, r.Body...)
	}
	return r, nil
}

// cancelDialogue is /annuler: it leaves any dialogue, and takes back what waits for a confirmation and every
// choice that would change something.
func cancelDialogue(_ context.Context, t *turn, _ string) (Reply, error) {
	var left []string
	t.awaitSecret(0)
	if d := t.endDialogue(); d != nil {
		left = append(left, d.leave)
	}
	proposed, err := t.takeBackProposals()
	if err != nil {
		return Reply{}, err
	}
	if proposed { // which says it also for a question about a top-up
		left = append(slices.DeleteFunc(left, func(key string) bool { return key == "cancel.topup" || key == "cancel.amount" }), "cancel.topup")
	}
	offered, err := t.takeBackChoices()
	switch {
	case err != nil:
		return Reply{}, err
	case len(left) > 0:
	case offered:
		left = []string{"cancel.choices"}
	default:
		left = []string{"cancel.nothing"}
	}
	var r Reply
	for _, key := range left {
		r.Body = append(r.Body, t.plain(key).Body...)
	}
	return r, nil
}
