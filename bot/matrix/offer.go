//go:build goolm

package matrix

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// offer is the stored record of the choices under one of our messages: what a reaction, a vote, a number and
// a typed code there stand for.
type offer struct {
	Room      id.RoomID    `json:"room"`
	Event     id.EventID   `json:"event"` // our message
	Poll      id.EventID   `json:"poll,omitempty"`
	For       id.UserID    `json:"for,omitempty"`    // whose message it answers
	Thread    id.EventID   `json:"thread,omitempty"` // that our message is in
	Choices   []offered    `json:"choices"`
	Reactions []id.EventID `json:"reactions,omitempty"` // placed by us
	Made      time.Time    `json:"made"`
}

// offered is one choice of an offer.
type offered struct {
	ID    string `json:"id"`
	Key   string `json:"key,omitempty"` // the reaction that we place; empty for none
	Risky bool   `json:"risky,omitempty"`
	Code  string `json:"code,omitempty"` // that confirms a risky one
}

// prepare gives each choice that can be picked the reaction or the code that stands for it. Choices that
// open the private chat are none of them.
func prepare(choices []chat.Choice) []offered {
	var list []offered
	risky := false
	for _, c := range choices {
		if c.Start != "" {
			continue
		}
		o := offered{ID: c.ID, Risky: c.Risky}
		if c.Risky {
			risky, o.Code = true, codeFor(c.ID, list)
		}
		list = append(list, o)
	}
	if !risky {
		for i := range min(len(list), len(digits)) {
			list[i].Key = digits[i]
		}
	}
	return list
}

// digits are the reactions for choices. They are alternatives, as a rule: a ❌ under "Izly" would be odd.
var digits = []string{"1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣", "🔟"}

// yesNo are understood, too, where there are two.
var yesNo = []string{"✅", "❌"}

// codeFor is the code that confirms a choice, another one than those of the list. It is the same each time, as a reply
// that is sent again may be known to the homeserver with the code of the first time. Whoever knows the choice's ID, which
// nobody can guess, may read the code as well.
func codeFor(choice string, list []offered) string {
	for n := 0; ; n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "cartable matrix code\x00%d\x00%s", n, choice))
		code := fmt.Sprint(1000 + binary.BigEndian.Uint64(sum[:])%9000)
		if !slices.ContainsFunc(list, func(c offered) bool { return c.Code == code }) {
			return code
		}
	}
}

// newCode makes four digits that do not begin with 0.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(9000))
	if err != nil {
		panic("matrix: no randomness: " + err.Error())
	}
	return fmt.Sprint(1000 + n.Int64())
}

// plainKey takes out what some clients add to an emoji (U+FE0F).
func plainKey(key string) string { return strings.ReplaceAll(key, "\ufe0f", "") }

// reacted is the place of the choice that a reaction stands for, -1 for none.
func (o *offer) reacted(key string) int {
	at := placeOfKey(digits, key)
	if at < 0 && len(o.Choices) == len(yesNo) {
		at = placeOfKey(yesNo, key)
	}
	if at >= len(o.Choices) {
		return -1
	}
	return at
}

func placeOfKey(keys []string, key string) int {
	return slices.IndexFunc(keys, func(k string) bool { return plainKey(k) == plainKey(key) })
}

// place is where a choice stands in the offer, -1 for nowhere.
func (o *offer) place(choice string) int {
	return slices.IndexFunc(o.Choices, func(c offered) bool { return c.ID == choice })
}

// voteOf reads both names of the event, see pollResponse. A vote that was taken back has no choice.
func voteOf(evt *event.Event) (choice string) {
	if content, ok := evt.Content.Parsed.(*event.PollResponseEventContent); ok {
		if len(content.Response.Answers) == 1 {
			choice = content.Response.Answers[0]
		}
		return choice
	}
	if selections, _ := evt.Content.Raw["m.selections"].([]any); len(selections) == 1 {
		choice, _ = selections[0].(string)
	}
	return choice
}
