package telegram

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Press is one press of a button ("CallbackQuery") and what the bot answered.
type Press struct {
	s      *Server
	ID     string
	Update int64 // 0: the bot has not asked for presses
	Data   string
	by     *User
	at     time.Time
	answer *Answer

	answered signal
}

// Answer is what the presser sees at once.
type Answer struct {
	Text  string // "" just ends the progress bar of the button
	Alert bool   // in a window of its own instead of a notice
	URL   string
}

// Answer returns the answer, and false as long as there is none.
func (p *Press) Answer() (Answer, bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.answer == nil {
		return Answer{}, false
	}
	return *p.answer, true
}

// WaitAnswer waits for the answer.
func (p *Press) WaitAnswer() Answer {
	if err := p.s.wait(nil, func() *signal { return &p.answered }, func() bool { return p.answer != nil }); err != nil {
		p.s.conf.Fail("sim/telegram: the press of %q was not answered", p.Data)
		return Answer{}
	}
	a, _ := p.Answer()
	return a
}

// press sends a callback query. The message may be deleted by now: the bot gets it as inaccessible.
func (s *Server) press(by *User, m *message, data string) *Press {
	p := &Press{s: s, ID: fmt.Sprintf("%d%04d", 43210000+len(s.queries), len(s.queries)), Data: data, by: by, at: s.conf.Now()}
	s.queries[p.ID] = p
	var shown any = m
	if m.deleted {
		shown = map[string]any{"chat": m.chat.wire(), "message_id": m.id, "date": 0}
	}
	p.Update = s.push("callback_query", map[string]any{
		"id": p.ID, "from": by.wire(), "message": shown, "data": data,
		"chat_instance": fmt.Sprint(m.chat.id * 31),
	})
	return p
}

func (s *Server) answerCallbackQuery(q *query) (any, error) {
	p := s.queries[q.str("callback_query_id")]
	if p == nil || p.answer != nil || s.conf.Now().Sub(p.at) > s.conf.QueryTTL {
		return nil, badRequest("query is too old and response timeout expired or query ID is invalid")
	}
	if utf8.RuneCountInString(q.str("text")) > 200 {
		return nil, badRequest("MESSAGE_TOO_LONG")
	}
	link := q.str("url")
	if link != "" && !strings.HasPrefix(link, "https://t.me/"+s.conf.BotUsername+"?start=") &&
		!strings.HasPrefix(link, "t.me/"+s.conf.BotUsername+"?start=") {
		return nil, badRequest("URL_INVALID")
	}
	p.answer = &Answer{Text: q.str("text"), Alert: q.flag("show_alert"), URL: link}
	p.answered.fire()
	return true, nil
}
