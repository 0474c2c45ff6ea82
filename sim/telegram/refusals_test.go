package telegram_test

import (
	"strings"
	"testing"
	"time"

	"cartable/sim/telegram"
)

// TestRefusals has each refusal of content once.
func TestRefusals(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna := tg.User(1001, "Anna", "fr")
	p := anna.Start("")
	g := tg.Supergroup("Famille", anna)
	theirs := p.Say("bonjour").ID
	id := send(t, tg, params{"chat_id": 1001, "text": "a", "reply_markup": keyboard(params{"text": "A", "callback_data": "x"})})
	with := func(chat int64, more params) params {
		all := params{"chat_id": chat, "text": "b"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	buttons := func(b params) params { return with(1001, params{"reply_markup": keyboard(b)}) }
	emoji := strings.Repeat("🎒", 2048)
	tests := []struct {
		name, method string
		p            params
		want         string
	}{
		{"no chat id", "sendMessage", params{"text": "x"}, "chat_id is empty"},
		{"unknown chat", "sendMessage", with(77, nil), "chat not found"},
		{"empty", "sendMessage", with(1001, params{"text": " \n"}), "message text is empty"},
		{"empty after parsing", "sendMessage", with(1001, params{"text": "<b> </b>", "parse_mode": "HTML"}), "message text is empty"},
		{"too long in UTF-16", "sendMessage", with(1001, params{"text": emoji + "x"}), "message is too long"},
		{
			"bad html", "sendMessage", with(1001, params{"text": "<p>x</p>", "parse_mode": "HTML"}),
			`can't parse entities: Unsupported start tag "p" at byte offset 0`,
		},
		{"parse mode", "sendMessage", with(1001, params{"parse_mode": "BBCode"}), "unsupported parse_mode"},
		{"no data", "sendMessage", buttons(params{"text": "A", "callback_data": ""}), "BUTTON_DATA_INVALID"},
		{"long data", "sendMessage", buttons(params{"text": "A", "callback_data": strings.Repeat("é", 33)}), "BUTTON_DATA_INVALID"},
		{"no label", "sendMessage", buttons(params{"text": " ", "callback_data": "x"}), "button text must be non-empty"},
		{"no action", "sendMessage", buttons(params{"text": "A"}), "Text buttons are unallowed"},
		{"bad link", "sendMessage", buttons(params{"text": "A", "url": "nowhere"}), "Wrong HTTP URL"},
		{"null keyboard", "sendMessage", with(1001, params{"reply_markup": params{"inline_keyboard": nil}}), "inline_keyboard"},
		{"web app in a group", "sendMessage", with(g.ID(), params{"reply_markup": keyboard(
			params{"text": "A", "web_app": params{"url": "https://a.example"}})}), "BUTTON_TYPE_INVALID"},
		{"no such topic", "sendMessage", with(g.ID(), params{"message_thread_id": 99}), "message thread not found"},
		{"reply to nothing", "sendMessage", with(1001, params{"reply_parameters": params{"message_id": 99}}), "message to be replied not found"},
		{"same text", "editMessageText", with(1001, params{
			"message_id": id, "text": "a",
			"reply_markup": keyboard(params{"callback_data": "x", "text": "A"}),
		}), "message is not modified"},
		{"same buttons", "editMessageReplyMarkup", params{
			"chat_id": 1001, "message_id": id,
			"reply_markup": keyboard(params{"text": "A", "callback_data": "x"}),
		}, "message is not modified"},
		{"edit of nothing", "editMessageText", with(1001, params{"message_id": 99}), "message to edit not found"},
		{"edit without id", "editMessageText", with(1001, nil), "message identifier is not specified"},
		{"edit of another's", "editMessageText", with(1001, params{"message_id": theirs}), "message can't be edited"},
		{"caption of a text", "editMessageCaption", params{"chat_id": 1001, "message_id": id, "caption": "x"}, "there is no caption"},
		{"delete of nothing", "deleteMessage", params{"chat_id": 1001, "message_id": 99}, "message to delete not found"},
		{"unknown query", "answerCallbackQuery", params{"callback_query_id": "1"}, "query is too old and response timeout expired or query ID is invalid"},
		{"no file", "sendPhoto", params{"chat_id": 1001}, "there is no photo in the request"},
		{"unknown file", "sendPhoto", params{"chat_id": 1001, "photo": "AgAC"}, "wrong file identifier"},
		{"unknown file id", "getFile", params{"file_id": "x"}, "wrong file_id or the file is temporarily unavailable"},
		{"command name", "setMyCommands", params{"commands": []params{{"command": "Edt", "description": "x"}}}, "BOT_COMMAND_INVALID"},
		{"language", "setMyCommands", params{"commands": []params{}, "language_code": "french"}, "invalid language code"},
		{"scope", "setMyCommands", params{"scope": params{"type": "moon"}}, "unsupported type"},
		{"description", "setMyDescription", params{"description": strings.Repeat("x", 513)}, "too long"},
		{"action", "sendChatAction", params{"chat_id": 1001, "action": "sleeping"}, "wrong parameter action"},
		{"secret", "setWebhook", params{"url": "https://a.example", "secret_token": "é"}, "secret token contains unallowed characters"},
		{"member", "getChatMember", params{"chat_id": g.ID(), "user_id": 5}, "PARTICIPANT_ID_INVALID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, call(t, tg, tt.method, tt.p), 400, tt.want) })
	}
	refused(t, call(t, tg, "sendVideoNote", nil), 404, "Not Found: method not found")
	send(t, tg, with(1001, params{"text": emoji}))
	send(t, tg, with(1001, params{"reply_parameters": params{"message_id": 99, "allow_sending_without_reply": true}}))
	if n := len(p.Messages()); n != 5 { // /start, bonjour, a, and the two above
		t.Errorf("%d messages: a refused call has left something", n)
	}
}

func TestWrongToken(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	other := "700000001:BB" + strings.Repeat("x", 33)
	refused(t, post(t, tg.URL+"/bot"+other+"/getMe", "", nil), 401, "Unauthorized")
	refused(t, post(t, tg.URL+"/botnonsense/getMe", "", nil), 404, "Not Found")
	refused(t, post(t, tg.URL+"/elsewhere", "", nil), 404, "Not Found")
}

func TestForbidden(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "fr")
	g, s := tg.Group("Famille", anna, bob), tg.Supergroup("École", anna)
	anna.Start("")
	hello := func(id int64) answer { return call(t, tg, "sendMessage", params{"chat_id": id, "text": "x"}) }

	refused(t, hello(1002), 403, "Forbidden: bot can't initiate conversation with a user")
	anna.Block()
	refused(t, hello(1001), 403, "Forbidden: bot was blocked by the user")
	anna.Unblock()
	if a := hello(1001); !a.OK {
		t.Errorf("after the block: %+v", a)
	}
	anna.Deactivate()
	refused(t, hello(1001), 403, "Forbidden: user is deactivated")
	g.Kick()
	refused(t, hello(g.ID()), 403, "Forbidden: bot was kicked from the group chat")
	s.Kick()
	refused(t, hello(s.ID()), 403, "Forbidden: bot was kicked from the supergroup chat")
	s.Return()
	must(t, tg, "leaveChat", params{"chat_id": s.ID()}, nil)
	refused(t, hello(s.ID()), 403, "Forbidden: bot is not a member of the supergroup chat")
	s.Return()
	s.Mute(true)
	refused(t, hello(s.ID()), 400, "not enough rights to send text messages to the chat")
}

func TestDeleting(t *testing.T) {
	now := newClock()
	tg := telegram.Start(t, telegram.Config{Now: now.Now})
	anna := tg.User(1001, "Anna", "fr")
	g := tg.Group("Famille", anna)
	p := anna.Start("")
	del := func(chat int64, id int) answer {
		return call(t, tg, "deleteMessage", params{"chat_id": chat, "message_id": id})
	}

	secret := p.Say("motdepasse")
	if a := del(1001, secret.ID); !a.OK {
		t.Errorf("a private chat: %+v", a)
	}
	refused(t, del(1001, secret.ID), 400, "message to delete not found")
	theirs := g.As(anna).Say("/edt")
	refused(t, del(g.ID(), theirs.ID), 400, "message can't be deleted")
	g.Admin(telegram.Rights{})
	refused(t, del(g.ID(), theirs.ID), 400, "message can't be deleted")
	g.Admin(telegram.Rights{DeleteMessages: true})
	if a := del(g.ID(), theirs.ID); !a.OK {
		t.Errorf("with the right: %+v", a)
	}
	old := p.Say("ancien")
	now.Add(48*time.Hour + time.Second)
	refused(t, del(1001, old.ID), 400, "message can't be deleted for everyone")
}

func TestAnswering(t *testing.T) {
	now := newClock()
	tg := telegram.Start(t, telegram.Config{Now: now.Now})
	p := tg.User(1001, "Anna", "fr").Start("")
	id := send(t, tg, params{"chat_id": 1001, "text": "?", "reply_markup": keyboard(params{"text": "Oui", "callback_data": "x"})})
	answerTo := func(q *telegram.Press, text string) answer {
		return call(t, tg, "answerCallbackQuery", params{"callback_query_id": q.ID, "text": text})
	}
	q := p.PressOn(id, "Oui")
	refused(t, answerTo(q, strings.Repeat("x", 201)), 400, "MESSAGE_TOO_LONG")
	if a := answerTo(q, "ok"); !a.OK {
		t.Errorf("got %+v", a)
	}
	refused(t, answerTo(q, "ok"), 400, "query is too old")
	late := p.PressData(id, "forged")
	now.Add(16 * time.Second)
	refused(t, answerTo(late, ""), 400, "query is too old")
	if _, answered := late.Answer(); answered {
		t.Error("an answer that was refused is shown")
	}
}
