package ask

import (
	"slices"
	"strings"

	"cartable/i18n"
)

// reader reads one text.
type reader struct {
	*Grammar
	World
	tokens []token
}

// match is one thing that a run of tokens may mean.
type match struct {
	from, to int // tokens, to excluded
	meaning
	fits    []int // children, by their place in World
	span    Span
	weekday bool  // the span is the next such day of the week
	err     error // of a day
	amount  *Amount
	absent  string // a period that the school has not, as said
}

const (
	leftOver    = -20 // score of a word that means nothing
	unheard     = -30 // of one that names a command
	mendedScore = -4  // what a typing error takes away
	runScore    = 3   // for each further word of a run: it is surer than its words alone
	maxRun      = 4   // words of a phrase
	maxMended   = 24  // bytes of a word that is mended
)

// matches finds all that any run of tokens may mean.
func (r *reader) matches() []match {
	var all []match
	for from := range r.tokens {
		for to := from + 1; to <= min(from+max(maxRun, maxDayWords), len(r.tokens)); to++ {
			all = append(all, r.meanings(from, to)...)
		}
	}
	return all
}

// meanings are those of one run.
func (r *reader) meanings(from, to int) []match {
	run := r.tokens[from:to]
	words := make([]string, len(run))
	mended := 0
	for i, t := range run {
		words[i] = t.word
		if t.mended {
			mended++
		}
	}
	var all []match
	add := func(m match) {
		m.from, m.to = from, to
		m.score = m.score*len(run) + runScore*(len(run)-1) + mendedScore*mended
		all = append(all, m)
	}
	for _, m := range r.phrases[strings.Join(words, " ")] {
		add(match{meaning: m})
	}
	if span, score, ok, err := r.day(run); ok {
		_, named := weekday(words[0])
		add(match{meaning: meaning{kind: isDay, score: score}, span: span, err: err, weekday: named && len(run) == 1})
	}
	if key, said, ok := r.period(words); ok {
		add(match{meaning: meaning{isPeriod, key, 10}, absent: said})
	}
	if a, score := amount(run); a != nil {
		add(match{meaning: meaning{kind: isAmount, score: score}, amount: a})
	}
	if len(run) > 1 {
		return all
	}
	if isDigits(words[0]) {
		add(match{meaning: meaning{isNumber, words[0], 4}})
	}
	if fits, score := r.children(run[0]); len(fits) > 0 {
		add(match{meaning: meaning{kind: isChild, score: score}, fits: fits})
	}
	if id := r.wallet(run[0], from > 0); id != "" {
		add(match{meaning: meaning{isWallet, id, 9}})
	}
	return all
}

// state is how a text can be read up to some token.
type state struct {
	score   int
	command string // that was named by then
	last    int    // the match that ends there, or -1 for a word left over
	before  int    // the state that goes before, in the column of its token
	column  int
}

// solve picks the matches of the best way to read the text, which names one command at most.
func (r *reader) solve(all []match) []match {
	columns := make([][]state, len(r.tokens)+1)
	columns[0] = []state{{command: r.Command, last: -1}}
	reach := func(at int, s state) {
		for i, have := range columns[at] {
			if have.command == s.command {
				if s.score > have.score {
					columns[at][i] = s
				}
				return
			}
		}
		columns[at] = append(columns[at], s)
	}
	for at := range r.tokens {
		skipped := leftOver
		for _, m := range all {
			if m.from == at && m.to == at+1 && m.kind == isCommand {
				skipped = unheard
			}
		}
		for i, s := range columns[at] {
			reach(at+1, state{score: s.score + skipped, command: s.command, last: -1, before: i, column: at})
			for n, m := range all {
				if m.from != at || m.kind == isDay && s.command == topUp {
					continue
				}
				next := state{score: s.score + m.score, command: s.command, last: n, before: i, column: at}
				if m.kind == isCommand {
					if s.command != "" && s.command != m.name {
						continue
					}
					next.command = m.name
				}
				reach(m.to, next)
			}
		}
	}
	best := columns[len(r.tokens)][0]
	for _, s := range columns[len(r.tokens)][1:] {
		if s.score > best.score {
			best = s
		}
	}
	var found []match
	for at, s := len(r.tokens), best; at > 0; {
		if s.last < 0 {
			found = append(found, match{from: at - 1, to: at, meaning: meaning{kind: -1}})
		} else {
			found = append(found, all[s.last])
		}
		at, s = s.column, columns[s.column][s.before]
	}
	slices.Reverse(found)
	return found
}

// mend replaces words that nobody knows by the one known word that is a typing error away.
func (r *reader) mend() {
	for i, t := range r.tokens {
		if _, known := r.words[t.word]; known || len(t.word) < 4 || len(t.word) > maxMended || strings.ContainsAny(t.word, "0123456789#€/") {
			continue
		}
		if fits, _ := r.children(t); len(fits) > 0 {
			continue
		}
		found, several := "", false
		for word := range r.known() {
			if len(word) >= 4 && i18n.Slips(t.word, word) == 1 {
				found, several = word, several || found != "" && found != word
			}
		}
		if found != "" && !several {
			r.tokens[i].word, r.tokens[i].mended = found, true
		}
	}
}

