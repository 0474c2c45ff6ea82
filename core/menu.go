package core

// MenuEntry is one command as a platform's menu shows it.
type MenuEntry struct {
	Name string // without a slash
	Text string
}

// Menu lists the commands for a platform's menu, in one language, for private chats or for groups. It is the
// same for everyone, so that a platform can be told once; help tells each person what is of use to them.
func (e *Engine) Menu(lang string, private bool) []MenuEntry {
	t := &turn{e: e, p: e.catalog.Printer(lang)}
	var menu []MenuEntry
	for i := range e.commands {
		c := &e.commands[i]
		inGroups := c.group != groupSame || c.harmless || c.name == "connexion" || c.name == "deconnexion"
		if c.hidden || c.needs == needAdmin || !private && !inGroups {
			continue
		}
		menu = append(menu, MenuEntry{Name: t.shown(c)[1:], Text: t.p.T("help." + c.name)})
	}
	return menu
}

// About describes the bot for a platform's profile: up to 512 characters, and up to 120.
func (e *Engine) About(lang string) (long, brief string) {
	p := e.catalog.Printer(lang)
	return p.T("about.long"), p.T("about.brief")
}
