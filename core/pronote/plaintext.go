package pronote

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxHTML bounds the source of one text; what is beyond is cut.
const maxHTML = 256 << 10

// plainText makes text of the HTML in which teachers write: a line per block, "- " before list items,
// no markup. Links keep their words only.
func plainText(source string) string {
	source = strings.ToValidUTF8(source[:min(len(source), maxHTML)], "")
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxHTML + 1)
	var w lineWriter
	hidden := false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return w.text()
		case html.TextToken:
			if !hidden {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, _ := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case tag == atom.Script || tag == atom.Style:
				hidden = kind != html.EndTagToken
			case tag == atom.Li && kind == html.StartTagToken:
				w.breakLine()
				w.words("- ")
			case tag == atom.Td && kind == html.EndTagToken:
				w.words(" ")
			case blocks[tag]:
				w.breakLine()
			}
		}
	}
}

// blocks are the elements that stand on lines of their own.
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Blockquote: true, atom.Br: true, atom.Dd: true, atom.Div: true, atom.Dl: true,
	atom.Dt: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Hr: true, atom.Li: true, atom.Ol: true, atom.P: true, atom.Pre: true, atom.Table: true,
	atom.Tr: true, atom.Ul: true,
}

// lineWriter collects words and drops the blanks and empty lines that only lay out the source.
type lineWriter struct {
	lines []string
	line  strings.Builder
}

func (w *lineWriter) words(s string) { w.line.WriteString(s) }

func (w *lineWriter) breakLine() {
	if line := strings.Join(strings.Fields(w.line.String()), " "); line != "" && line != "-" {
		w.lines = append(w.lines, line)
	}
	w.line.Reset()
}

func (w *lineWriter) text() string {
	w.breakLine()
	return strings.Join(w.lines, "\n")
}
