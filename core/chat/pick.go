package chat

import (
	"strconv"
	"strings"
)

// maxPick bounds the digits of a number that picks: "4242" is a card.
const maxPick = 3

// Number reads a text that is nothing but the number of an entry, as people type it: "2", "2.", "[2]", and
// "!2" where they are used to a mark before what is for the bot.
func Number(text string) (n int, is bool) {
	text = strings.TrimLeft(strings.TrimSpace(text), "!/")
	if inner, open := strings.CutPrefix(text, "["); open {
		text = strings.TrimSuffix(inner, "]")
	} else {
		text = strings.TrimRight(text, ".)")
	}
	if text == "" || len(text) > maxPick || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// Pick tells which entry, from 0, of a list of choices a text picks by its number. Where the bot waits for
// something typed, a number is that, and picks only when the list came with the question (current); as a secret
// it never picks.
func Pick(text string, choices int, expect Expect, current bool) (at int, picked bool) {
	if expect == ExpectSecret || expect == ExpectText && !current {
		return 0, false
	}
	n, is := Number(text)
	if !is || n < 1 || n > choices {
		return 0, false
	}
	return n - 1, true
}
