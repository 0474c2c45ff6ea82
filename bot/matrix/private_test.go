//go:build goolm

package matrix

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"cartable/core/chat"
)

var toAna = chat.Target{Chat: chatOf(direct), Private: true}

// comes is news of somebody in the private chat.
func comes(user, membership string, timeline ...object) object {
	return joins(direct, nil, append([]object{stateEvent("m.room.member", user, object{"membership": membership})}, timeline...))
}

// TestOthersInAPrivateChat keeps from Ben, who has joined, what is for Ana alone: the answer that was under way and
// what nobody asked for, also when somebody has spoken since. He is told nothing, and she is told why.
func TestOthersInAPrivateChat(t *testing.T) {
	r := inDirect(t)
	asked, joined := make(chan struct{}), make(chan struct{})
	r.core.answers(func(m chat.Message) chat.Reply {
		if m.Text != "solde" {
			return chat.Reply{Title: "help"}
		}
		close(asked)
		<-joined
		return chat.Reply{Title: "balance: 12,34"}
	})
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "solde")})
	<-asked
	r.hs.syncs <- comes(ben, "join", messageEvent("$b", ben, "!aide"))
	if m := r.hear(); m.Private {
		t.Error("Ben's message is taken for a private one")
	}
	close(joined)
	r.hear()
	if err := r.Send(t.Context(), toAna, chat.Reply{Title: "grades: 3/20"}); !errors.Is(err, chat.ErrNotPrivate) {
		t.Errorf("sent with %v", err)
	}
	said := ""
	for _, e := range r.sent(direct, 4) {
		said += bodyOf(e) + "\n"
	}
	if strings.Contains(said, "12,34") || strings.Contains(said, "3/20") || !strings.Contains(said, "not_private") {
		t.Errorf("said %s", said)
	}
}

// TestStaleMembers has an answer under way when the bot is killed, and somebody join before it starts again.
func TestStaleMembers(t *testing.T) {
	r := inDirect(t)
	r.core.answers(func(chat.Message) chat.Reply { return chat.Reply{Title: "balance: 12,34"} })
	r.hs.refusing(func(call string) (int, string) {
		if strings.Contains(call, "/send/") {
			return http.StatusBadRequest, "M_UNKNOWN"
		}
		return 0, ""
	})
	r.crashBeforeDone()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "solde")})
	r.hear()
	r.close()
	r.hs.refusing(nil)
	r.hs.syncs <- comes(ben, "join")
	r.open()
	r.start()
	r.until("the answer is settled", func() bool { known, _ := r.store.Handled("$a"); return known })
	for _, e := range r.sent(direct, 0) {
		if strings.Contains(bodyOf(e), "12,34") {
			t.Errorf("said %q", bodyOf(e))
		}
	}
}

// TestSomebodyArrives says in a private chat that it is none any more, once, and not when an invitation that was
// known is followed.
func TestSomebodyArrives(t *testing.T) {
	r := inDirect(t)
	r.hs.syncs <- comes(ben, "invite")
	if body := bodyOf(r.sent(direct, 1)[0]); !strings.Contains(body, "not_private") {
		t.Errorf("said %q", body)
	}
	follows := stateEvent("m.room.member", ben, object{"membership": "join"})
	follows["unsigned"] = object{"prev_content": object{"membership": "invite"}}
	r.hs.syncs <- joins(direct, nil, []object{follows})
	r.hearsNothing(direct, "!after")
	if list := r.sent(direct, 1); len(list) != 1 {
		t.Errorf("said %v", list)
	}
}

// TestSecretAmongOthers deletes a password that was typed after somebody else was invited. Nothing of it is used.
func TestSecretAmongOthers(t *testing.T) {
	r := inDirect(t)
	noError(t, r.offers.said(direct, "$q", nil, chat.ExpectSecret))
	r.hs.syncs <- comes(ben, "invite", messageEvent("$secret", ana, "MonMotDePasse"))
	r.until("the password is deleted", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		gone := r.hs.rooms[direct].gone
		return len(gone) == 1 && gone[0] == "$secret"
	})
	r.hearsNothing(direct, "!after")
}

// TestSecretNotDeleted asks the person to delete what the bot cannot, whatever the reason.
func TestSecretNotDeleted(t *testing.T) {
	r := inDirect(t)
	r.hs.refusing(func(call string) (int, string) {
		if strings.Contains(call, "/redact/") {
			return http.StatusInternalServerError, "M_UNKNOWN"
		}
		return 0, ""
	})
	if err := r.Redact(t.Context(), chat.Message{ID: "$secret", Chat: chatOf(direct), Person: personOf(ana)}); err == nil {
		t.Error("that it was not deleted is no error")
	}
	if body := bodyOf(r.sent(direct, 1)[0]); !strings.Contains(body, "please_delete") {
		t.Errorf("said %q", body)
	}
}
