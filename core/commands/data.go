package commands

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"cartable/core/chat"
	"cartable/core/linking"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/talk"
)

// privacy is /confidentialite: what is stored, why, and how it is protected.
func (c settings) privacy(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	r := t.Say("privacy.text", "mydata", t.Cmd("mesdonnees"), "unlink", t.Cmd("deconnexion"), "erase", t.Cmd("supprimer"),
		"alerts", t.Cmd("alertes"))
	r.Title = t.P.T("privacy.title")
	return r, nil
}

// myData is /mesdonnees: all that is stored for the person, as a page to be read and as a file for programs. Both are
// written while they are sent, so that they never stand in memory whole here; a platform may need them whole, so that
// they are sent to one person after the other.
func (c settings) myData(ctx context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	who, v := t.Who, c.view(t)
	leave, err := c.exports.enter(ctx, func() error {
		wait := t.Say("mydata.wait")
		wait.Silent = true // the page rings
		return t.SendFirst(ctx, wait)
	})
	if errors.Is(err, errLine) {
		return t.Say("mydata.later", "mydata", t.Cmd("mesdonnees")), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	defer leave()
	file := t.Say("mydata.file")
	file.Silent = true // the page rings
	file.File = written(t.Log, "cartable.json", "application/json", func(w io.Writer) error { return c.Export(w, who) })
	if err := t.SendFirst(ctx, file); err != nil {
		return chat.Reply{}, err
	}
	r := t.Say("mydata.text", "unlink", t.Cmd("deconnexion"), "erase", t.Cmd("supprimer"))
	if len(c.Rights.Owned(t.Who)) == 0 {
		r = t.Say("mydata.no_account", "erase", t.Cmd("supprimer"))
	}
	r.File = written(t.Log, "cartable.html", "text/html", func(w io.Writer) error { return c.Page(w, who, v) })
	return chat.Reply{}, t.SendFirst(ctx, r)
}

// written is a file that write makes each time it is opened.
func written(log *slog.Logger, name, media string, write func(io.Writer) error) *chat.File {
	return &chat.File{Name: name, Type: media, Open: func() (io.ReadCloser, error) {
		read, to := io.Pipe()
		go func() { to.CloseWithError(secret.Contain(log, func() error { return write(to) })) }() // ends when whoever opened it closes it
		return read, nil
	}}
}

// The actions of an erasure.
const (
	actionErase = "person.erase"
	actionKeep  = "person.keep"
)

func (c settings) actions() []talk.Action {
	return []talk.Action{
		{Name: actionErase, Risky: true, Changes: true, Run: c.eraseNow},
		{Name: actionKeep, Voids: []string{actionErase}, Run: func(_ context.Context, t *talk.Turn, _ talk.Press) (chat.Reply, error) {
			return t.Say("erase.kept"), nil
		}},
	}
}

// erase is /supprimer: it says what would go, and asks.
func (c settings) erase(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	r := t.Say("erase.ask")
	r.Title = t.P.T("erase.title")
	for _, a := range c.Rights.Owned(t.Who) {
		r.Body = append(r.Body, chat.Line{Text: "– " + a.Label})
	}
	r.Body = append(r.Body, note(t.P.T("erase.copies")))
	r.Choices = []chat.Choice{
		t.Offer(t.P.T("erase.button"), actionErase, "everything", ""),
		t.Offer(t.P.T("erase.button.keep"), actionKeep, "", ""),
	}
	return r, nil
}

// eraseNow is the press that confirms it.
func (c settings) eraseNow(ctx context.Context, t *talk.Turn, _ talk.Press) (chat.Reply, error) {
	var lost []chat.Line
	for _, a := range c.Rights.Owned(t.Who) {
		if a.Kind != rights.Wallet {
			continue
		}
		lost = append(lost, linking.LostTopUp(t, c.Wallet, c.view(t), a.ID)...)
	}
	if err := c.Erase(ctx, t.Who); err != nil {
		return chat.Reply{}, err
	}
	r := t.Say("erase.done")
	r.Body = append(r.Body, lost...)
	return r, nil
}
