package core

import (
	"context"
	"strings"

	"cartable/i18n"
)

// greet is /start, which a deep link sends with what it is for.
func greet(ctx context.Context, t *turn, args string) (Reply, error) {
	if id, found := strings.CutPrefix(args, startLink); found && t.msg.Private {
		return t.startFromGroup(ctx, id)
	}
	schools, wallets := t.schools(), t.openWallets()
	if len(schools)+len(wallets) == 0 {
		r := t.plain("greet.new", "link", t.cmd("connexion"), "help", t.cmd("aide"))
		r.Title = t.p.T("greet.title")
		if t.msg.Private {
			r.Choices = []Choice{t.runChoice(t.p.T("greet.button.link"), "/connexion"), t.runChoice(t.p.T("greet.button.help"), "/aide")}
		}
		return r, nil
	}
	r, err := help(ctx, t, "")
	r.Title = t.p.T("greet.title")
	return r, err
}

// help is /aide [command]: the commands that are of use in this chat, or what one of them takes.
func help(_ context.Context, t *turn, args string) (Reply, error) {
	if c := t.e.parseCall(args).command; c != nil && !c.hidden && (c.needs != needAdmin || t.admin()) {
		return t.helpOn(c), nil
	}
	schools, wallets := t.schools(), t.openWallets()
	useful := map[need]bool{
		needNothing: true, needSchool: len(schools) > 0, needWallet: len(wallets) > 0,
		needLink: len(schools)+len(wallets) > 0, needAdmin: t.admin() && t.msg.Private,
	}
	r := Reply{Title: t.p.T("help.title")}
	for i := range t.e.commands {
		if c := &t.e.commands[i]; !c.hidden && useful[c.needs] {
			r.Body = append(r.Body, Line{Label: t.shown(c), Text: t.p.T("help." + c.name)})
		}
	}
	switch {
	case !t.msg.Private:
	case len(schools) > 0:
		r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("help.plain_words", "mark", t.slash())})
	case len(wallets) > 0:
		r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("help.plain_words_wallet", "mark", t.slash())})
	}
	return r, nil
}

// helpOn explains one command.
func (t *turn) helpOn(c *command) Reply {
	r := Reply{Title: t.shown(c), Body: []Line{{Text: t.p.T("help." + c.name)}}}
	if c.takesWords {
		r.Title += " " + t.p.T("usage."+c.name)
	}
	return r
}

// chooseChild is /enfant [name].
func chooseChild(_ context.Context, t *turn, args string) (Reply, error) {
	all := t.pupils()
	if strings.TrimSpace(args) != "" {
		who, rest, err := t.pickPupil(args)
		switch {
		case err != nil:
			return Reply{}, err
		case rest != "":
			return Reply{}, say("child.unknown", "typed", i18n.Short(args), "names", t.names(all))
		}
		if err := t.changeSettings(func(s *chatSettings) { s.Child = who.child.Key }); err != nil {
			return Reply{}, err
		}
		return t.plain("child.chosen", "child", who.given(), "command", t.cmd("edt")), nil
	}
	who, _, err := t.pickPupil("")
	if err != nil {
		return Reply{}, err
	}
	if len(all) == 1 {
		return t.plain("child.only", "child", who.given()), nil
	}
	r := t.plain("child.ask", "child", who.given())
	var refs []string
	for _, p := range all {
		label := p.given()
		if p.child.Class != "" {
			label += " (" + p.child.Class + ")"
		}
		r.Choices = append(r.Choices, t.runChoice(label, "/enfant "+p.ref()))
		refs = append(refs, p.ref())
	}
	return t.askOneOf(r, refs, question{leave: "cancel.unchanged", takes: meansChild, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return chooseChild(ctx, t, answer)
	}}), nil
}

// meansChild tells whether a text names a child and nothing else.
func meansChild(t *turn, answer string) bool {
	_, rest, err := t.pickPupil(answer)
	return err == nil && rest == ""
}

// languageNames are written in their own language; languageWords are what people type, folded.
var (
	languageNames = map[string]string{"fr": "Français", "en": "English"}
	languageWords = map[string]string{
		"fr": "fr", "francais": "fr", "french": "fr", "en": "en", "anglais": "en", "english": "en",
	}
)

func meansLanguage(_ *turn, answer string) bool { return languageWords[i18n.Fold(answer)] != "" }

// chooseLanguage is /langue [fr|en].
func chooseLanguage(_ context.Context, t *turn, args string) (Reply, error) {
	if lang := languageWords[i18n.Fold(args)]; lang != "" {
		if err := t.changeSettings(func(s *chatSettings) { s.Lang = lang }); err != nil {
			return Reply{}, err
		}
		t.p = t.e.catalog.Printer(lang)
		return t.plain("language.chosen"), nil
	}
	r := t.plain("language.ask")
	if strings.TrimSpace(args) != "" {
		r = t.plain("language.unknown", "typed", i18n.Short(args))
	}
	for _, lang := range i18n.Languages {
		r.Choices = append(r.Choices, t.runChoice(languageNames[lang], "/langue "+lang))
	}
	return t.askOneOf(r, i18n.Languages, question{leave: "cancel.unchanged", takes: meansLanguage, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return chooseLanguage(ctx, t, answer)
	}}), nil
}
