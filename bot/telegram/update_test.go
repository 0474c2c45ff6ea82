package telegram

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"cartable/core/chat"
)

func TestReadCommand(t *testing.T) {
	tests := []struct {
		text, addressee string
		command         bool
	}{
		{"/edt", "", true},
		{"/edt demain", "", true},
		{"/edt@our_bot demain", "our_bot", true},
		{"/edt\ndemain@school", "", true},
		{"/déconnexion", "", true},
		{"edt", "", false},
		{"/", "", false},
		{"/ edt", "", false},
		{"/1", "", false},
		{"/etc/passwd", "", false},
		{"mail@example.org", "", false},
		{"", "", false},
	}
	for _, tt := range tests {
		command, addressee := readCommand(tt.text)
		if command != tt.command || command && addressee != tt.addressee {
			t.Errorf("%q: %v, %q", tt.text, command, addressee)
		}
	}
}

func TestBound(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aé", 2, "a"}, {"é", 1, ""}, {"", 0, ""}} {
		if got := bound(tt.in, tt.n); got != tt.want {
			t.Errorf("%q to %d: %q", tt.in, tt.n, got)
		}
	}
}

// FuzzUpdate: whatever an update is, what the core gets of it keeps the promises of chat.Message.
func FuzzUpdate(f *testing.F) {
	f.Add(string(rawUpdate(5)))
	f.Add(`{"update_id":1,"message":{"message_id":9,"from":{"id":3},"chat":{"id":-7,"type":"group","title":"x"},"caption":"/edt@me","photo":[{"file_id":"a","width":2,"height":2}]}}`)
	f.Add(`{"update_id":2,"callback_query":{"id":"4","from":{"id":3},"data":"go2","message":{"message_id":9,"date":0,"chat":{"id":5,"type":"private"}}}}`)
	f.Add(`{"update_id":3,"message":{"message_id":1,"chat":{"id":-7,"type":"group"},"migrate_to_chat_id":-1007}}`)
	f.Add(`{"update_id":4,"my_chat_member":{"chat":{"id":5},"new_chat_member":{"status":"kicked"}}}`)
	f.Add(`{"update_id":5,"message":null}`)
	f.Add(`{"update_id":"x"}`)
	a := &Adapter{}
	f.Fuzz(func(t *testing.T, text string) {
		u, ok := decodeUpdate(json.RawMessage(text))
		if !ok {
			return
		}
		switch kind := u.sort(botUser{1, "me"}); kind {
		case aMessage, aPress:
			m := a.toCore(&u)
			if m.Chat.ID == "" || m.Person.ID == "" || len(m.Text) > chat.MaxText+utf8.UTFMax || len(m.Choice) > maxData {
				t.Errorf("%+v", m)
			}
			if (m.Choice != "") != (kind == aPress) || m.Choice != "" && m.Text != "" {
				t.Errorf("neither text nor press: %+v", m)
			}
			if !m.Private && kind == aMessage && !strings.HasPrefix(m.Text, "/") && u.Message.ReplyTo == nil {
				t.Errorf("overheard %+v", m)
			}
		}
	})
}

// TestWhatCannotBeRead tells the core what was sent, in private alone; what Telegram says in a chat is nobody's message.
func TestWhatCannotBeRead(t *testing.T) {
	a := &Adapter{}
	for content, want := range map[string]chat.Sent{
		`"sticker":{"file_id":"a","emoji":"👍"}`:                                          chat.SentSticker,
		`"animation":{"file_id":"a"},"document":{"file_id":"a","mime_type":"video/mp4"}`: chat.SentSticker,
		`"voice":{"file_id":"a"}`:                                                        chat.SentVoice,
		`"video_note":{"file_id":"a"}`:                                                   chat.SentVideo,
		`"location":{"latitude":1},"venue":{}`:                                           chat.SentPlace,
		`"contact":{"phone_number":"33611223344"}`:                                       chat.SentContact,
		`"document":{"mime_type":"application/pdf"}`:                                     chat.SentDocument,
		`"poll":{"id":"1"}`:                                                              chat.SentOther,
		`"document":{"file_id":"a","file_name":"A.JPG"}`:                                 "", // a picture that was sent as a file
		`"document":{"file_id":"a","mime_type":"image/png"}`:                             "",
		`"pinned_message":{"message_id":4}`:                                              "nothing",
		`"message_auto_delete_timer_changed":{}`:                                         "nothing",
	} {
		for _, kind := range []string{"private", "supergroup"} {
			u, ok := decodeUpdate(json.RawMessage(`{"update_id":7,"message":{"message_id":9,"from":{"id":3},"chat":{"id":5,"type":"` + kind + `"},` + content + `}}`))
			sorted := u.sort(botUser{1, "me"})
			if want == "nothing" || kind != "private" {
				if !ok || sorted != nothing {
					t.Errorf("%s, %s: read %t, sorted %d", kind, content, ok, sorted)
				}
				continue
			}
			if m := a.toCore(&u); !ok || sorted != aMessage || m.Sent != want || (m.File != nil) != (want == "") || (m.Phone != "") != (want == chat.SentContact) {
				t.Errorf("%s: read %t, sorted %d, %+v", content, ok, sorted, m)
			}
		}
	}
}
