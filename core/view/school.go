package view

import (
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
)

// Given is the first name in a school's "DUPONT Léa", or the whole name where it cannot be told.
func (v View) Given(who family.Pupil) string {
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

// Names lists pupils for a sentence.
func (v View) Names(pupils []family.Pupil) string {
	var names []string
	for _, who := range pupils {
		names = append(names, v.Given(who))
	}
	return v.list(names)
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
