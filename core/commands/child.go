package commands

import (
	"context"
	"strings"

	"cartable/core/chat"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/i18n"
)

// child is /enfant [name].
func (c schools) child(_ context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	all := c.pupils(t, "")
	if strings.TrimSpace(args) != "" {
		q, err := c.readOnly(t, "", "enfant", args)
		switch {
		case err != nil:
			return chat.Reply{}, err
		case !oneChild(q):
			return chat.Reply{}, talk.Refuse("child.unknown", "typed", i18n.Short(args), "names", c.view(t).Names(all))
		}
		who := q.who[0]
		if err := t.ChangePrefs(func(p *talk.Prefs) { p.Child = who.Ref() }); err != nil {
			return chat.Reply{}, err
		}
		return t.Say("child.chosen", "child", view.Given(who), "command", t.Cmd("edt")), nil
	}
	if len(all) == 0 {
		return chat.Reply{}, talk.Refuse("school.none", "link", t.Cmd("connexion"))
	}
	who := c.usual(t, all)
	if len(all) == 1 {
		return t.Say("child.only", "child", view.Given(who)), nil
	}
	r := t.Say("child.ask", "child", view.Given(who))
	var refs []string
	for _, p := range all {
		label := view.Given(p)
		if p.Class != "" && p.Apart == "" {
			label += " (" + p.Class + ")"
		}
		r.Choices = append(r.Choices, t.RunChoice(label, "/enfant "+ref(p)))
		refs = append(refs, ref(p))
	}
	return t.AskOneOf(r, refs, talk.Question{Leave: "cancel.unchanged", Takes: c.meansChild, Next: c.child}), nil
}

// meansChild tells whether a text names a pupil and nothing else.
func (c schools) meansChild(t *talk.Turn, answer string) bool {
	q, err := c.readOnly(t, "", "enfant", answer)
	return err == nil && oneChild(q)
}

// oneChild tells whether a text names a pupil and nothing else.
func oneChild(q wanted) bool {
	return q.Rest == "" && len(q.Children) == 1 && len(q.Days) == 0 && len(q.Subjects) == 0 && q.Amount == nil
}
