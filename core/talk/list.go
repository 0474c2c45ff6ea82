package talk

import "cartable/core/chat"

// CommandList lists the commands for what a platform shows of them, in one language, for private chats or for
// groups. It is the same for everyone, so that a platform can be told once; help tells each person what is of use
// to them.
func (t *Talk) CommandList(lang string, private bool) []chat.Command {
	p := t.cfg.Catalog.Printer(lang)
	var list []chat.Command
	for _, c := range t.commands {
		if c.Hidden || c.Needs == NeedAdmin || !private && c.Group == GroupSame && !c.Harmless {
			continue
		}
		list = append(list, chat.Command{Name: chat.Plain(cmd(t, p, "", c.Name)), Text: p.T("help." + c.Name)})
	}
	return list
}
