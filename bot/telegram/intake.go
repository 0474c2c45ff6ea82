package telegram

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/core/chat"
)

// groupAnonymousBot is the sender that stands for any administrator who hides, as Telegram documents it.
const groupAnonymousBot = 1087968824

// what an update is for the adapter.
type what int

const (
	nothing    what = iota // not for us: nothing of it is kept
	aMessage               // for the engine
	aPress                 // for the engine
	deadPress              // of a button without a message or data: only to be answered
	migration              // a group has a new name
	membership             // the bot was blocked, removed, or let in again
)

// sort tells what an update is. me is the bot.
func (u *update) sort(me botUser) what {
	switch {
	case u.Query != nil:
		if u.Query.Message == nil || u.Query.Message.Chat.ID == 0 || u.Query.Data == "" {
			return deadPress
		}
		return aPress
	case u.Member != nil:
		return membership
	case u.Message == nil:
		return nothing
	case u.Message.MigrateTo != 0, u.Message.MigrateFrom != 0:
		return migration
	case u.Message.meant(me):
		return aMessage
	}
	return nothing
}

// meant tells whether a message is from a person and for the bot. In a group these are commands and
// replies to the bot.
func (m *message) meant(me botUser) bool {
	if m.From == nil || m.From.IsBot || m.From.ID == groupAnonymousBot || m.Sender != nil {
		return false
	}
	text := m.words()
	if text == "" && len(m.Photo) == 0 && m.Document == nil && (!m.private() || m.sent() == "") {
		return false // also what Telegram itself says in a chat
	}
	command, addressee := readCommand(text)
	switch {
	case command && addressee != "" && !strings.EqualFold(addressee, me.username):
		return false
	case m.private():
		return true
	case m.Chat.Type != "group" && m.Chat.Type != "supergroup":
		return false
	}
	return command || m.ReplyTo != nil && m.ReplyTo.From != nil && m.ReplyTo.From.ID == me.id
}

func (m *message) private() bool { return m.Chat.Type == "private" }

// words is the text or the caption.
func (m *message) words() string {
	if m.Text != "" {
		return m.Text
	}
	return m.Caption
}

// sent is what kind of message it is that cannot be read; empty for a text, a photo and what Telegram says itself.
func (m *message) sent() chat.Sent {
	for _, kind := range []struct {
		is   bool
		sent chat.Sent
	}{
		{m.Sticker != nil || m.Animation != nil || m.Dice != nil, chat.SentSticker},
		{m.Voice != nil || m.Audio != nil, chat.SentVoice},
		{m.Video != nil || m.VideoNote != nil, chat.SentVideo},
		{m.Location != nil, chat.SentPlace},
		{m.Contact != nil, chat.SentContact},
		{m.Document != nil, chat.SentDocument},
		{m.Poll != nil || m.Story != nil || m.Game != nil || m.Checklist != nil || m.PaidMedia != nil, chat.SentOther},
	} {
		if kind.is {
			return kind.sent
		}
	}
	return ""
}

// readCommand tells whether a text begins with a command, such as "/edt" or "/edt@cartable_bot demain",
// and whom it names.
func readCommand(text string) (command bool, addressee string) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return false, ""
	}
	if end := strings.IndexFunc(rest, unicode.IsSpace); end >= 0 {
		rest = rest[:end]
	}
	name, addressee, _ := strings.Cut(rest, "@")
	first, _ := utf8.DecodeRuneInString(name)
	return unicode.IsLetter(first) && !strings.Contains(name, "/"), addressee
}

// topic is the forum topic that a message belongs to. The thread of a mere reply is none.
func (m *message) topic() string {
	if !m.InTopic || m.Thread == 0 {
		return ""
	}
	return strconv.Itoa(m.Thread)
}

// toCore makes the core's message of an update of kind aMessage or aPress.
func (a *Adapter) toCore(u *update) chat.Message {
	if q := u.Query; q != nil {
		msg := q.Message.toCore(&q.From)
		msg.Choice, msg.Ref = bound(q.Data, maxData), q.ID
		if q.Message.Date == 0 { // out of reach: the reply is to be a new message
			msg.ID = ""
		}
		return msg
	}
	m := u.Message
	msg := m.toCore(m.From)
	msg.Text = bound(m.words(), chat.MaxText+utf8.UTFMax) // the engine says that a longer text is too long
	_, addressee := readCommand(msg.Text)
	msg.Named = !msg.Private && addressee != "" // others than the bot were left out
	msg.File, msg.Album = a.picture(m), bound(m.Album, maxData)
	if msg.File == nil {
		msg.Sent = m.sent()
	}
	if m.Contact != nil {
		msg.Phone = bound(m.Contact.Phone, maxData)
	}
	return msg
}

// toCore is what a message and a press on one have in common.
func (m *message) toCore(from *user) chat.Message {
	return chat.Message{
		ID: strconv.Itoa(m.ID), Chat: chatID(m.Chat.ID), Thread: m.topic(), Person: personID(from.ID),
		Name: strings.TrimSpace(from.FirstName + " " + from.LastName), Title: m.Chat.Title,
		Private: m.private(),
	}
}

// bound cuts s to at most n bytes, between runes.
func bound(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// takes tells whether an update is not one too many of a person.
func (a *Adapter) takes(u *update, me botUser) bool {
	kind := u.sort(me)
	return a.cfg.Takes == nil || kind != aMessage && kind != aPress || a.cfg.Takes(a.toCore(u))
}

// errNotTaken says that updates were not stored and must come again.
var errNotTaken = errors.New("telegram: updates not stored")

// take stores what concerns the bot in a list of updates and hands it over. When it returns nil, the
// updates may be confirmed to Telegram. last is the id of the last of them, 0 if none can be read.
func (a *Adapter) take(raws []json.RawMessage) (last int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.handle == nil {
		return 0, errNotTaken
	}
	me, _ := a.self.known()
	var (
		updates []update
		ids     []int64
		kept    []json.RawMessage
	)
	for _, raw := range raws {
		u, ok := decodeUpdate(raw)
		if u.ID != 0 {
			last = u.ID
		}
		switch {
		case !ok:
			a.counters.unreadable.Add(1)
			a.log.Warn("update not understood, left out", "update", u.ID)
		case a.inbox.known(u.ID), u.sort(me) == nothing:
		case !a.takes(&u, me):
			a.counters.flood.Add(1)
		default:
			updates, ids, kept = append(updates, u), append(ids, u.ID), append(kept, raw)
		}
	}
	if len(kept) == 0 {
		return last, nil
	}
	rows, err := a.inbox.put(ids, kept)
	if err != nil {
		a.log.Error("updates not stored", "count", len(kept), "error", err)
		return 0, errNotTaken
	}
	for i := range updates {
		a.dispatch(rows[i].seq, &updates[i], false)
	}
	return last, nil
}
