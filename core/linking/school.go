package linking

import (
	"cmp"
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

func askAddress(l *Linking, t *talk.Turn) chat.Reply {
	r := t.Say("link.school.address", "cancel", t.Cmd("annuler"))
	switch {
	case t.Exposed():
		r = after(t.Say("link.school.exposed"), r)
	case t.TakesPictures():
		r.Body = append(r.Body, t.Say("link.school.or_picture").Body...)
	}
	return awaitAddress(l, t, r)
}

// awaitAddress makes r the question for an address, or for what stands for one.
func awaitAddress(l *Linking, t *talk.Turn, r chat.Reply) chat.Reply {
	q := question(chat.ExpectText, l.takeAddress)
	q.Takes, q.Topic = meansAddress, topicAddress
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
		return takeQRCode(l, t, answer), nil
	case meansQRCode(i18n.Fold(answer)):
		return askPicture(l, t), nil
	}
	words := addressWords(answer)
	if len(words) > 1 { // name and password stand behind
		t.Redact(ctx)
	}
	answer = words[0]
	address, space, err := pronote.ParseAddress(answer, l.cfg.AllowPrivate)
	if err == nil {
		err = l.cfg.Admit(address)
	}
	if err != nil {
		return addressTrouble(l, t, t.Explain(err)), nil
	}
	if errors.Is(l.cfg.School.FindHost(ctx, address), pronote.ErrNoHost) {
		return addressTrouble(l, t, t.Say("address.no_such_host", "host", hostOf(address))), nil
	}
	f := schoolForm{address: address, space: space}
	if len(words) < 2 {
		return askUsername(l, t, f), nil
	}
	if f.username = words[1]; len(words) == 2 {
		return askPasswordOf(l, t, f), nil
	}
	return takePassword(l, ctx, t, f, strings.Join(words[2:], " "))
}

// addressWords finds the address in what people send, in front; the name and the password may stand behind it. In a text
// that was shared it stands anywhere, and what is around it, such as a signature, is neither. What holds none is given
// back whole.
func addressWords(text string) []string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for n, line := range lines {
		words := strings.Fields(line)
		for i, word := range words {
			word = strings.TrimRight(strings.Trim(word, "<>()[]«»\"',;"), ".!?>),")
			sure := strings.Contains(word, "://") || strings.Contains(strings.ToLower(word), "index-education.")
			first := n == 0 && i == 0
			switch {
			case !sure && !(first && strings.ContainsAny(word, "./")):
			case !first:
				return []string{word}
			case len(words) > 1:
				return append([]string{word}, words[1:]...)
			default:
				return append([]string{word}, loginLines(lines[1:])...)
			}
		}
	}
	return []string{text}
}

// loginLines are a name and a password that stand on lines of their own below an address.
func loginLines(lines []string) (words []string) {
	for _, line := range lines {
		switch fields := strings.Fields(line); {
		case len(fields) == 1 && strings.Trim(line, "-–—_ ") != "":
			words = append(words, fields[0])
		case len(fields) > 1: // a sentence
			return nil
		}
	}
	if len(words) > 2 {
		return nil
	}
	return words
}

// addressTrouble says what is wrong with an address, and asks for another.
func addressTrouble(l *Linking, t *talk.Turn, trouble chat.Reply) chat.Reply {
	return after(trouble, askAddress(l, t))
}

// hostOf is the part of an address that people recognise.
func hostOf(a pronote.Address) string {
	u, err := url.Parse(string(a))
	if err != nil {
		return string(a)
	}
	return u.Host
}

func askUsername(l *Linking, t *talk.Turn, f schoolForm) chat.Reply {
	q := question(chat.ExpectText, func(_ context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		if answer == "" || strings.ContainsAny(answer, "\n\r") {
			return askUsername(l, t, f), nil
		}
		f.username = answer
		if held := mayLink(l, t, f); held != nil { // before a password is typed in vain
			t.AwaitSecret() // people may type it all the same
			return t.Explain(held), nil
		}
		return askPasswordOf(l, t, f), nil
	})
	q.Words = true
	return t.Ask(t.Say("link.school.username", "host", hostOf(f.address)), q)
}

// mayLink tells whether a login may be tried now. What kind of account it is may not be known yet.
func mayLink(l *Linking, t *talk.Turn, f schoolForm) error {
	among, err := l.cfg.Rights.IDs(t.Who)
	if err != nil {
		return err
	}
	login := pronote.PasswordLogin(pronote.Credentials{
		Address: f.address, Space: cmp.Or(f.space, pronote.SpaceParent), Username: f.username, Password: f.password,
	})
	return l.cfg.Family.MayLink(t.Person.Key(), provider, login, among)
}

