package talk

import (
	"context"
	"slices"
	"sync"
	"time"

	"cartable/core/chat"
)

// questionLife is how long a question waits for its answer.
const questionLife = 10 * time.Minute

// Question says what its answer is like and what becomes of it.
type Question struct {
	Expect chat.Expect
	Words  bool     // any words may be the answer, also those of a command without its slash
	Lasts  bool     // goes on waiting while the person only reads something else: much was answered before it
	Leave  string   // key of the sentence for whoever leaves it
	Phone  bool     // the number of a contact that is sent is an answer
	About  []string // what it asks about: a choice with that argument or account ends it
	Topic  string   // what it is about in its owner's words, for an Interceptor: see Turn.Topic

	// Takes tells whether a text surely is an answer; nil: any is. What it takes is no command, whatever its words;
	// what it does not take is no answer while a secret may still come.
	Takes func(t *Turn, answer string) bool
	Next  AnswerFunc
}

// AnswerFunc takes the answer to a question. It may ask the next one with Turn.Ask; otherwise that was the last.
type AnswerFunc func(ctx context.Context, t *Turn, answer string) (chat.Reply, error)

// question is one that waits for its answer. It lives in memory only, because the answers so far may be
// secrets; a restart forgets it.
type question struct {
	Question
	step    string // ID of this question: the buttons of an earlier one do not answer it
	expires time.Time
}

// secret tells whether the answer must be deleted from the chat.
func (q *question) secret() bool { return q != nil && q.Expect == chat.ExpectSecret }

// isAbout tells whether it asks about the thing of that ID.
func (q *question) isAbout(id string) bool { return q != nil && slices.Contains(q.About, id) }

// lasts tells whether the question goes on waiting while the person reads something else: it was to, or a secret
// would follow that nobody asks for any more.
func (q *question) lasts() bool { return q.Lasts || q.secret() }

// yields tells whether a message is a command rather than the answer. An old question swallows no plain words.
func (q *question) yields(t *Turn, c call, text string) bool {
	switch {
	case c.command == nil, q.secret() && holdsSecret(t.talk, text):
		return false
	case c.slash, c.command.Role == RoleCancel && c.args == "":
		return true
	case q.Words, q.Takes != nil && q.Takes(t, text):
		return !q.secret() && t.talk.cfg.Now().After(q.expires)
	default:
		return true
	}
}

// owns tells whether a text that is no command is for this question, even when a secret may still come that was
// asked for before it.
func (q *question) owns(t *Turn, text string) bool {
	return q != nil && (q.secret() || q.Takes == nil || q.Takes(t, text))
}

// questions are those that wait. Each person has at most one in each chat.
type questions struct {
	mu  sync.Mutex
	all map[questionKey]*question
}

type questionKey struct {
	chat   chat.ChatID
	person chat.PersonID
}

func keyOf(t *Turn) questionKey { return questionKey{t.Chat, t.Person} }

// of returns the one that waits for this person in this chat, also an expired one, or nil.
func (qs *questions) of(t *Turn) *question {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	return qs.all[keyOf(t)]
}

func (qs *questions) put(t *Turn, q *question) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	qs.all[keyOf(t)] = q
}

// end forgets the question and returns it, or nil.
func (qs *questions) end(t *Turn) *question {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	q := qs.all[keyOf(t)]
	delete(qs.all, keyOf(t))
	return q
}

// sweep forgets those that ended long ago: until then a late answer is told that it is late.
func (qs *questions) sweep(now time.Time) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	for key, q := range qs.all {
		if now.Sub(q.expires) > questionLife {
			delete(qs.all, key)
		}
	}
}

// Ask makes r the question q.
func (t *Turn) Ask(r chat.Reply, q Question) chat.Reply {
	r.Expect = q.Expect
	waiting := &question{Question: q, step: newID(t.talk), expires: t.talk.cfg.Now().Add(questionLife)}
	t.talk.questions.put(t, waiting)
	if waiting.secret() {
		awaitSecret(t, 2*questionLife)
	}
	return r
}

// AskOneOf makes r, a list of choices, the question q, so that in private a typed word that q.Takes counts as well
// as a press. values are what q.Next gets for the number of a choice, where the platform does not make a press of it.
func (t *Turn) AskOneOf(r chat.Reply, values []string, q Question) chat.Reply {
	if !t.Private { // there people write to each other
		return r
	}
	listed := q
	listed.Takes = func(t *Turn, answer string) bool {
		_, picked := chat.Pick(answer, len(values), chat.ExpectNothing, true)
		return picked || q.Takes(t, answer)
	}
	listed.Next = func(ctx context.Context, t *Turn, answer string) (chat.Reply, error) {
		if at, picked := chat.Pick(answer, len(values), chat.ExpectNothing, true); picked {
			return q.Next(ctx, t, values[at])
		}
		if _, number := chat.Number(answer); !number {
			return q.Next(ctx, t, answer)
		}
		again := t.AskOneOf(r, values, q)
		again.Body = append(t.Say("choice.range", "n", len(values)).Body, again.Body...)
		return again, nil
	}
	return t.Ask(r, listed)
}

