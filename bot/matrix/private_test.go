//go:build goolm

package matrix

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"

	"cartable/bot/matrix/cryptostore"
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
	r.hs.syncs <- comes(ana, "join") // whose private chat it is; what she was before is not said
	r.hearsNothing(direct, "!before")
	r.hearsNothing(direct, "!still")
	if list := r.sent(direct, 0); len(list) != 0 {
		t.Errorf("said %v", list)
	}
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

// TestSomebodyArrivesBeforeTheBot has Ben invited while the bot still reads a private chat that it has joined: it has said
// nothing there that he could read, and greets as in a group.
func TestSomebodyArrivesBeforeTheBot(t *testing.T) {
	r := newRig(t)
	room := r.hs.addRoom(direct, ana, botName)
	looks, goOn := make(chan struct{}), make(chan struct{})
	first := true
	r.hs.set(func(call string, _ object) {
		if call == "GET rooms/"+direct+"/state" && first {
			first = false
			close(looks)
			<-goOn
		}
	})
	r.start()
	r.hs.syncs <- invites(direct, ana, true)
	<-looks
	news := append([]object{stateEvent("m.room.member", botName, object{"membership": "join"})}, room.state...)
	r.reads(joins(direct, news, []object{stateEvent("m.room.member", ben, object{"membership": "invite"})}))
	r.hs.mu.Lock()
	room.state = append(room.state, stateEvent("m.room.member", ben, object{"membership": "invite"}))
	r.hs.mu.Unlock()
	close(goOn)
	if m := r.hear(); m.Text != "!start" || m.Private {
		t.Errorf("the core heard %+v", m)
	}
	r.core.saidNot(t, chat.NoticeNotPrivate)
}

// TestSomebodyArrivesInAGroup is no news there.
func TestSomebodyArrivesInAGroup(t *testing.T) {
	r := inGroup(t)
	r.reads(joins(group, nil, []object{stateEvent("m.room.member", "@cleo:example.org", object{"membership": "join"})}))
	r.core.saidNot(t, chat.NoticeNotPrivate)
}

// saidNot makes sure that the adapter has not begun to say a sentence of its own.
func (c *fakeCore) saidNot(t *testing.T, what chat.Notice) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.notices, what) {
		t.Errorf("said %v", c.notices)
	}
}

// restored is an adapter on a vault that was put back: it knows whose private chat the room is, and not who is in it.
// It reads that with the first news, which tell one after the other what has happened there.
func restored(t *testing.T, happened ...object) *rig {
	r := inDirect(t)
	r.close()
	r.open()
	noError(t, cryptostore.MarkCopied(r.vault))
	r.close()
	r.open()
	me := func(membership string) object {
		return stateEvent("m.room.member", botName, object{"membership": membership})
	}
	timeline := append([]object{me("invite"), me("join")}, happened...)
	timeline = append(timeline, stateEvent("m.room.member", ana, object{"membership": "join"}), messageEvent("$old", ana, "old"))
	r.hs.syncs <- joins(direct, nil, timeline)
	r.start()
	r.connection()
	return r
}

// TestRestored has nothing to say in a private chat, and says what is for Ana alone.
func TestRestored(t *testing.T) {
	left := stateEvent("m.room.member", ben, object{"membership": "leave"}) // the bot would be alone, if that were all
	r := restored(t, stateEvent("m.room.member", ben, object{"membership": "join"}), left)
	r.hearsNothing(direct, "edt")
	if err := r.Send(t.Context(), toAna, chat.Reply{Title: "balance: 12,34"}); err != nil {
		t.Error(err)
	}
	if list := r.sent(direct, 1); len(list) != 1 || bodyOf(list[0]) != "balance: 12,34" {
		t.Errorf("said %v", list)
	}
	if r.hs.rooms[direct].left {
		t.Error("the bot has left the room")
	}
}

// TestRestoredAmongOthers does not tell as news that Ben is in the room, and says nothing there that is for Ana alone.
func TestRestoredAmongOthers(t *testing.T) {
	here := stateEvent("m.room.member", ben, object{"membership": "join"})
	r := restored(t, here)
	r.hs.mu.Lock()
	r.hs.rooms[direct].state = append(r.hs.rooms[direct].state, here)
	r.hs.mu.Unlock()
	r.hearsNothing(direct, "!edt")
	if list := r.sent(direct, 0); len(list) != 0 {
		t.Errorf("said %v", list)
	}
	if err := r.Send(t.Context(), toAna, chat.Reply{Title: "balance: 12,34"}); !errors.Is(err, chat.ErrNotPrivate) {
		t.Errorf("sent with %v", err)
	}
}

// TestPartlyKnown says what is for Ana alone, and takes what she says for private, while the bot has read only a part of
// the room's state.
func TestPartlyKnown(t *testing.T) {
	r := inDirect(t)
	forget := func() {
		noError(t, r.store.ClearCachedMembers(t.Context(), direct))
		noError(t, r.store.SetMembership(t.Context(), direct, botName, event.MembershipJoin))
	}
	forget()
	noError(t, r.Send(t.Context(), toAna, chat.Reply{Title: "balance: 12,34"}))
	if said := bodyOf(r.sent(direct, 1)[0]); said != "balance: 12,34" {
		t.Errorf("said %q", said)
	}
	forget()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "solde")})
	if m := r.hear(); !m.Private {
		t.Error("her message is not taken for a private one")
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
