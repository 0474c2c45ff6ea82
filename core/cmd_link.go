package core

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"cartable/core/pronote"
	"cartable/core/secret"
)

// linkAccount is /connexion [pronote|izly]: it begins one of the two linking dialogues.
func linkAccount(ctx context.Context, t *turn, args string) (Reply, error) {
	if !t.msg.Private {
		return t.linkInGroup(), nil
	}
	if args = strings.TrimSpace(args); args != "" {
		return t.linkKind(ctx, args)
	}
	r := t.ask(t.plain("link.ask", "cancel", t.cmd("annuler")), ExpectNothing, func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return t.linkKind(ctx, answer)
	})
	r.Choices = []Choice{
		t.answerChoice(t.p.T("link.button.school"), "pronote"),
		t.answerChoice(t.p.T("link.button.wallet"), "izly"),
	}
	return r, nil
}

// linkKind reads which kind of account is meant; an address of a school says it too.
func (t *turn) linkKind(ctx context.Context, answer string) (Reply, error) {
	switch word := fold(answer); {
	case strings.HasPrefix("pronote", word), strings.HasPrefix("ecole", word):
		return t.askAddress(), nil
	case strings.HasPrefix("izly", word), strings.HasPrefix("crous", word):
		return t.askPhone(), nil
	case strings.ContainsAny(answer, "./"):
		return t.takeAddress(ctx, answer)
	default:
		again, err := linkAccount(ctx, t, "")
		again.Body = append(t.plain("link.unknown", "typed", short(answer)).Body, again.Body...)
		return again, err
	}
}

// schoolForm is what the dialogue has gathered so far. It lives as long as the dialogue.
type schoolForm struct {
	address  pronote.Address
	space    pronote.Space // empty until known
	username string
	password secret.Text
}

func (t *turn) askAddress() Reply {
	question := t.plain("link.school.address")
	if t.exposed() {
		question.Body = append(t.plain("link.school.exposed").Body, question.Body...)
	}
	return t.ask(question, ExpectText, func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return t.takeAddress(ctx, answer)
	})
}

// addressKeys explain what is wrong with an address.
var addressKeys = map[pronote.AddressReason]string{
	pronote.AddressEmpty:    "address.empty",
	pronote.AddressTooLong:  "address.not_url",
	pronote.AddressNotURL:   "address.not_url",
	pronote.AddressNotHTTPS: "address.not_https",
	pronote.AddressUserInfo: "address.user_info",
	pronote.AddressNoHost:   "address.no_host",
	pronote.AddressPrivate:  "address.private",
	pronote.AddressTooFar:   "address.too_far",
}

func (t *turn) takeAddress(ctx context.Context, answer string) (Reply, error) {
	switch {
	case t.msg.File != nil:
		return t.takePicture(ctx)
	case looksLikeQRCode(answer):
		t.redact(ctx)
		return t.takeQRCode(answer)
	}
	address, space, err := pronote.ParseAddress(answer, t.e.cfg.AllowPrivate)
	if err != nil {
		trouble := t.explain(err)
		again := t.askAddress()
		again.Body = append(trouble.Body, again.Body...)
		return again, nil
	}
	return t.askUsername(schoolForm{address: address, space: space}), nil
}

func (t *turn) askUsername(f schoolForm) Reply {
	return t.ask(t.plain("link.school.username", "host", hostOf(f.address)), ExpectText, func(_ context.Context, t *turn, answer string) (Reply, error) {
		if answer == "" || strings.ContainsAny(answer, "\n\r") {
			return t.askUsername(f), nil
		}
		f.username = answer
		return t.askPassword(f, t.plain("link.school.password", "username", short(f.username))), nil
	})
}

// hostOf is the part of an address that people recognise.
func hostOf(a pronote.Address) string {
	u, err := url.Parse(string(a))
	if err != nil {
		return string(a)
	}
	return u.Host
}

func (t *turn) askPassword(f schoolForm, question Reply) Reply {
	return t.ask(question, ExpectSecret, func(ctx context.Context, t *turn, answer string) (Reply, error) {
		f.password = secret.New(answer)
		if f.space != "" {
			return t.finishSchool(ctx, f)
		}
		return t.askSpace(f), nil
	})
}

func (t *turn) askSpace(f schoolForm) Reply {
	r := t.ask(t.plain("link.school.space"), ExpectNothing, func(ctx context.Context, t *turn, answer string) (Reply, error) {
		switch word := fold(answer); {
		case strings.HasPrefix(word, "par"), word == "p", word == "1":
			f.space = pronote.SpaceParent
		case strings.HasPrefix(word, "ele"), strings.HasPrefix(word, "pup"), strings.HasPrefix(word, "stu"), word == "e", word == "2":
			f.space = pronote.SpacePupil
		default:
			return t.askSpace(f), nil
		}
		return t.finishSchool(ctx, f)
	})
	r.Choices = []Choice{
		t.answerChoice(t.p.T("link.school.button.parent"), "parent"),
		t.answerChoice(t.p.T("link.school.button.pupil"), "eleve"),
	}
	return r
}

// finishSchool logs in. A refused password is asked for again, as long as the gate lets a try through.
func (t *turn) finishSchool(ctx context.Context, f schoolForm) (Reply, error) {
	account, err := t.e.LinkSchool(ctx, t.msg.Chat, t.msg.Person, pronote.Credentials{
		Address: f.address, Space: f.space, Username: f.username, Password: f.password,
	})
	if errors.Is(err, pronote.ErrWrongPassword) {
		if held := t.e.mayLogin(f.address, f.space, f.username); held != nil {
			r := t.plain("link.school.held")
			r.Body = append(r.Body, t.explain(held).Body...)
			return r, nil
		}
		question := t.plain("link.school.wrong_password", "username", short(f.username), "cancel", t.cmd("annuler"))
		return t.askPassword(f, question), nil
	}
	if err != nil {
		return Reply{}, err
	}
	r := t.linkedSchool(account, "link.school.stored")
	for _, a := range t.schools() {
		if rec := a.record().School; rec.Address == f.address && rec.Space == f.space && rec.Username.Reveal() == f.username {
			r.Choices = append(r.Choices, t.offer(t.p.T("link.school.button.trade"), actTrade, a.id))
		}
	}
	return t.offerShowing(r)
}

// linkedSchool says what the bot can now see.
func (t *turn) linkedSchool(account pronote.Account, stored string) Reply {
	r := Reply{Title: t.p.T("link.school.done")}
	r.Body = append(r.Body, Line{Label: t.p.T("link.school.name"), Text: account.School})
	for _, child := range account.Children {
		r.Body = append(r.Body, Line{Label: t.p.T("link.school.child"), Text: joinParts([]string{child.Name, child.Class})})
	}
	r.Body = append(r.Body, Line{Text: t.p.T("link.school.can", "edt", t.cmd("edt"), "notes", t.cmd("notes"), "devoirs", t.cmd("devoirs"))})
	r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T(stored, "unlink", t.cmd("deconnexion"))})
	return r
}
