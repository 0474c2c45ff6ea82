package view

import (
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/i18n"
)

// Given is the first name in a school's "DUPONT Léa", or the whole name where it cannot be told, with what tells the
// pupil from others who are called the same.
func Given(who family.Pupil) string {
	if who.Apart != "" {
		return given(who) + " (" + who.Apart + ")"
	}
	return given(who)
}

func given(who family.Pupil) string {
	var names []string
	for _, word := range strings.Fields(who.Name) {
		if word != strings.ToUpper(word) {
			names = append(names, word)
		}
	}
	if len(names) == 0 {
		return who.Name
	}
	return strings.Join(names, " ")
}

// TellApart sets what tells pupils apart who would be called the same: the school where they differ in it, and its
// address where two servers claim the same pupil, because a name of a school can be claimed too; else the class or the
// whole name.
func TellApart(pupils []family.Pupil) []family.Pupil {
	for i, p := range pupils {
		for j, q := range pupils {
			if i == j || i18n.Fold(given(p)) != i18n.Fold(given(q)) {
				continue
			}
			if apart := apart(p, q); len(apart) > len(pupils[i].Apart) {
				pupils[i].Apart = apart
			}
		}
	}
	return pupils
}

// apart is what tells p from q.
func apart(p, q family.Pupil) string {
	address := strings.TrimPrefix(p.Host, "https://")
	switch sameSchool := i18n.Fold(p.School) == i18n.Fold(q.School); {
	case p.Host == q.Host && sameSchool && p.Class != "" && p.Class != q.Class:
		return p.Class
	case p.Host == q.Host && sameSchool:
		return p.Name
	case p.School == "":
		return address
	case p.Host != q.Host && (sameSchool || i18n.Fold(p.Name) == i18n.Fold(q.Name)):
		return p.School + ", " + address
	default:
		return p.School
	}
}

// Names lists pupils for a sentence.
func (v View) Names(pupils []family.Pupil) string {
	var names []string
	for _, who := range pupils {
		names = append(names, Given(who))
	}
	return list(v, names)
}

// LinkedSchool says what the bot can now see, and what it keeps for that: a password, or else a token.
func (v View) LinkedSchool(profile school.Profile, password bool) chat.Reply {
	r := chat.Reply{Title: v.P.T("link.school.done"), Body: []chat.Line{{Label: v.P.T("link.school.name"), Text: profile.School}}}
	for _, pupil := range profile.Pupils {
		r.Body = append(r.Body, chat.Line{Label: v.P.T("link.school.child"), Text: joinParts(pupil.Name, pupil.Class)})
	}
	r.Body = append(r.Body, chat.Line{Text: v.P.T("link.school.can", "edt", v.Cmd("edt"), "notes", v.Cmd("notes"), "devoirs", v.Cmd("devoirs"))})
	stored := "link.school.stored_token"
	if password {
		stored = "link.school.stored"
	}
	r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: v.P.T(stored, "unlink", v.Cmd("deconnexion"))})
	return r
}
