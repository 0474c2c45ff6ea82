package terminal

import (
	"fmt"
	"strings"

	"cartable/core/chat"
)

// layout is how a reply is laid out. The zero value is that of a pipe: whole lines, plain text.
type layout struct {
	width  int  // columns to wrap at; 0: do not wrap
	styled bool // bold titles, dim notes, struck lines
}

// The looks of lines, as ECMA-48 SGR parameters.
const (
	styleNone   = ""
	styleBold   = "1"
	styleDim    = "2"
	styleStruck = "9"
)

const (
	gap       = 2  // columns between a label and its text, and of indentation under a heading
	maxLabel  = 24 // wider labels do not push the texts of the other lines aside
	minText   = 16 // columns that a text needs beside its label; else it goes below
	choiceGap = "  "
)

// render draws a reply, with an empty line after it. s is what became of its file.
func render(r chat.Reply, s saved, l layout) string {
	p := page{layout: l}
	if r.Title != "" {
		p.print(styleBold, "", "", oneLine(r.Title))
	}
	p.body(r.Body)
	if r.File != nil {
		p.file(r.File.Name, s)
	}
	if len(r.Choices) > 0 {
		p.choices(r.Choices)
	}
	if p.out.Len() == 0 {
		return ""
	}
	return p.out.String() + "\n"
}

// page is a reply being drawn.
type page struct {
	layout
	out strings.Builder
}

// file prints the name and size of a document, and where it is. The path stays whole, so that it can be copied.
func (p *page) file(name string, s saved) {
	p.print(styleBold, "", "", fmt.Sprintf("%s (%s)", oneLine(name), size(s.size)))
	p.out.WriteString(oneLine(s.path) + "\n")
}

// size is "86 kB", as files are shown everywhere.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%d kB", (bytes+500)/1000)
}

// body draws lines, group by group. What follows a heading is indented under it, except for notes at the
// end, which are about the whole.
func (p *page) body(body []chat.Line) {
	end := len(body)
	for end > 0 && body[end-1].Kind == chat.LineNote {
		end--
	}
	column, indent := p.column(body), ""
	for i, line := range body {
		switch {
		case line.Kind == chat.LineHeading:
			if p.out.Len() > 0 {
				p.out.WriteByte('\n')
			}
			p.line(line, "", columns(label(line)))
			column, indent = p.column(body[i+1:]), strings.Repeat(" ", gap)
			continue
		case i == end && indent != "":
			p.out.WriteByte('\n')
			indent = ""
		}
		p.line(line, indent, column)
	}
}

func label(line chat.Line) string { return strings.TrimSpace(oneLine(line.Label)) }

// column is the width of the widest label that lines up with the others of its group: the texts up to the
// next heading stand in one column.
func (p *page) column(group []chat.Line) int {
	limit := maxLabel
	if p.width > 0 {
		limit = min(limit, p.width/3)
	}
	column := 0
	for _, line := range group {
		if line.Kind == chat.LineHeading {
			break
		}
		if size := columns(label(line)); line.Text != "" && size <= limit {
			column = max(column, size)
		}
	}
	return column
}

// line draws one line: its label, its text beside it, and the rest of the text hanging under its start.
func (p *page) line(line chat.Line, indent string, column int) {
	style := styleOf(line.Kind)
	label := label(line)
	first, hang := indent, indent
	if label != "" {
		first += label + strings.Repeat(" ", max(column-columns(label), 0)+gap)
		hang += strings.Repeat(" ", column+gap)
	}
	if line.Kind == chat.LineQuote && (label == "" || strings.Contains(line.Text, "\n") || p.tooWide(first+line.Text)) {
		p.quote(label, indent, line.Text)
		return
	}
	if p.width > 0 && label != "" && p.width-columns(first) < minText {
		p.print(style, indent, indent, label)
		first, hang = indent+strings.Repeat(" ", gap), indent+strings.Repeat(" ", gap)
		if line.Text == "" {
			return
		}
	}
	all := lines(line.Text)
	for _, text := range all[:len(all)-1] {
		p.print(style, first, hang, text)
		first = hang
	}
	p.ended(style, first, hang, all[len(all)-1], oneLine(line.Aside))
}

// quoteMark stands at the left of each row of somebody else's words.
const quoteMark = "│ "

// quote draws words of somebody else, of several rows, below their label.
func (p *page) quote(label, indent, text string) {
	if label != "" {
		p.print(styleBold, indent, indent, label)
	}
	if text == "" {
		return
	}
	mark := indent + quoteMark
	for _, row := range lines(text) {
		p.print(styleNone, mark, mark, row)
	}
}

// tooWide tells whether a text does not fit on one row.
func (p *page) tooWide(text string) bool { return p.width > 0 && columns(text) > p.width }

// print draws text, wrapped, after first on its first line and after hang on the others.
func (p *page) print(style, first, hang, text string) {
	for _, row := range p.rows(first, hang, text) {
		p.out.WriteString(p.decorate(style, row) + "\n")
	}
}

// ended is print with an aside behind the text, which has no style: on the last row where there is room.
func (p *page) ended(style, first, hang, text, aside string) {
	rows := p.rows(first, hang, text)
	last := len(rows) - 1
	besides := aside != "" && !p.tooWide(rows[last]+" "+aside)
	for i, row := range rows {
		p.out.WriteString(p.decorate(style, row))
		if i == last && besides {
			p.out.WriteString(" " + aside)
		}
		p.out.WriteByte('\n')
	}
	if aside != "" && !besides {
		p.print(styleNone, hang, hang, aside)
	}
}

// rows wraps a text, with first before its first row and hang before the others.
func (p *page) rows(first, hang, text string) []string {
	limit := 0
	if p.width > 0 {
		limit = max(p.width-max(columns(first), columns(hang)), 1)
	}
	var rows []string
	for _, piece := range wrap(text, limit) {
		rows = append(rows, strings.TrimRight(first+piece, " "))
		first = hang
	}
	return rows
}

func (p *page) decorate(style, row string) string {
	if !p.styled || style == styleNone {
		return row
	}
	return "\x1b[" + style + "m" + row + "\x1b[0m"
}

func styleOf(kind chat.LineKind) string {
	switch kind {
	case chat.LineHeading:
		return styleBold
	case chat.LineNote:
		return styleDim
	case chat.LineStruck:
		return styleStruck
	default:
		return styleNone
	}
}

// choices draws the numbered list, on one line where the screen is wide enough.
func (p *page) choices(choices []chat.Choice) {
	row := ""
	for i, c := range choices {
		entry := fmt.Sprintf("[%d] %s", i+1, oneLine(c.Label))
		if row != "" && p.width > 0 && columns(row+choiceGap+entry) > p.width {
			p.print(styleNone, "", "", row)
			row = ""
		}
		if row != "" {
			row += choiceGap
		}
		row += entry
	}
	p.print(styleNone, "", "", row)
}
