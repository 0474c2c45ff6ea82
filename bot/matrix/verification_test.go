//go:build goolm

package matrix

import (
	"slices"
	"testing"

	"cartable/core/chat"
)

// asksToVerify is a request to compare emojis, in clear, as some clients send it into encrypted rooms.
func asksToVerify(id, to string) object {
	evt := messageEvent(id, ana, "Ana asks to verify your keys")
	content := evt["content"].(object)
	content["msgtype"], content["to"] = "m.key.verification.request", to
	content["from_device"], content["methods"] = "ANA", []string{"m.sas.v1"}
	return evt
}

// TestDeclinesVerification at once, with the reason, in rooms of both kinds, and says nothing of it that is wrong.
func TestDeclinesVerification(t *testing.T) {
	for _, tt := range []struct {
		name      string
		encrypted bool
		kind      string // of what is sent
	}{{"clear", false, "m.key.verification.cancel"}, {"encrypted", true, "m.room.encrypted"}} {
		t.Run(tt.name, func(t *testing.T) {
			r := inDirect(t)
			if tt.encrypted {
				r.encrypt(direct)
			}
			r.hs.syncs <- joins(direct, nil, []object{asksToVerify("$v", botName), asksToVerify("$other", ben)})
			list := r.sent(direct, 2) // the refusal and a sentence
			if !slices.ContainsFunc(list, func(e object) bool { return e["type"] == tt.kind && e["txn"] == "_v-decline" }) {
				t.Errorf("sent %v", list)
			}
			r.hs.syncs <- joins(direct, nil, []object{asksToVerify("$v", botName)}) // repeated
			r.hs.syncs <- object{}
			r.hs.syncs <- object{}
			r.until("all is read", func() bool { return len(r.hs.syncs) == 0 })
			if list := r.sent(direct, 2); len(list) != 2 {
				t.Errorf("sent %v", list)
			}
			r.core.mu.Lock()
			defer r.core.mu.Unlock()
			if slices.Contains(r.core.notices, chat.NoticeClear) || !slices.Contains(r.core.notices, chat.NoticeNoVerification) {
				t.Errorf("said %v", r.core.notices)
			}
		})
	}
}
