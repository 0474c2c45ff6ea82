package core

import (
	"context"
	"slices"
	"strings"

	"cartable/core/pronote"
	"cartable/i18n"
)

// pupil is one child of one linked account.
type pupil struct {
	account *schoolAccount
	child   pronote.Child
}

// pupils are the children that this chat may ask about, in the order of linking. A child that several
// accounts show (a parent's and its own) is there once, by an account that works if one does.
func (t *turn) pupils() []pupil {
	var all []pupil
	for _, a := range t.schools() {
		rec := a.record().School
		for _, child := range rec.Account.Children {
			twin := slices.IndexFunc(all, func(p pupil) bool { return p.child.Key == child.Key })
			switch {
			case twin < 0:
				all = append(all, pupil{a, child})
			case rec.Stopped == "" && all[twin].account.record().School.Stopped != "":
				all[twin] = pupil{a, child}
			}
		}
	}
	return all
}

// given is the first name in PRONOTE's "DUPONT Léa", or the whole name where it cannot be told.
func (p pupil) given() string {
	var names []string
	for _, word := range strings.Fields(p.child.Name) {
		if word != strings.ToUpper(word) {
			names = append(names, word)
		}
	}
	if len(names) == 0 {
		return p.child.Name
	}
	return strings.Join(names, " ")
}

// ref is how a button of ours names the child in a command line.
func (p pupil) ref() string { return "#" + p.child.Key }

// pickPupil finds the child that args name and returns the other words. Without a name it is the child
// chosen for this chat, or else the first one.
func (t *turn) pickPupil(args string) (pupil, string, error) {
	all := t.pupils()
	if len(all) == 0 {
		return pupil{}, "", say("school.none", "link", t.cmd("connexion"))
	}
	var meant []pupil
	var naming, rest []string
	words := strings.Fields(args)
	for i, word := range words {
		matches := matchPupils(all, word)
		if i > 0 && isDigits(words[i-1]) && monthNumber(i18n.Fold(word)) > 0 {
			matches = nil // "12 mai" is a day before it is Maïa
		}
		if len(naming) > 0 { // a further word of the name narrows: "Roussel Léa"
			others := matches
			matches = intersect(matches, meant)
			if len(matches) == 0 && len(others) > 0 && others[0].named(i18n.Fold(word)) {
				return pupil{}, "", say("child.one", "names", t.names(all))
			}
		}
		if len(matches) == 0 {
			rest = append(rest, word)
			continue
		}
		meant, naming = matches, append(naming, word)
	}
	switch {
	case len(meant) > 1:
		return pupil{}, "", say("child.ambiguous", "typed", i18n.Short(strings.Join(naming, " ")), "names", t.names(meant))
	case len(meant) == 1:
		return meant[0], strings.Join(withoutNames(rest, meant[0]), " "), nil
	}
	for _, p := range all {
		if p.child.Key == t.settings.Child {
			return p, args, nil
		}
	}
	return all[0], args, nil
}

// pickPupilOfYear is pickPupil, with the child as this school year knows it.
func (t *turn) pickPupilOfYear(ctx context.Context, args string) (pupil, string, error) {
	who, rest, err := t.pickPupil(args)
	if err != nil {
		return who, rest, err
	}
	if err := who.account.renewYear(ctx); err != nil && !outOfReach(err) {
		return who, rest, err
	}
	for _, child := range who.account.account().Children {
		if child.Key == who.child.Key {
			who.child = child
		}
	}
	return who, rest, nil
}

// matchPupils finds the children that one word names: a button's reference, a name, or the beginning of
// one (three letters at least, so that "lu" stays a day).
func matchPupils(all []pupil, word string) []pupil {
	var exact, begins []pupil
	name := i18n.Fold(word)
	for _, p := range all {
		if word == p.ref() {
			return []pupil{p}
		}
		switch {
		case p.named(name):
			exact = append(exact, p)
		case len(name) >= 3 && strings.Contains(" "+i18n.Fold(p.child.Name), " "+name):
			begins = append(begins, p)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	_, day := weekday(name)
	_, subject := subjectNames[name]
	if day || subject {
		return nil // "mar" is Tuesday before it is Marie, "math" is a subject before it is Mathilde
	}
	return begins
}

// named tells whether a folded word is one of the child's names.
func (p pupil) named(word string) bool {
	return slices.Contains(strings.Fields(i18n.Fold(p.child.Name)), word)
}

// intersect keeps the children of a that are among b too.
func intersect(a, b []pupil) []pupil {
	var both []pupil
	for _, p := range a {
		if slices.ContainsFunc(b, func(q pupil) bool { return q.child.Key == p.child.Key }) {
			both = append(both, p)
		}
	}
	return both
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// withoutNames takes the remaining words of a child's name out, as in "/edt lundi Léa Dupont".
func withoutNames(words []string, p pupil) []string {
	var rest []string
	parts := " " + i18n.Fold(p.child.Name) + " "
	for _, word := range words {
		if !strings.Contains(parts, " "+i18n.Fold(word)+" ") {
			rest = append(rest, word)
		}
	}
	return rest
}

// names lists children for a sentence.
func (t *turn) names(all []pupil) string {
	var names []string
	for _, p := range all {
		names = append(names, p.given())
	}
	return t.p.List(names, t.p.T("and"))
}

// siblings are buttons that ask the same of the other children.
func (t *turn) siblings(who pupil, line string) []Choice {
	var others []Choice
	for _, p := range t.pupils() {
		if p.child.Key != who.child.Key && len(others) < 4 {
			others = append(others, t.runChoice(p.given(), strings.TrimSpace(line+" "+p.ref())))
		}
	}
	return others
}

// staleNote says from when a value is, when the school could not be asked.
func staleNote[T any](t *turn, r reading[T]) []Line {
	if r.cause == nil {
		return nil
	}
	t.log.Warn("answered from what is stored", "error", r.cause)
	at := r.fetched.In(t.e.cfg.Location)
	return []Line{{Kind: LineNote, Text: t.p.T("stale", "day", t.p.FullDate(at), "time", t.p.Clock(at))}}
}