// OnlyPressed is the Takes of a question that only a press answers.
func OnlyPressed(*Turn, string) bool { return false }

// AwaitSecret has a text that is nothing else taken for a secret for a while, and deleted: people send once more
// what was refused.
func (t *Turn) AwaitSecret() { awaitSecret(t, questionLife) }

// awaitSecret notes in the store for how long a text of this chat that is nothing else is to be taken for a
// secret, so that it is deleted from the chat when its question is over or a restart has forgotten it.
func awaitSecret(t *Turn, long time.Duration) {
	if long == 0 && t.prefs.SecretUntil.IsZero() {
		return
	}
	until := time.Time{}
	if long > 0 {
		until = t.talk.cfg.Now().Add(long)
	}
	if err := t.ChangePrefs(func(p *Prefs) { p.SecretUntil = until }); err != nil {
		t.Log.Error("question for a secret not noted", "error", err)
	}
}

// lostSecret takes an answer whose question is forgotten: it is not used, and deleted from the chat. A question q
// that was asked since goes on waiting.
func lostSecret(ctx context.Context, t *Turn, q *question) chat.Reply {
	t.Redact(ctx)
	awaitSecret(t, 0)
	if q == nil {
		return t.Say("dialogue.lost", "link", t.role(RoleLink))
	}
	r := t.Say("dialogue.stray", "cancel", t.role(RoleCancel))
	r.Expect = q.Expect
	return r
}

// drop forgets the question before its answer has come, and returns it, or nil: a secret may still come.
func drop(t *Turn) *question {
	q := t.talk.questions.end(t)
	if q.secret() {
		awaitSecret(t, questionLife)
	}
	return q
}

// Leave forgets the question that waits for this person, and the secret that may still come, and returns the key
// of the sentence for whoever leaves it; asked is false when there was none.
func (t *Turn) Leave() (key string, asked bool) {
	awaitSecret(t, 0)
	q := t.talk.questions.end(t)
	if q == nil {
		return "", false
	}
	return q.Leave, true
}

// answerQuestion passes an answer on. An answer that comes too late is not used, and deleted from the chat all
// the same when it was to be a secret.
func answerQuestion(ctx context.Context, t *Turn, q *question, answer string) (chat.Reply, error) {
	if !q.Words && No(answer) {
		return t.talk.roles[RoleCancel].Run(ctx, t, "")
	}
	t.talk.questions.end(t)
	if q.secret() {
		t.Redact(ctx)
		awaitSecret(t, 0)
	}
	if t.talk.cfg.Now().After(q.expires) {
		return t.Say("dialogue.expired", "link", t.role(RoleLink)), nil
	}
	r, err := q.Next(ctx, t, answer)
	if err != nil && q.secret() {
		awaitSecret(t, questionLife) // people send it once more
	}
	return r, err
}

// beside does something that is no answer to the question that waits, if one does. A question that lasts goes
// on waiting beside what only reads; otherwise it is given up. The person is told which, or that it has expired.
func beside(t *Turn, reads bool, do func() (chat.Reply, error)) (chat.Reply, error) {
	q := t.talk.questions.of(t)
	if q == nil || !q.lasts() {
		t.talk.questions.end(t)
		return do()
	}
	expired := t.talk.cfg.Now().After(q.expires)
	if !reads || expired {
		drop(t)
	}
	r, err := do()
	if err != nil {
		r = t.Explain(err)
	}
	switch {
	case t.talk.questions.of(t) == q:
		r = t.StillAsked(r)
	case expired:
		r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: t.P.T("dialogue.lapsed")})
	case q.Lasts:
		r.Body = append(t.Say("dialogue.dropped").Body, r.Body...)
	}
	return r, nil
}

// StillAsked says below a reply that the question which waits goes on waiting, if one does.
func (t *Turn) StillAsked(r chat.Reply) chat.Reply {
	q := t.talk.questions.of(t)
	if q == nil || t.talk.cfg.Now().After(q.expires) {
		return r
	}
	r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: t.P.T("dialogue.waits", "cancel", t.role(RoleCancel))})
	r.Expect = q.Expect
	return r
}

// Topic is that of the question which waits for this person; asked is false when none does.
func (t *Turn) Topic() (topic string, asked bool) {
	q := t.talk.questions.of(t)
	if q == nil || t.talk.cfg.Now().After(q.expires) {
		return "", false
	}
	return q.Topic, true
}
