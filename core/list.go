package core

import "cartable/core/chat"

// CommandList lists the commands for what a platform shows of them, in one language, for private chats or for groups. It is the
// same for everyone, so that a platform can be told once; help tells each person what is of use to them.
func (e *Engine) CommandList(lang string, private bool) []chat.Command {
	t := &turn{e: e, p: e.catalog.Printer(lang)}
	var list []chat.Command
	for i := range e.commands {
		c := &e.commands[i]
		inGroups := c.group != groupSame || c.harmless || c.name == "connexion" || c.name == "deconnexion"
		if c.hidden || c.needs == needAdmin || !private && !inGroups {
			continue
		}
		list = append(list, chat.Command{Name: t.shown(c)[1:], Text: t.p.T("help." + c.name)})
	}
	return list
}

// About describes the bot for a platform's profile: up to 512 characters, and up to 120.
func (e *Engine) About(lang string) (long, brief string) {
	p := e.catalog.Printer(lang)
	return p.T("about.long"), p.T("about.brief")
}
