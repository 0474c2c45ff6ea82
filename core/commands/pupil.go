package commands

import (
	"context"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/i18n"
)

// pupils are those that this chat may ask about on a page, in the order of linking.
func (c schools) pupils(t *talk.Turn, page rights.Page) []family.Pupil {
	return view.TellApart(c.Family.Pupils(ids(c.Rights.Readable(t.Who, rights.School, page))))
}

// refMark begins a pupil's reference in a command line.
const refMark = "#"

// ref is how a button of ours names the pupil in a command line.
func ref(p family.Pupil) string { return refMark + p.Ref() }

// namesOf are the folded words by which people may call a pupil.
func namesOf(p family.Pupil) string { return i18n.Fold(p.Name + " " + p.Apart) }

// pickPupil finds the pupil that args name and returns the other words. Without a name it is the one chosen for
// this chat, or else the first one.
func (c schools) pickPupil(t *talk.Turn, page rights.Page, args string) (family.Pupil, string, error) {
	all := c.pupils(t, page)
	if len(all) == 0 {
		return family.Pupil{}, "", talk.Refuse("school.none", "link", t.Cmd("connexion"))
	}
	meant, typed, rest := named(all, args)
	switch {
	case typed != "" && len(meant) == 0:
		return family.Pupil{}, "", talk.Refuse("child.one", "names", c.view(t).Names(all))
	case len(meant) > 1:
		return family.Pupil{}, "", talk.Refuse("child.ambiguous", "typed", i18n.Short(typed), "names", c.view(t).Names(meant))
	case len(meant) == 1:
		return meant[0], rest, nil
	}
	for _, p := range all {
		if p.Is(t.Prefs().Child) {
			return p, args, nil
		}
	}
	return all[0], args, nil
}

// named finds whom args name, typed with which words, and the other words. meant has several when the words fit
// several, and is empty beside typed words when those name more than one.
func named(all []family.Pupil, args string) (meant []family.Pupil, typed, rest string) {
	var naming, others []string
	words := strings.Fields(args)
	for i, word := range words {
		matches := matchPupils(all, word)
		if i > 0 && isDigits(words[i-1]) && monthNumber(i18n.Fold(word)) > 0 {
			matches = nil // "12 mai" is a day before it is Maïa
		}
		if len(naming) > 0 { // a further word of the name narrows: "Roussel Léa"
			another := matches
			matches = intersect(matches, meant)
			if len(matches) == 0 && len(another) > 0 && hasName(another[0], i18n.Fold(word)) {
				return nil, strings.Join(append(naming, word), " "), ""
			}
		}
		if len(matches) == 0 {
			others = append(others, word)
			continue
		}
		meant, naming = matches, append(naming, word)
	}
	if len(meant) == 1 {
		others = withoutNames(others, meant[0])
	}
	return meant, strings.Join(naming, " "), strings.Join(others, " ")
}

// pickPupilOfYear is pickPupil, with the pupil as this school year knows it.
func (c schools) pickPupilOfYear(ctx context.Context, t *talk.Turn, page rights.Page, args string) (family.Pupil, string, error) {
	who, rest, err := c.pickPupil(t, page, args)
	if err != nil {
		return who, rest, err
	}
	this, err := c.Family.ThisYear(ctx, who)
	if err != nil && !family.OutOfReach(err) {
		return who, rest, err
	}
	if err == nil {
		who = this
	}
	return who, rest, nil
}

// matchPupils finds the children that one word names: a button's reference, a name, or the beginning of
// one (three letters at least, so that "lu" stays a day).
func matchPupils(all []family.Pupil, word string) []family.Pupil {
	var exact, begins []family.Pupil
	name := i18n.Fold(word)
	for _, p := range all {
		if ref, is := strings.CutPrefix(word, refMark); is && p.Is(ref) {
			return []family.Pupil{p}
		}
		switch {
		case hasName(p, name):
			exact = append(exact, p)
		case len(name) >= 3 && strings.Contains(" "+namesOf(p), " "+name):
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

// hasName tells whether a folded word is one of the child's names.
func hasName(p family.Pupil, word string) bool {
	return slices.Contains(strings.Fields(namesOf(p)), word)
}

// intersect keeps the children of a that are among b too.
func intersect(a, b []family.Pupil) []family.Pupil {
	var both []family.Pupil
	for _, p := range a {
		if slices.ContainsFunc(b, func(q family.Pupil) bool { return q.Ref() == p.Ref() }) {
			both = append(both, p)
		}
	}
	return both
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// withoutNames takes the remaining words of a child's name out, as in "/edt lundi Léa Dupont".
func withoutNames(words []string, p family.Pupil) []string {
	var rest []string
	parts := " " + namesOf(p) + " "
	for _, word := range words {
		if !strings.Contains(parts, " "+i18n.Fold(word)+" ") {
			rest = append(rest, word)
		}
	}
	return rest
}

// siblings are buttons that ask the same of the other pupils.
func (c schools) siblings(t *talk.Turn, page rights.Page, who family.Pupil, line string) []chat.Choice {
	var others []chat.Choice
	for _, p := range c.pupils(t, page) {
		if p.Ref() != who.Ref() && len(others) < 4 {
			others = append(others, t.RunChoice(view.Given(p), strings.TrimSpace(line+" "+ref(p))))
		}
	}
	return others
}
