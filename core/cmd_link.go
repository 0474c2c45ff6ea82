package core

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"cartable/core/pronote"
	"cartable/core/secret"
	"cartable/i18n"
)

// linkAccount is /connexion [pronote|izly]: it begins one of the two linking dialogues.
func linkAccount(ctx context.Context, t *turn, args string) (Reply, error) {
	if !t.msg.Private {
		return t.linkInGroup(), nil
	}
	if args = strings.TrimSpace(args); args != "" {
		return t.linkKind(ctx, args)
	}
	r := t.ask(t.plain("link.ask", "cancel", t.cmd("annuler")), question{leave: leaveLinking, takes: meansKind, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return t.linkKind(ctx, answer)
	}})
	r.Choices = []Choice{
		t.answerChoice(t.p.T("link.button.school"), "pronote"),
		t.answerChoice(t.p.T("link.button.wallet"), "izly"),
	}
	return r, nil
}

// linkKind reads which kind of account is meant; an address of a school or a QR code says it too.
func (t *turn) linkKind(ctx context.Context, answer string) (Reply, error) {
	switch word := i18n.Fold(answer); {
	case isRefusal(answer):
		return t.plain(leaveLinking), nil
	case meansQRCode(word):
		return t.askPicture(), nil
	case meansSchool(word):
		return t.askAddress(), nil
	case meansWallet(word):
		return t.askPhone(), nil
	case strings.ContainsAny(answer, "./"), looksLikeQRCode(answer):
		return t.takeAddress(ctx, answer)
	default:
		again, err := linkAccount(ctx, t, "")
		again.Body = append(t.plain("link.unknown", "typed", i18n.Short(answer)).Body, again.Body...)
		return again, err
	}
}

// meansKind tells whether a text surely says which kind of account is meant.
func meansKind(t *turn, answer string) bool {
	word := i18n.Fold(answer)
	return meansSchool(word) || meansWallet(word) || meansAddress(t, answer)
}

func meansSchool(word string) bool {
	return strings.HasPrefix("pronote", word) || strings.HasPrefix("ecole", word)
}

func meansWallet(word string) bool {
	return strings.HasPrefix("izly", word) || strings.HasPrefix("crous", word)
}

// schoolForm is what the dialogue has gathered so far. It lives as long as the dialogue.
type schoolForm struct {
	address  pronote.Address
	space    pronote.Space // empty until known
	username string
	password secret.Text
}

func (t *turn) askAddress() Reply {
	r := t.plain("link.school.address", "cancel", t.cmd("annuler"))
	switch {
	case t.exposed():
		r.Body = append(t.plain("link.school.exposed").Body, r.Body...)
	case t.takesPictures():
		r.Body = append(r.Body, t.plain("link.school.or_picture").Body...)
	}
	return t.awaitAddress(r)
}

// awaitAddress makes r the question for an address, or for what stands for one.
func (t *turn) awaitAddress(r Reply) Reply {
	return t.ask(r, question{expect: ExpectText, leave: leaveLinking, takes: meansAddress, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return t.takeAddress(ctx, answer)
	}})
}

// meansAddress tells whether a text surely is an address, or what stands for one: a password may have a dot too.
func meansAddress(_ *turn, answer string) bool {
	return looksLikeQRCode(answer) || meansQRCode(i18n.Fold(answer)) || strings.Contains(answer, "://") ||
		strings.Contains(strings.ToLower(answer), "index-education.")
}

// addressKeys explain what is wrong with an address.
var addressKeys = map[pronote.AddressReason]string{
	pronote.AddressEmpty:     "address.empty",
	pronote.AddressTooLong:   "address.not_url",
	pronote.AddressNotURL:    "address.not_url",
	pronote.AddressNotHTTPS:  "address.not_https",
	pronote.AddressUserInfo:  "address.user_info",
	pronote.AddressNoHost:    "address.no_host",
	pronote.AddressPrivate:   "address.private",
	pronote.AddressTooFar:    "address.too_far",
	pronote.AddressElsewhere: "address.elsewhere",
}

func (t *turn) takeAddress(ctx context.Context, answer string) (Reply, error) {
	switch {
	case looksLikeQRCode(answer):
		t.redact(ctx)
		return t.takeQRCode(answer)
	case meansQRCode(i18n.Fold(answer)):
		return t.askPicture(), nil
	}
	address, space, err := pronote.ParseAddress(answer, t.e.cfg.AllowPrivate)
	if err == nil {
		err = t.e.cfg.Admit(address)
	}
	if err != nil {
		return t.addressTrouble(t.explain(err)), nil
	}
	if errors.Is(t.e.cfg.School.FindHost(ctx, address), pronote.ErrNoHost) {
		return t.addressTrouble(t.plain("address.no_such_host", "host", hostOf(address))), nil
	}
	return t.askUsername(schoolForm{address: address, space: space}), nil
}

// addressTrouble says what is wrong with an address, and asks for another.
func (t *turn) addressTrouble(trouble Reply) Reply {
	again := t.askAddress()
	again.Body = append(trouble.Body, again.Body...)
	return again
}

func (t *turn) askUsername(f schoolForm) Reply {
	r := t.plain("link.school.username", "host", hostOf(f.address))
	return t.ask(r, question{expect: ExpectText, words: true, leave: leaveLinking, next: func(_ context.Context, t *turn, answer string) (Reply, error) {
		if answer == "" || strings.ContainsAny(answer, "\n\r") {
			return t.askUsername(f), nil
		}
		f.username = answer
		return t.askPassword(f, t.plain("link.school.password", "username", i18n.Short(f.username), "cancel", t.cmd("annuler"))), nil
	}})
}

// hostOf is the part of an address that people recognise.
func hostOf(a pronote.Address) string {
	u, err := url.Parse(string(a))
	if err != nil {
		return string(a)
	}
	return u.Host
}

func (t *turn) askPassword(f schoolForm, r Reply) Reply {
	return t.ask(r, question{expect: ExpectSecret, words: true, leave: leaveLinking, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		f.password = secret.New(answer)
		if f.space != "" {
			return t.finishSchool(ctx, f)
		}
		return t.askSpace(f), nil
	}})
}

func (t *turn) askSpace(f schoolForm) Reply {
	r := t.ask(t.plain("link.school.space"), question{leave: leaveLinking, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		switch word := i18n.Fold(answer); {
		case strings.HasPrefix(word, "par"), word == "p", word == "1":
			f.space = pronote.SpaceParent
		case strings.HasPrefix(word, "ele"), strings.HasPrefix(word, "pup"), strings.HasPrefix(word, "stu"), word == "e", word == "2":
			f.space = pronote.SpacePupil
		default:
			again := t.askSpace(f)
			again.Body = append(t.plain("link.school.space_unknown", "typed", i18n.Short(answer)).Body, again.Body...)
			return again, nil
		}
		return t.finishSchool(ctx, f)
	}})
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
			t.awaitSecret(dialogueLimit) // people try once more
			return r, nil
		}
		question := t.plain("link.school.wrong_password", "username", i18n.Short(f.username), "cancel", t.cmd("annuler"))
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
