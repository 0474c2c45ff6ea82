package commands

import (
	"context"
	"strings"

	"cartable/core/chat"
	"cartable/core/talk"
	"cartable/i18n"
)

// languageNames are written in their own language; languageWords are what people type, folded.
var (
	languageNames = map[string]string{"fr": "Français", "en": "English"}
	languageWords = map[string]string{
		"fr": "fr", "francais": "fr", "french": "fr", "en": "en", "anglais": "en", "english": "en",
	}
)

func meansLanguage(_ *talk.Turn, answer string) bool { return languageWords[i18n.Fold(answer)] != "" }

// language is /langue [fr|en].
func (c settings) language(_ context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	if lang := languageWords[i18n.Fold(args)]; lang != "" {
		if err := t.ChangePrefs(func(p *talk.Prefs) { p.Lang = lang }); err != nil {
			return chat.Reply{}, err
		}
		return t.Say("language.chosen"), nil
	}
	r := t.Say("language.ask")
	if strings.TrimSpace(args) != "" {
		r = t.Say("language.unknown", "typed", i18n.Short(args))
	}
	for _, lang := range i18n.Languages {
		r.Choices = append(r.Choices, t.RunChoice(languageNames[lang], "/langue "+lang))
	}
	return t.AskOneOf(r, i18n.Languages, talk.Question{Leave: "cancel.unchanged", Takes: meansLanguage, Next: c.language}), nil
}
