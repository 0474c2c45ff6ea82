// Package ask reads what people say to the bot: what they want, of which child, of when, how much. It is pure: it
// asks nobody and knows no sentences. The same grammar serves what stands after a command, plain words, questions, and
// the answers to questions of the bot, in French and English alike.
//
// A text is cut into words, from which the small ones are dropped. Each run of the others may mean several things ("history"
// is a command and a subject): of all ways to read the text the one is taken that leaves the fewest words over, and then
// the one of the surest meanings. What is left over decides whether the text was understood.
package ask

import (
	"strings"
	"time"
)

// Command is something that people ask for, with the words that mean it.
type Command struct {
	Name  string   // in French, without a slash
	Words []string // folded; each may be several words
	Exact bool     // it takes something away: a typing error away from its words is not it
}

// Child is one that people may name, and that "#" and a reference stand for.
type Child struct {
	Key, Name string                // "ROUSSEL Léa"
	Is        func(ref string) bool // nil: the reference is the key
}

// Period is one of the school's, in order.
type Period struct{ Key, Name string } // "Trimestre 1"

// Wallet is one that people may name.
type Wallet struct{ ID, Name, Phone string } // by the first name of its holder, or the end of the phone number

// World is what a text is read against: who and what there is. Only Now is required.
type World struct {
	Now      time.Time // at the school
	Command  string    // that was already named, "" for none
	Children []Child
	Periods  []Period
	Wallets  []Wallet
}

// Question asks for one thing of a day rather than for all of it.
type Question string

// The questions.
const (
	Begins  Question = "begins"  // when the first lesson begins
	Ends    Question = "ends"    // when the last one ends
	Teacher Question = "teacher" // whether a teacher is there
)

// Span is a day or some of them, from midnight to midnight, both included.
type Span struct {
	From, To time.Time
	Week     bool // a whole week; of no day where From is zero: the present one, or the next once it is over
}

// Amount is a sum of money.
type Amount struct {
	Cents int64 // above 0 unless Err says what is wrong
	Said  string
	Err   error // one of ErrAmount…
}

// Request is a text that was read. What it does not name is empty.
type Request struct {
	Command  string // that was named, or follows from the rest
	Named    bool   // it was named
	Question Question
	Children []string // keys, in the order of the text; all of them after "les enfants"
	Unclear  []string // keys of children that the same words fit
	Vague    string   // those words, as typed
	Days     []Span
	DayErr   error    // *NoSuchDateError or *OtherWeekdayError
	Subjects []string // as SubjectsNamed takes them
	Period   string   // key
	NoPeriod string   // as said, when the school has no such period
	Amount   *Amount
	Number   int    // without a unit, above 0
	Wallet   string // ID
	Overall  bool   // "moyenne générale"
	Details  bool   // "en détail"
	Not      bool   // "ne … pas": something is not wanted
	Thanks   bool   // "merci", "ok": nothing is asked for
	Rest     string // as typed: what was not understood
	Args     string // as typed: what stands beside the command, without small words

	lastNamed bool // the last of Days is the next such day of the week
}

// Understood tells whether something is asked for and no word is left over.
func (r Request) Understood() bool { return r.Command != "" && r.Rest == "" }

// maxText bounds what is read, in bytes, and maxWords in words. What is longer is no request.
const (
	maxText  = 500
	maxWords = 40
)

// Grammar knows the words of the commands. It may be used by several goroutines.
type Grammar struct {
	phrases map[string][]meaning // by folded words without small ones
	words   map[string]bool      // that stand in phrases or are known elsewhere: true for what a typing error may mean
}

// New makes the grammar of some commands.
func New(commands []Command) *Grammar {
	g := &Grammar{phrases: make(map[string][]meaning), words: make(map[string]bool)}
	for _, c := range commands {
		for _, words := range append([]string{c.Name}, c.Words...) {
			score := 10
			if weak[words] {
				score = 4
			}
			g.add(words, meaning{kind: isCommand, name: c.Name, score: score}, !c.Exact)
		}
	}
	for _, v := range vocabulary {
		for _, words := range v.words {
			g.add(words, v.meaning, v.kind == isQuestion || v.kind == isSubject)
		}
	}
	for _, word := range dayVocabulary() {
		g.words[word] = true
	}
	return g
}

// add makes words mean something, and what is a typing error away from them too where it mends. Small words among them
// do not count, unless there are no others.
func (g *Grammar) add(words string, m meaning, mends bool) {
	var kept []string
	for _, word := range strings.Fields(words) {
		if !small[word] {
			kept = append(kept, word)
		}
	}
	if len(kept) == 0 {
		kept = strings.Fields(words)
	}
	for _, word := range kept {
		g.words[word] = g.words[word] || mends
	}
	phrase := strings.Join(kept, " ")
	for _, known := range g.phrases[phrase] {
		if known == m {
			return
		}
	}
	g.phrases[phrase] = append(g.phrases[phrase], m)
}

// Read reads a text.
func (g *Grammar) Read(text string, w World) Request {
	if len(text) > maxText {
		return Request{Command: w.Command, Rest: text, Args: text}
	}
	r := reader{Grammar: g, World: w, tokens: tokens(text)}
	if len(r.tokens) > maxWords {
		return Request{Command: w.Command, Rest: text, Args: text}
	}
	r.mend()
	return r.request(r.solve(r.matches()))
}
