package pronote

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Attack is one way in which a hostile school answers. The zero value is none.
type Attack struct {
	Function string // whose answers are hostile; PageFunction for the page that opens a session
	Filling  Filling
	Size     int // of the filling, in bytes before compression and encryption
	// Member is where the filling goes: the list or value of that name in the data. Default the function's own list, and
	// where it has none a member that nobody asked for.
	Member string
}

// PageFunction stands for the page of a space in an Attack.
const PageFunction = "page"

// Filling is what hostile answers are filled with.
type Filling string

// The fillings. All but FillCopies are cheap for a server that compresses: 16 MB of them travel as some 30 KB.
const (
	FillObjects  Filling = "objects"  // "{}" after "{}", in place of a list
	FillNumbers  Filling = "numbers"  // "0" after "0"
	FillCopies   Filling = "copies"   // the first entry of the honest list, again and again
	FillText     Filling = "text"     // one long text, wherever the honest answer has one
	FillNesting  Filling = "nesting"  // lists in lists
	FillTags     Filling = "tags"     // tagged values in tagged values
	FillMembers  Filling = "members"  // members that nobody asked for, each with a name of its own
	FillEnvelope Filling = "envelope" // the same outside of the secured part
	FillCookies  Filling = "cookies"  // cookies, in the header
	FillPage     Filling = "page"     // HTML in place of the answer
)

// Fillings lists them all.
var Fillings = []Filling{
	FillObjects, FillNumbers, FillCopies, FillText, FillNesting, FillTags, FillMembers, FillEnvelope, FillCookies, FillPage,
}

// Functions lists what an Attack may name.
var Functions = []string{
	PageFunction, functionParameters, "Identification", "Authentification", "ParametresUtilisateur",
	"PageEmploiDuTemps", "DernieresNotes", "PageCahierDeTexte", "JetonAppliMobile", "SaisieDeconnexion",
}

// ownList is the list that each function is about.
var ownList = map[string]string{
	functionParameters:      "ListePeriodes",
	"ParametresUtilisateur": "listeRessources",
	"PageEmploiDuTemps":     "ListeCours",
	"DernieresNotes":        "listeDevoirs",
	"PageCahierDeTexte":     "ListeTravauxAFaire",
}

// Attack makes the school hostile from the next request on, or honest again with the zero value. The page or function is
// carried out as usual, and what it says is then filled.
func (s *Server) Attack(a Attack) { s.fault(func(f *faults) { f.attack = a }) }

// attackOn gives the attack on a function; ok is false where there is none.
func (s *Server) attackOn(function string) (a Attack, ok bool) {
	a = s.currentFaults().attack
	return a, a.Function == function && function != ""
}

// fill makes an honest answer a hostile one.
func (a Attack) fill(data object) (object, error) {
	switch a.Filling {
	case FillEnvelope, FillCookies, FillPage: // outside of the data
		return data, nil
	}
	b, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	filled := object{}
	if err := json.Unmarshal(b, &filled); err != nil {
		return nil, err
	}
	member := a.Member
	if member == "" {
		member = ownList[a.Function]
	}
	switch a.Filling {
	case FillMembers:
		return a.addMembers(filled), nil
	case FillText:
		a.stretch(filled, 1+countTexts(filled))
		return filled, nil
	}
	if !a.replace(filled, member) {
		filled["enPlus"] = a.filling(nil)
	}
	return filled, nil
}

// filling is the JSON that goes in place of a value.
func (a Attack) filling(honest any) json.RawMessage {
	entry := "{}"
	switch a.Filling {
	case FillNumbers:
		entry = "0"
	case FillCopies:
		if list, ok := honest.([]any); ok && len(list) > 0 {
			if b, err := json.Marshal(list[0]); err == nil {
				entry = string(b)
			}
		}
	case FillNesting:
		depth := min(a.Size/2, maxNesting)
		return json.RawMessage(strings.Repeat("[", depth) + strings.Repeat("]", depth))
	case FillTags:
		const open, end = `{"_T":24,"V":`, `}`
		depth := min(a.Size/len(open+end), maxNesting)
		text := `"` + strings.Repeat("x", a.Size-depth*len(open+end)) + `"`
		return json.RawMessage(strings.Repeat(open, depth) + text + strings.Repeat(end, depth))
	}
	return json.RawMessage("[" + strings.Repeat(entry+",", a.Size/(len(entry)+1)) + entry + "]")
}

// maxNesting is what Go's own encoder puts up with; half of it is used by tags.
const maxNesting = 4000

// replace puts the filling in place of every value of that name, inside of its tag.
func (a Attack) replace(node any, member string) (done bool) {
	switch node := node.(type) {
	case []any:
		for _, n := range node {
			done = a.replace(n, member) || done
		}
	case object:
		for name, value := range node {
			tagged, isTagged := value.(object)
			switch {
			case name != member:
				done = a.replace(value, member) || done
			case isTagged && tagged["_T"] != nil && a.Filling != FillTags:
				tagged["V"], done = a.filling(tagged["V"]), true
			default:
				node[name], done = a.filling(value), true
			}
		}
	}
	return done
}

// stretch makes every text of the answer as long as its share of the size. Those that are dates or numbers stay.
func (a Attack) stretch(node any, texts int) {
	longer := func(value any) any {
		if s, ok := value.(string); ok && isProse(s) {
			return s + strings.Repeat(" x", a.Size/2/texts)
		}
		a.stretch(value, texts)
		return value
	}
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = longer(node[i])
		}
	case object:
		for name := range node {
			if name != "N" { // the identifiers: with those changed, nothing more could be asked
				node[name] = longer(node[name])
			}
		}
	}
}

func countTexts(node any) (n int) {
	switch node := node.(type) {
	case []any:
		for _, v := range node {
			n += countTexts(v)
		}
	case object:
		for _, v := range node {
			n += countTexts(v)
		}
	case string:
		if isProse(node) {
			n++
		}
	}
	return n
}

// isProse tells a text for people from a date, a mark, a set or a key.
func isProse(s string) bool {
	return s != "" && !strings.ContainsAny(s[:1], "0123456789[|#-") && !strings.ContainsAny(s, "/") && (len(s) != 32 && len(s) < 64)
}

func (a Attack) addMembers(data object) object {
	for i := range a.Size / len(`"m0000000":0,`) {
		data[fmt.Sprintf("m%07d", i)] = 0
	}
	return data
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
		const call = "<p>Start ({a:3 &amp; "
		_, _ = w.Write([]byte("<html>" + strings.Repeat(call, a.Size/len(call)))) // a client may go away
		return true
	}
	return false
}
