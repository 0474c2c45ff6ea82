// Package i18n turns keys into sentences, dates and amounts, in French (the reference) and English.
// The sentences live in catalogs/*.json; this package knows none of their meaning.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// Languages are the ones with a catalogue, the reference first.
var Languages = []string{"fr", "en"}

//go:embed catalogs/*.json
var catalogs embed.FS

// Catalog holds every sentence of every language.
type Catalog struct{ bundle *goi18n.Bundle }

// Load reads the embedded catalogues. An error means that the program was built with a broken one.
func Load() (*Catalog, error) {
	bundle := goi18n.NewBundle(language.French)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, lang := range Languages {
		name := "catalogs/" + lang + ".json"
		text, err := catalogs.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("i18n: %w", err)
		}
		if lang == "fr" {
			text = []byte(frenchSpaces.Replace(string(text)))
		}
		if _, err := bundle.ParseMessageFileBytes(text, lang+".json"); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", name, err)
		}
	}
	return &Catalog{bundle}, nil
}

// frenchSpaces puts the no-break spaces that French typography wants, so that the catalogue can be
// written with ordinary ones.
var frenchSpaces = strings.NewReplacer(
	" :", "\u00a0:", " ?", "\u00a0?", " !", "\u00a0!", " ;", "\u00a0;", "« ", "«\u00a0", " »", "\u00a0»", " €", "\u00a0€",
)

// Printer writes in one language. It is safe for concurrent use.
type Printer struct {
	Lang      string
	localizer *goi18n.Localizer
}

// Printer returns the printer of lang, or that of the reference language when lang has no catalogue.
func (c *Catalog) Printer(lang string) *Printer {
	if !Known(lang) {
		lang = Languages[0]
	}
	return &Printer{lang, goi18n.NewLocalizer(c.bundle, lang)}
}

// Known tells whether lang has a catalogue.
func Known(lang string) bool {
	for _, l := range Languages {
		if l == lang {
			return true
		}
	}
	return false
}

// T is the sentence of key. args are pairs of a placeholder's name and its value. A key that is in no
// catalogue prints as itself; a test makes sure that there is none.
func (p *Printer) T(key string, args ...any) string {
	return p.localize(&goi18n.LocalizeConfig{MessageID: key, TemplateData: data(args)})
}

// N is the sentence of key in the plural form that n asks for; n is its placeholder {{.n}}.
func (p *Printer) N(key string, n int, args ...any) string {
	// French has one more form from a million on, for "un million de"; no count here needs it.
	return p.localize(&goi18n.LocalizeConfig{MessageID: key, PluralCount: min(n, 999_999), TemplateData: data(append(args, "n", n))})
}

func (p *Printer) localize(config *goi18n.LocalizeConfig) string {
	text, err := p.localizer.Localize(config)
	if err != nil {
		return config.MessageID
	}
	return text
}

func data(args []any) map[string]any {
	values := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		values[fmt.Sprint(args[i])] = args[i+1]
	}
	return values
}
