package commands

import (
	"context"

	"cartable/core/chat"
	"cartable/core/talk"
)

// greet is /start.
func (c settings) greet(ctx context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	if !t.Has(talk.NeedAccount, "") {
		r := t.Say("greet.new", "link", t.Cmd("connexion"), "help", t.Cmd("aide"))
		r.Title = t.P.T("greet.title")
		if t.Private {
			r.Choices = []chat.Choice{t.RunChoice(t.P.T("greet.button.link"), "/connexion"), t.RunChoice(t.P.T("greet.button.help"), "/aide")}
		}
		return r, nil
	}
	r, err := c.help(ctx, t, "")
	r.Title = t.P.T("greet.title")
	return r, err
}

// help is /aide [command]: the commands that are of use in this chat, or what one of them takes.
func (c settings) help(_ context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	if asked, found := t.CommandNamed(args); found {
		return helpOn(t, asked), nil
	}
	r := chat.Reply{Title: t.P.T("help.title")}
	for _, command := range t.Commands() {
		r.Body = append(r.Body, chat.Line{Label: t.Shown(command), Text: t.P.T("help." + command.Name)})
	}
	switch {
	case !t.Private:
	case t.Has(talk.NeedSchool, ""):
		r.Body = append(r.Body, note(t.P.T("help.plain_words", "mark", t.Mark())))
	case t.Has(talk.NeedWallet, ""):
		r.Body = append(r.Body, note(t.P.T("help.plain_words_wallet", "mark", t.Mark())))
	}
	return r, nil
}

// helpOn explains one command.
func helpOn(t *talk.Turn, command talk.Command) chat.Reply {
	r := chat.Reply{Title: t.Shown(command), Body: []chat.Line{{Text: t.P.T("help." + command.Name)}}}
	if command.TakesWords {
		r.Title += " " + t.P.T("usage."+command.Name)
	}
	return r
}
