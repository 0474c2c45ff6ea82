package izly

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Attack is one way in which a hostile service answers. The zero value is none.
type Attack struct {
	Method  string // whose answers are hostile, SOAP or REST
	Filling Filling
	Size    int // of the filling, in bytes
}

// Filling is what hostile answers are filled with.
type Filling string

// The fillings.
const (
	FillElements   Filling = "elements"   // empty operations, or empty elements where there are none
	FillCopies     Filling = "copies"     // the first operation or card again and again, each with a number of its own
	FillNumbers    Filling = "numbers"    // operations with nothing but a number
	FillAttributes Filling = "attributes" // attributes of one element
	FillText       Filling = "text"       // one long text
	FillNesting    Filling = "nesting"    // elements in elements
	FillEnvelope   Filling = "envelope"   // elements around the document
	FillCookies    Filling = "cookies"    // cookies, in the header
	FillPage       Filling = "page"       // HTML in place of the answer
)

// Fillings lists them all.
var Fillings = []Filling{
	FillElements, FillCopies, FillNumbers, FillAttributes, FillText, FillNesting, FillEnvelope, FillCookies, FillPage,
}

// Methods lists what an Attack may name.
var Methods = []string{"Logon", "GetStatement", "MoneyInCbCbList", "MoneyInCb", "MoneyInCbConfirm", "IsSessionValid"}

// Attack makes the service hostile from the next call on, or honest again with the zero value. A call has its effect as
// usual, and the answer is then filled. A hostile statement counts more operations than it has given, so that a client
// that wants them all asks on.
func (s *Server) Attack(a Attack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attack = a
}

// attackOn gives the attack on a method; ok is false where there is none.
func (s *Server) attackOn(method string) (a Attack, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attack, s.attack.Method == method && method != ""
}

// fill makes an honest document a hostile one. number is of the first copy.
func (a Attack) fill(doc string, number int64) string {
	end := strings.LastIndex(doc, "</")
	if a.Method == "" || end < 0 {
		return doc
	}
	switch a.Filling {
	case FillElements:
		return doc[:end] + "<PL NB=\"1000000\">" + strings.Repeat("<P/>", a.Size/4) + "</PL>" + doc[end:]
	case FillCopies:
		return doc[:end] + a.numbered(firstEntry(doc), number) + doc[end:]
	case FillNumbers:
		return doc[:end] + a.numbered("<P><ID></ID></P>", number) + doc[end:]
	case FillAttributes:
		return doc[:end] + "<P" + strings.Repeat(` a=""`, a.Size/5) + "/>" + doc[end:]
	case FillText:
		return doc[:end] + "<MSG>" + strings.Repeat("x ", a.Size/2) + "</MSG>" + doc[end:]
	case FillNesting:
		return doc[:end] + strings.Repeat("<P>", a.Size/7) + strings.Repeat("</P>", a.Size/7) + doc[end:]
	}
	return doc
}

// fillREST does the same with a JSON object; other texts stay as they are.
func (a Attack) fillREST(body string) string {
	if !strings.HasPrefix(body, "{") {
		return body
	}
	value := ""
	switch a.Filling {
	case FillElements, FillCopies, FillNumbers, FillEnvelope:
		value = "[{}" + strings.Repeat(",{}", a.Size/3) + "]"
	case FillAttributes:
		var b strings.Builder
		for i := range a.Size / len(`"m0000000":0,`) {
			fmt.Fprintf(&b, `"m%07d":0,`, i)
		}
		return "{" + b.String() + body[1:]
	case FillText:
		value = `"` + strings.Repeat("x ", a.Size/2) + `"`
	case FillNesting:
		value = strings.Repeat("[", a.Size/2) + strings.Repeat("]", a.Size/2)
	default:
		return body
	}
	return `{"ErrorMessage":null,"more":` + value + "," + body[1:]
}

// numbered repeats an entry, each time with the next lower number.
func (a Attack) numbered(entry string, number int64) string {
	before, rest, _ := strings.Cut(entry, "<ID>")
	_, after, _ := strings.Cut(rest, "</ID>")
	var b strings.Builder
	b.WriteString(`<PL NB="1000000">`)
	for i := range int64(a.Size / (len(entry) + 10)) {
		b.WriteString(before + "<ID>" + strconv.FormatInt(number-i, 10) + "</ID>" + after)
	}
	return b.String() + "</PL>"
}

// firstEntry is the first operation or card of a document.
func firstEntry(doc string) string {
	for _, name := range []string{"P", "CB"} {
		_, rest, found := strings.Cut(doc, "<"+name+">")
		entry, _, ended := strings.Cut(rest, "</"+name+">")
		if found && ended {
			return "<" + name + ">" + entry + "</" + name + ">"
		}
	}
	return "<P><ID></ID></P>"
}

// around is what FillEnvelope puts into the body of the envelope.
func (a Attack) around() string {
	if a.Filling != FillEnvelope {
		return ""
	}
	return strings.Repeat("<x/>", a.Size/4)
}

// write sends what is hostile in the header, and the page that stands in place of an answer. It tells whether the answer
// has been given.
func (a Attack) write(w http.ResponseWriter) (done bool) {
	switch a.Filling {
	case FillCookies:
		for i := range a.Size / len("Set-Cookie: c0000000=0\r\n") {
			w.Header().Add("Set-Cookie", fmt.Sprintf("c%07d=0", i))
		}
	case FillPage:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html>" + strings.Repeat("<p>", a.Size/3))) // a client may go away
		return true
	}
	return false
}
