package commands

import (
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/core/view"
)

// pupils are those that this chat may ask about on a page, in the order of linking.
func (c schools) pupils(t *talk.Turn, page rights.Page) []family.Pupil {
	return view.TellApart(c.Family.Pupils(ids(c.Rights.Readable(t.Who, rights.School, page))))
}

// ref is how a button of ours names the pupil in a command line.
func ref(p family.Pupil) string { return "#" + p.Ref() }

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
