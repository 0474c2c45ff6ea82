package linking

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/pronote"
	"cartable/core/secret"
	"cartable/core/talk"
	"cartable/i18n"
)

// schoolForm is what the dialogue has gathered so far. It lives as long as the dialogue.
type schoolForm struct {
	address  pronote.Address
	space    pronote.Space // empty until known
	username string
	password secret.Text
}

func (l *Linking) askAddress(t *talk.Turn) chat.Reply {
	r := t.Say("link.school.address", "cancel", t.Cmd("annuler"))
	switch {
	case t.Exposed():
		r = after(t.Say("link.school.exposed"), r)
	case t.TakesPictures():
		r.Body = append(r.Body, t.Say("link.school.or_picture").Body...)
	}
	return l.awaitAddress(t, r)
}

// awaitAddress makes r the question for an address, or for what stands for one.
func (l *Linking) awaitAddress(t *talk.Turn, r chat.Reply) chat.Reply {
	q := question(chat.ExpectText, l.takeAddress)
	q.Takes = meansAddress
	return t.Ask(r, q)
}

// meansAddress tells whether a text surely is an address, or what stands for one: a password may have a dot too.
func meansAddress(_ *talk.Turn, answer string) bool {
	return looksLikeQRCode(answer) || meansQRCode(i18n.Fold(answer)) || strings.Contains(answer, "://") ||
		strings.Contains(strings.ToLower(answer), "index-education.")
}

func (l *Linking) takeAddress(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
	switch {
	case looksLikeQRCode(answer):
		t.Redact(ctx)
		return l.takeQRCode(t, answer), nil
	case meansQRCode(i18n.Fold(answer)):
		return l.askPicture(t), nil
	}
	address, space, err := pronote.ParseAddress(answer, l.cfg.AllowPrivate)
	if err == nil {
		err = l.cfg.Admit(address)
	}
	if err != nil {
		return l.addressTrouble(t, t.Explain(err)), nil
	}
	if errors.Is(l.cfg.School.FindHost(ctx, address), pronote.ErrNoHost) {
		return l.addressTrouble(t, t.Say("address.no_such_host", "host", hostOf(address))), nil
	}
	return l.askUsername(t, schoolForm{address: address, space: space}), nil
}

// addressTrouble says what is wrong with an address, and asks for another.
func (l *Linking) addressTrouble(t *talk.Turn, trouble chat.Reply) chat.Reply {
	return after(trouble, l.askAddress(t))
}

// hostOf is the part of an address that people recognise.
func hostOf(a pronote.Address) string {
	u, err := url.Parse(string(a))
	if err != nil {
		return string(a)
	}
	return u.Host
}

func (l *Linking) askUsername(t *talk.Turn, f schoolForm) chat.Reply {
	q := question(chat.ExpectText, func(_ context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		if answer == "" || strings.ContainsAny(answer, "\n\r") {
			return l.askUsername(t, f), nil
		}
		f.username = answer
		return l.askPassword(t, f, t.Say("link.school.password", "username", i18n.Short(f.username), "cancel", t.Cmd("annuler"))), nil
	})
	q.Words = true
	return t.Ask(t.Say("link.school.username", "host", hostOf(f.address)), q)
}

func (l *Linking) askPassword(t *talk.Turn, f schoolForm, r chat.Reply) chat.Reply {
	q := question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		f.password = secret.New(answer)
		if f.space != "" {
			return l.finishSchool(ctx, t, f)
		}
		return l.askSpace(t, f, chat.Reply{}), nil
	})
	q.Words = true
	return t.Ask(r, q)
}

// askSpace asks for the kind of account; trouble, which may be empty, says what was wrong with the answer before.
func (l *Linking) askSpace(t *talk.Turn, f schoolForm, trouble chat.Reply) chat.Reply {
	r := t.Ask(after(trouble, t.Say("link.school.space")), question(chat.ExpectNothing, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		switch word := i18n.Fold(answer); {
		case strings.HasPrefix(word, "par"), word == "p", word == "1":
			f.space = pronote.SpaceParent
		case strings.HasPrefix(word, "ele"), strings.HasPrefix(word, "pup"), strings.HasPrefix(word, "stu"), word == "e", word == "2":
			f.space = pronote.SpacePupil
		default:
			return l.askSpace(t, f, t.Say("link.school.space_unknown", "typed", i18n.Short(answer))), nil
		}
		return l.finishSchool(ctx, t, f)
	}))
	r.Choices = []chat.Choice{
		t.AnswerChoice(t.P.T("link.school.button.parent"), "parent"),
		t.AnswerChoice(t.P.T("link.school.button.pupil"), "eleve"),
	}
	return r
}

// finishSchool logs in. A refused password is asked for again, as long as no pause forbids another try.
func (l *Linking) finishSchool(ctx context.Context, t *talk.Turn, f schoolForm) (chat.Reply, error) {
	login := pronote.PasswordLogin(pronote.Credentials{
		Address: f.address, Space: f.space, Username: f.username, Password: f.password,
	})
	linked, err := l.School(ctx, t.Who, login)
	if errors.Is(err, pronote.ErrWrongPassword) {
		if held := l.cfg.Family.MayLogin(provider, login); held != nil {
			t.AwaitSecret() // people try once more
			return after(t.Say("link.school.held"), t.Explain(held)), nil
		}
		return l.askPassword(t, f, t.Say("link.school.wrong_password", "username", i18n.Short(f.username), "cancel", t.Cmd("annuler"))), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	return l.linkedSchool(t, linked)
}

// linkedSchool says what the bot can now see, and offers a token in place of a password.
func (l *Linking) linkedSchool(t *talk.Turn, linked family.Linked) (chat.Reply, error) {
	r := l.view(t).LinkedSchool(linked.Profile, linked.Password)
	if linked.Password {
		r.Choices = append(r.Choices, t.Offer(t.P.T("link.school.button.trade"), actionTrade, "", linked.Account))
	}
	return l.offerShowing(t, r)
}

// trade replaces a stored password by a token, at its owner's word. There is nothing to be done where it was traded
// before.
func (l *Linking) trade(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	if _, mine := l.owned(t.Who, p.Account); !mine {
		return chat.Reply{}, gone(t)
	}
	switch err := l.cfg.Family.Trade(ctx, p.Account); {
	case errors.Is(err, family.ErrGone):
		return chat.Reply{}, gone(t)
	case err != nil:
		return after(t.Say("trade.failed"), t.Explain(err)), nil
	}
	return t.Say("trade.done"), nil
}
