package pronote

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// maxHTML bounds the source of one text; what is beyond is cut.
const maxHTML = 256 << 10

// plainText makes text of the HTML in which teachers write: a line per block, "- " before list items,
// no markup. A link is shown as the address where it goes, after its words: what people see is where they get to.
func plainText(source string) string {
	source = strings.ToValidUTF8(source[:min(len(source), maxHTML)], "")
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(maxHTML + 1)
	var w lineWriter
	link := "" // the address of the link that is open
	hidden := false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			w.endLink(link)
			return w.text()
		case html.TextToken:
			if !hidden {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := z.TagName()
			tag := atom.Lookup(name)
			switch {
			case tag == atom.A:
				w.endLink(link)
				link = ""
				if kind == html.StartTagToken && !hidden {
					link = shownAddress(attribute(z, more, "href"))
					w.beginLink()
				}
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

// attribute is the value of an attribute of the tag that was read, or "".
func attribute(z *html.Tokenizer, more bool, name string) string {
	for more {
		var key, value []byte
		if key, value, more = z.TagAttr(); string(key) == name {
			return string(value)
		}
	}
	return ""
}

// maxShown bounds an address that is shown. A part of one would lead elsewhere, so that a longer one is left out.
const maxShown = 1000

// shownAddress is an address of the web as it may be shown: what a browser would open, with the letters of other
// alphabets in the name of its host as they are looked up, and without a user name, which could pose as one. It is empty
// for what is none.
func shownAddress(text string) string {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return ""
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return ""
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host, u.User = host, nil
	if address := u.String(); len(address) <= maxShown {
		return address
	}
	return ""
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
	line  []byte
	link  int // where the words of the open link begin in line
}

func (w *lineWriter) words(s string) { w.line = append(w.line, s...) }

func (w *lineWriter) beginLink() { w.link = len(w.line) }

// endLink writes where a link goes, after what it is called. A name that looks like an address is left out: it could be
// another one.
func (w *lineWriter) endLink(address string) {
	if address == "" {
		return
	}
	name := strings.TrimSpace(string(w.line[w.link:]))
	if name == "" || posesAsAddress(name) {
		w.line = append(w.line[:w.link], address...)
		return
	}
	w.words(" (" + address + ")")
}

// posesAsAddress tells whether apps would make a link of a text by itself.
func posesAsAddress(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	_, registered := publicsuffix.PublicSuffix(strings.ToLower(host))
	return strings.Contains(text, "://") || registered && strings.Contains(host, ".")
}

func (w *lineWriter) breakLine() {
	if line := strings.Join(strings.Fields(string(w.line)), " "); line != "" && line != "-" {
		w.lines = append(w.lines, line)
	}
	w.line, w.link = w.line[:0], 0
}

func (w *lineWriter) text() string {
	w.breakLine()
	return strings.Join(w.lines, "\n")
}
