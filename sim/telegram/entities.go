package telegram

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

// Entity is one formatted part of a text, with its place in UTF-16 units ("MessageEntity").
type Entity struct {
	Type           string `json:"type"`
	Offset         int    `json:"offset"`
	Length         int    `json:"length"`
	URL            string `json:"url,omitempty"`
	Language       string `json:"language,omitempty"`
	CustomEmojiID  string `json:"custom_emoji_id,omitempty"`
	UnixTime       int64  `json:"unix_time,omitempty"`
	DateTimeFormat string `json:"date_time_format,omitempty"`
}

// tidy sorts the entities, outer ones first, and cuts those of style where there is code or pre, which
// can neither hold other styles nor be part of one.
func tidy(entities []Entity) []Entity {
	slices.SortStableFunc(entities, func(a, b Entity) int {
		return cmp.Or(a.Offset-b.Offset, b.Length-a.Length, rank(a)-rank(b))
	})
	var kept []Entity
	end := 0 // of the last code or pre
	for _, e := range entities {
		if rank(e) == 0 {
			kept = append(kept, e)
			continue
		}
		if e.Offset < end { // code in pre, or in code
			continue
		}
		if e.Type == "code" {
			e.Language = ""
		}
		end = e.Offset + e.Length
		kept = append(kept, e)
	}
	for _, e := range slices.Clone(kept) {
		if rank(e) != 0 {
			kept = cutStyles(kept, e)
		}
	}
	slices.SortStableFunc(kept, func(a, b Entity) int {
		return cmp.Or(a.Offset-b.Offset, b.Length-a.Length)
	})
	return kept
}

// cutStyles takes the extent of a code or pre out of bold, italic and their like.
func cutStyles(entities []Entity, literal Entity) []Entity {
	from, to := literal.Offset, literal.Offset+literal.Length
	var kept []Entity
	for _, e := range entities {
		end := e.Offset + e.Length
		if !slices.Contains(styles, e.Type) || end <= from || e.Offset >= to {
			kept = append(kept, e)
			continue
		}
		before, after := e, e
		before.Length = from - e.Offset
		after.Offset, after.Length = to, end-to
		if before.Length > 0 {
			kept = append(kept, before)
		}
		if after.Length > 0 {
			kept = append(kept, after)
		}
	}
	return kept
}

var styles = []string{"bold", "italic", "underline", "strikethrough", "spoiler"}

// rank is 0 for all but pre and code, and puts pre before a code of the same extent.
func rank(e Entity) int {
	switch e.Type {
	case "pre":
		return 1
	case "code":
		return 2
	}
	return 0
}

// units is the length of s in UTF-16 units, in which Telegram counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