// known goes over the words that there are, those of children's names too.
func (r *reader) known() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word, mends := range r.words {
			if mends && !yield(word) {
				return
			}
		}
		for _, c := range r.Children {
			for _, word := range strings.Fields(i18n.Fold(c.Name)) {
				if !small[word] && !yield(word) {
					return
				}
			}
		}
	}
}

// children are those that one word names: a reference, a name, or the beginning of one, of three letters at least.
func (r *reader) children(t token) (fits []int, score int) {
	var exact, begins []int
	for i, c := range r.Children {
		if ref, is := strings.CutPrefix(t.raw, "#"); is && (ref == c.Key || c.Is != nil && c.Is(ref)) {
			return []int{i}, 10
		}
		for _, name := range strings.Fields(i18n.Fold(c.Name)) {
			switch {
			case small[name]:
			case name == t.word:
				exact = appendOnce(exact, i)
			case len(t.word) >= 3 && strings.HasPrefix(name, t.word):
				begins = appendOnce(begins, i)
			}
		}
	}
	if len(exact) > 0 {
		return exact, 10
	}
	return begins, 6
}

func appendOnce(list []int, n int) []int {
	if len(list) > 0 && list[len(list)-1] == n {
		return list
	}
	return append(list, n)
}

// wallet is the one that a word names: a reference, the first name of its holder, or the end of its number after other
// words.
func (r *reader) wallet(t token, further bool) string {
	for _, w := range r.Wallets {
		switch {
		case t.raw == "#"+w.ID:
			return w.ID
		case len(r.Wallets) < 2:
		case w.Name != "" && t.word == i18n.Fold(w.Name):
			return w.ID
		case further && len(t.word) >= 4 && isDigits(strings.TrimPrefix(t.raw, "…")) && strings.HasSuffix(w.Phone, strings.TrimPrefix(t.raw, "…")):
			return w.ID
		}
	}
	return ""
}

// periodKinds are the words for each kind of period, by what PRONOTE's names of it begin with.
var periodKinds = map[string][]string{
	"trimestre": {"trimestre", "trim", "tri", "t", "term"},
	"semestre":  {"semestre", "sem", "s", "semester"},
}

var ordinals = map[string]string{
	"1": "1", "1er": "1", "1ere": "1", "premier": "1", "first": "1", "1st": "1",
	"2": "2", "2e": "2", "2eme": "2", "2nd": "2", "deuxieme": "2", "second": "2", "seconde": "2",
	"3": "3", "3e": "3", "3eme": "3", "3rd": "3", "troisieme": "3", "third": "3", "dernier": "3",
}

// period reads "trimestre 1", "1er trimestre", "T1", "S2", "term 1", or the name of one. said is not empty when the school
// has no such period.
func (r *reader) period(words []string) (key, said string, ok bool) {
	text := strings.Join(words, " ")
	for _, p := range r.Periods {
		if i18n.Fold(p.Name) == text {
			return p.Key, "", true
		}
	}
	word, number := "", ""
	switch {
	case len(words) == 1 && len(text) == 2 && (text[0] == 't' || text[0] == 's') && text[1] >= '1' && text[1] <= '3':
		word, number = text[:1], text[1:]
	case len(words) != 2:
		return "", "", false
	case ordinals[words[1]] != "":
		word, number = words[0], ordinals[words[1]]
	default:
		word, number = words[1], ordinals[words[0]]
	}
	for kind, forms := range periodKinds {
		if number == "" || !among(word, forms...) {
			continue
		}
		for _, p := range r.Periods {
			if i18n.Fold(p.Name) == kind+" "+number {
				return p.Key, "", true
			}
		}
		if len(word) > 1 || len(words) == 1 {
			return "", kind + " " + number, true
		}
	}
	return "", "", false
}

