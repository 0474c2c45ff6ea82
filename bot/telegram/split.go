package telegram

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// split divides rows into parts of at most limit UTF-16 units each, at line ends. A line that is longer
// by itself is cut at a space, or where it must be. Blank lines at the edges of parts are left out, and a
// heading goes with what follows it. There is always at least one part.
func split(rows []textRow, limit int) [][]textRow {
	var parts [][]textRow
	rows = trimBlank(cutLong(rows, limit))
	for len(rows) > 0 {
		n := fitting(rows, limit)
		if n < len(rows) {
			n = beforeHeadings(rows, n)
		}
		parts = append(parts, trimBlank(rows[:n]))
		rows = trimBlank(rows[n:])
	}
	if len(parts) == 0 {
		parts = append(parts, nil)
	}
	return parts
}

// fitting is how many rows, at least one, fit into limit.
func fitting(rows []textRow, limit int) int {
	size := rows[0].units()
	for n := 1; n < len(rows); n++ {
		size += 1 + rows[n].units()
		if size > limit {
			return n
		}
	}
	return len(rows)
}

// beforeHeadings takes headings off the end of the first n rows, if that leaves anything.
func beforeHeadings(rows []textRow, n int) int {
	for end := n; end > 0; end-- {
		if r := rows[end-1]; !r.heading && !r.blank() {
			return end
		}
	}
	return n
}

func trimBlank(rows []textRow) []textRow {
	for len(rows) > 0 && rows[0].blank() {
		rows = rows[1:]
	}
	for len(rows) > 0 && rows[len(rows)-1].blank() {
		rows = rows[:len(rows)-1]
	}
	return rows
}

// cutLong cuts the rows that are longer than limit.
func cutLong(rows []textRow, limit int) []textRow {
	if !slices.ContainsFunc(rows, func(r textRow) bool { return r.units() > limit }) {
		return rows
	}
	var out []textRow
	for _, r := range rows {
		for r.units() > limit {
			head, tail := cutRow(r, limit)
			out, r = append(out, head), tail
		}
		out = append(out, r)
	}
	return out
}

// cutRow cuts a row after at most limit units.
func cutRow(r textRow, limit int) (head, tail textRow) {
	head = textRow{heading: r.heading, quote: r.quote, continues: r.continues}
	tail = textRow{heading: r.heading, quote: r.quote, continues: true}
	for i, s := range r.spans {
		size := units(s.text)
		if size <= limit {
			head.spans = append(head.spans, s)
			limit -= size
			continue
		}
		at := cutAt(s.text, limit, len(head.spans) == 0)
		if at > 0 {
			head.spans = append(head.spans, span{s.looks, s.text[:at]})
		}
		tail.spans = append(append(tail.spans, span{s.looks, s.text[at:]}), r.spans[i+1:]...)
		return head, tail
	}
	return head, tail
}

// cutAt is the byte position at which to cut a text that is longer than limit: after the last space of
// the second half, else before the rune that no longer fits. It is 0 only if nothing must be taken.
func cutAt(text string, limit int, must bool) int {
	at, space, n := 0, 0, 0
	for i, r := range text {
		size := 1
		if r > 0xFFFF {
			size = 2
		}
		if n+size > limit {
			break
		}
		n += size
		at = i + utf8.RuneLen(r)
		if unicode.IsSpace(r) && n > limit/2 {
			space = at
		}
	}
	switch {
	case space > 0:
		return space
	case at == 0 && must: // a limit below one rune: let it through whole
		_, at = utf8.DecodeRuneInString(text)
	}
	return at
}