func askPasswordOf(l *Linking, t *talk.Turn, f schoolForm) chat.Reply {
	return askPassword(l, t, f, t.Say("link.school.password", "username", i18n.Short(f.username), "cancel", t.Cmd("annuler")))
}

func askPassword(l *Linking, t *talk.Turn, f schoolForm, r chat.Reply) chat.Reply {
	q := question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		return takePassword(l, ctx, t, f, answer)
	})
	q.Words = true
	return t.Ask(r, q)
}

func takePassword(l *Linking, ctx context.Context, t *talk.Turn, f schoolForm, password string) (chat.Reply, error) {
	f.password = secret.New(password)
	if f.space != "" {
		return finishSchool(l, ctx, t, f)
	}
	return askSpace(l, t, f, chat.Reply{}), nil
}

// askSpace asks for the kind of account; trouble, which may be empty, says what was wrong with the answer before.
func askSpace(l *Linking, t *talk.Turn, f schoolForm, trouble chat.Reply) chat.Reply {
	r := t.Ask(after(trouble, t.Say("link.school.space")), question(chat.ExpectNothing, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		switch word := i18n.Fold(answer); {
		case strings.HasPrefix(word, "par"), word == "p", word == "1":
			f.space = pronote.SpaceParent
		case strings.HasPrefix(word, "ele"), strings.HasPrefix(word, "pup"), strings.HasPrefix(word, "stu"), word == "e", word == "2":
			f.space = pronote.SpacePupil
		default:
			return askSpace(l, t, f, t.Say("link.school.space_unknown", "typed", i18n.Short(answer))), nil
		}
		return finishSchool(l, ctx, t, f)
	}))
	r.Choices = []chat.Choice{
		t.AnswerChoice(t.P.T("link.school.button.parent"), "parent"),
		t.AnswerChoice(t.P.T("link.school.button.pupil"), "eleve"),
	}
	return r
}

// finishSchool logs in. A refused password is asked for again, as long as no pause forbids another try.
func finishSchool(l *Linking, ctx context.Context, t *talk.Turn, f schoolForm) (chat.Reply, error) {
	login := pronote.PasswordLogin(pronote.Credentials{
		Address: f.address, Space: f.space, Username: f.username, Password: f.password,
	})
	linked, err := l.School(ctx, t.Who, login)
	if errors.Is(err, pronote.ErrWrongPassword) {
		if held := mayLink(l, t, f); held != nil {
			t.AwaitSecret() // people try once more
			return after(t.Say("link.school.held"), t.Explain(held)), nil
		}
		return askPassword(l, t, f, t.Say("link.school.wrong_password", "username", i18n.Short(f.username), "cancel", t.Cmd("annuler"))), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	return linkedSchool(l, t, linked)
}

// linkedSchool says what the bot can now see, and offers a token in place of a password.
func linkedSchool(l *Linking, t *talk.Turn, linked family.Linked) (chat.Reply, error) {
	t.Acted()
	r := viewOf(l, t).LinkedSchool(linked.Profile, linked.Password)
	r.Body = append(r.Body, alertsLine(l, t)...)
	if linked.Password {
		r.Choices = append(r.Choices, t.Offer(t.P.T("link.school.button.trade"), actionTrade, "", linked.Account))
	}
	return offerShowing(l, t, r)
}

// trade replaces a stored password by a token, at its owner's word. There is nothing to be done where it was traded
// before.
func (l *Linking) trade(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	if _, mine := owned(l, t.Who, p.Account); !mine {
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

// addresses takes the address of a PRONOTE with a name and a password behind it, whatever else is being asked.
type addresses struct{ *Linking }

// Secret implements talk.Interceptor: a name and a password may stand behind an address.
func (addresses) Secret(text string) bool {
	words := strings.Fields(text)
	return len(words) > 2 && namesPronote(strings.ToLower(words[0]))
}

// namesPronote tells the address of a PRONOTE from any other that people send each other.
func namesPronote(word string) bool {
	for _, part := range []string{"index-education.", "/pronote", "/parent.html", "/eleve.html"} {
		if strings.Contains(word, part) {
			return true
		}
	}
	return false
}

// Harmless implements talk.Interceptor.
func (addresses) Harmless(string) bool { return false }

// Before implements talk.Interceptor: it links, unless a secret is waited for, which is then refused and deleted.
func (a addresses) Before(ctx context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	if !a.Secret(t.Msg.Text) || t.WaitsForSecret() {
		return chat.Reply{}, false, nil
	}
	t.Redact(ctx)
	t.Leave()
	r, err = a.takeAddress(ctx, t, t.Msg.Text)
	return r, true, err
}

// Else implements talk.Interceptor.
func (addresses) Else(context.Context, *talk.Turn) (r chat.Reply, taken bool, err error) {
	return chat.Reply{}, false, nil
}
