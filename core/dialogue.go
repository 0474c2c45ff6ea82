package core

import (
	"context"
	"time"
)

// dialogueKey: each person has at most one dialogue in each chat.
type dialogueKey struct {
	chat   ChatID
	person PersonID
}

// dialogue is a question that waits for its answer. It lives in memory only, because the answers so far
// may be secrets; a restart forgets it.
type dialogue struct {
	step    string // ID of this question: the buttons of an earlier one do not answer it
	secret  bool   // the answer must be deleted from the chat
	expires time.Time
	next    answerFunc
}

// answerFunc takes the answer to a question. It may ask the next one with turn.ask; otherwise the
// dialogue is over.
type answerFunc func(ctx context.Context, t *turn, answer string) (Reply, error)

func (t *turn) dialogueKey() dialogueKey { return dialogueKey{t.msg.Chat, t.msg.Person} }

// ask makes r a question whose answer goes to next.
func (t *turn) ask(r Reply, expect Expect, next answerFunc) Reply {
	r.Expect = expect
	d := &dialogue{
		step: t.e.newID(), secret: expect == ExpectSecret,
		expires: t.e.cfg.Now().Add(dialogueLimit), next: next,
	}
	t.e.mu.Lock()
	t.e.dialogues[t.dialogueKey()] = d
	t.e.mu.Unlock()
	t.awaitSecret(d.secret)
	return r
}

// awaitSecret notes in the store whether the next text of this chat is to be a secret, so that it is deleted
// from the chat even when a restart has forgotten the question.
func (t *turn) awaitSecret(awaited bool) {
	if t.settings.Secret == awaited {
		return
	}
	t.settings.Secret = awaited
	if err := t.saveSettings(); err != nil {
		t.log.Error("question for a secret not noted", "error", err)
	}
}

// lostSecret takes an answer whose question is forgotten: it is not used, and deleted from the chat.
func (t *turn) lostSecret(ctx context.Context) Reply {
	t.redact(ctx)
	t.awaitSecret(false)
	return t.plain("dialogue.lost", "link", t.cmd("connexion"))
}

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

// endDialogue forgets the dialogue, if there is one, and tells whether there was. No secret is awaited then.
func (t *turn) endDialogue() bool {
	t.awaitSecret(false)
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	_, was := t.e.dialogues[t.dialogueKey()]
	delete(t.e.dialogues, t.dialogueKey())
	return was
}

// answerDialogue passes an answer on. An answer that comes too late is not used, and deleted from the
// chat all the same when it was to be a secret.
func (t *turn) answerDialogue(ctx context.Context, d *dialogue, answer string) (Reply, error) {
	t.endDialogue()
	if d.secret {
		t.redact(ctx)
	}
	if t.e.cfg.Now().After(d.expires) {
		return t.plain("dialogue.expired", "link", t.cmd("connexion")), nil
	}
	return d.next(ctx, t, answer)
}

// cancelDialogue is /annuler: it leaves any dialogue and takes open proposals back.
func cancelDialogue(_ context.Context, t *turn, _ string) (Reply, error) {
	left := t.endDialogue()
	taken, err := t.takeBackProposals()
	switch {
	case err != nil:
		return Reply{}, err
	case taken:
		return t.plain("cancel.topup"), nil
	case left:
		return t.plain("cancel.dialogue"), nil
	default:
		return t.plain("cancel.nothing"), nil
	}
}