// request puts together what was found.
func (r *reader) request(found []match) Request {
	q := Request{Command: r.Command}
	var rest, args []string
	var named []naming
	money, everyone, thanks, known, left := false, false, false, false, false
	for _, m := range found {
		if m.kind == isCommand {
			q.Command, q.Named = m.name, true
		}
	}
	if r.weakly(found) {
		q.Command, q.Named = "", false
	}
	sums := slices.ContainsFunc(found, func(m match) bool { return m.kind == isAmount })
	for _, m := range found {
		raw := r.raw(m.from, m.to)
		if m.kind != isCommand {
			args = append(args, raw)
		}
		if m.kind >= 0 && m.kind != isThanks && m.kind != isFiller {
			known = true
		}
		switch m.kind {
		case isCommand:
		case isQuestion:
			if q.Question != Teacher { // "à quelle heure finit le prof" asks for the teacher's hours, which nobody knows
				q.Question = Question(m.name)
			}
		case isSubject:
			q.Subjects = append(q.Subjects, m.name)
		case isChild:
			named = narrow(named, naming{m.fits, raw})
		case isEveryone:
			everyone = true
		case isDay:
			q.addDay(m, r.tokens[m.from].before)
		case isPeriod:
			q.Period, q.NoPeriod = m.name, m.absent
		case isNot:
			q.Not = true
		case isAmount:
			unit := hasUnit(raw)
			if money = money || unit; !unit && q.Command != topUp {
				rest = append(rest, raw)
				continue
			}
			if q.Amount != nil { // "20 euros ou 30 euros"
				m.amount = &Amount{Said: q.Amount.Said + " " + raw, Err: ErrAmountApart}
			}
			q.Amount = m.amount
		case isNumber:
			if q.Command == topUp && (sums || q.Amount != nil) { // the digits of a card
				rest = append(rest, raw)
				continue
			}
			if q.Command == topUp {
				cents, err := ParseAmount(raw)
				q.Amount = &Amount{Cents: cents, Said: raw, Err: err}
				continue
			}
			if q.Command != history && q.Command != "" {
				rest = append(rest, raw)
				continue
			}
			q.Number = atoi(m.name)
		case isWallet:
			q.Wallet = m.name
		case isOverall:
			q.Overall = true
		case isDetails:
			q.Details = true
		case isThanks:
			thanks = true
		case isFiller:
			left = left || leftWords[r.tokens[m.from].word]
		case isPart:
		default:
			rest = append(rest, raw)
		}
	}
	q.Rest, q.Args = strings.Join(rest, " "), strings.Join(args, " ")
	r.who(&q, named, everyone)
	q.Thanks = thanks && !known && q.Rest == ""
	if q.Command == "" && !q.Thanks {
		q.Command = q.follows(money && !left)
	}
	return q
}

// weakly tells whether only a word that may stand for anything names the command, beside something else that is asked for.
func (r *reader) weakly(found []match) bool {
	command, other := false, false
	for _, m := range found {
		switch m.kind {
		case isCommand:
			command = weak[r.tokens[m.from].word] && m.to == m.from+1
		case isSubject, isOverall, isPeriod, isQuestion, isDay, isChild, isEveryone, isAmount:
			other = true
		}
	}
	return command && other
}

// raw is what was typed of some tokens.
func (r *reader) raw(from, to int) string {
	words := make([]string, 0, to-from)
	for _, t := range r.tokens[from:to] {
		words = append(words, t.raw)
	}
	return strings.Join(words, " ")
}

// naming is words that name a child, and which children they fit.
type naming struct {
	fits []int
	said string
}

// narrow adds words to those that name children: a further word of the same name narrows it.
func narrow(named []naming, further naming) []naming {
	for i, n := range named {
		var both []int
		for _, child := range n.fits {
			if slices.Contains(further.fits, child) {
				both = append(both, child)
			}
		}
		if len(both) > 0 {
			named[i] = naming{both, n.said + " " + further.said}
			return named
		}
	}
	return append(named, further)
}

// who fills in whom the words name.
func (r *reader) who(q *Request, named []naming, everyone bool) {
	if everyone {
		for _, c := range r.Children {
			q.Children = append(q.Children, c.Key)
		}
		return
	}
	for _, n := range named {
		if len(n.fits) == 1 {
			q.Children = append(q.Children, r.Children[n.fits[0]].Key)
			continue
		}
		q.Vague = n.said
		for _, child := range n.fits {
			q.Unclear = append(q.Unclear, r.Children[child].Key)
		}
	}
}

// addDay adds a day, or makes "de lundi à mercredi" one span.
func (q *Request) addDay(m match, before string) {
	if m.err != nil {
		q.DayErr = m.err
		return
	}
	n := len(q.Days)
	if n > 0 && m.span.Week && !m.span.From.IsZero() && q.lastNamed { // "lundi de la semaine prochaine"
		day := q.Days[n-1].From
		q.Days[n-1] = oneDay(m.span.From.AddDate(0, 0, (int(day.Weekday())+6)%7))
		return
	}
	q.lastNamed = m.weekday
	if n == 0 || m.span.Week || q.Days[n-1].Week {
		q.Days = append(q.Days, m.span)
		return
	}
	last := &q.Days[n-1]
	if m.weekday && m.span.From.Before(last.To) { // "lundi et mardi" on a Tuesday
		m.span = oneDay(m.span.From.AddDate(0, 0, 7))
	}
	if among(before, rangeWords...) && m.span.To.After(last.From) {
		last.To = m.span.To
		return
	}
	q.Days = append(q.Days, m.span)
}

// The commands that a text without one is about.
const (
	timetable = "edt"
	grades    = "notes"
	topUp     = "recharger"
	history   = "historique"
)

// follows is the command that is meant where none is named.
func (q Request) follows(money bool) string {
	switch {
	case money:
		return topUp
	case q.Question != "":
		return timetable
	case len(q.Days) > 0, q.DayErr != nil:
		return timetable
	case len(q.Subjects) > 0, q.Period != "", q.NoPeriod != "", q.Overall:
		return grades
	case len(q.Children) > 0, len(q.Unclear) > 0:
		return timetable
	default:
		return ""
	}
}
