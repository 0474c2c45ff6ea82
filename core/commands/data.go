package commands

import (
	"context"
	"io"

	"cartable/core/chat"
	"cartable/core/talk"
)

// privacy is /confidentialite: what is stored, why, and how it is protected.
func (c settings) privacy(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	r := t.Say("privacy.text", "mydata", t.Cmd("mesdonnees"), "unlink", t.Cmd("deconnexion"), "alerts", t.Cmd("alertes"))
	r.Title = t.P.T("privacy.title")
	return r, nil
}

// myData is /mesdonnees: a file with all that is stored for the person.
func (c settings) myData(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	r := t.Say("mydata.text", "unlink", t.Cmd("deconnexion"))
	if len(c.Rights.Owned(t.Who)) == 0 {
		r = t.Say("mydata.no_account")
	}
	who := t.Who
	r.File = &chat.File{Name: "cartable.json", Type: "application/json", Open: func() (io.ReadCloser, error) {
		read, write := io.Pipe()
		go func() { write.CloseWithError(c.Export(write, who)) }()
		return read, nil
	}}
	return r, nil
}
