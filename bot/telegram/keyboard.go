package telegram

import (
	"github.com/go-telegram/bot/models"

	"cartable/core/chat"
)

const (
	maxButtons = 100 // of a keyboard; Telegram refuses more
	maxLabel   = 64  // runes of a label
)

// roomFor is how long the labels of a row may be, in UTF-16 units, by the number of its buttons, so that
// a phone shows them whole.
var roomFor = [...]int{1: maxLabel, 2: 16, 3: 9}

// keyboard arranges choices in rows of one to three. Choices that Telegram would refuse the whole message
// for are left out.
func keyboard(choices []chat.Choice, username string) [][]models.InlineKeyboardButton {
	var rows [][]models.InlineKeyboardButton
	var widest int // label of the last row
	for i, c := range choices {
		b, ok := button(c, username)
		if !ok || i >= maxButtons {
			continue
		}
		size := units(b.Text)
		if last := len(rows) - 1; last >= 0 {
			n := len(rows[last]) + 1
			if n < len(roomFor) && max(widest, size) <= roomFor[n] {
				rows[last] = append(rows[last], b)
				widest = max(widest, size)
				continue
			}
		}
		rows = append(rows, []models.InlineKeyboardButton{b})
		widest = size
	}
	return rows
}

func button(c chat.Choice, username string) (b models.InlineKeyboardButton, ok bool) {
	b.Text = cut(oneLine(c.Label), maxLabel)
	if c.Start != "" {
		b.URL = startLink(username, c.Start)
		return b, b.Text != "" && username != ""
	}
	b.CallbackData = c.ID
	return b, b.Text != "" && c.ID != "" && len(c.ID) <= maxData
}
