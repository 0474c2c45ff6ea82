package i18n_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cartable/i18n"
)

// sentence is an entry of a catalogue: its forms, "other" alone where it has no plural.
type sentence map[string]string

func catalogue(t *testing.T, lang string) map[string]sentence {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("catalogs", lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]sentence)
	for key, value := range raw {
		var plain string
		var forms sentence
		switch {
		case json.Unmarshal(value, &plain) == nil:
			forms = sentence{"other": plain}
		case json.Unmarshal(value, &forms) != nil:
			t.Fatalf("%s: %s is neither a sentence nor plural forms", lang, key)
		}
		all[key] = forms
	}
	return all
}

// usage is what the sources of the core ask the catalogue for.
type usage struct {
	sure     map[string]string // keys that are printed, with how: "T", "N", "Say", "Refuse"
	maybe    map[string]bool   // every text that looks like a key
	prefixes []string          // beginnings of keys that are put together, such as "help."
	commands []string          // names in the registry that help shows
}

var keyForm = regexp.MustCompile(`^[a-z]+(\.[a-z_]+)+$`)

func usedByCore(t *testing.T) usage {
	t.Helper()
	u := usage{sure: make(map[string]string), maybe: make(map[string]bool)}
	err := filepath.WalkDir("../core", func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && slices.Contains([]string{"pronote", "izly"}, entry.Name()) {
			return fs.SkipDir // they know nothing of sentences
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, u.visit)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (u *usage) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BasicLit:
		if key, ok := text(n); ok && keyForm.MatchString(key) {
			u.maybe[key] = true
		}
	case *ast.BinaryExpr:
		if prefix, ok := text(n.X); ok && strings.HasSuffix(prefix, ".") && keyForm.MatchString(prefix+"x") {
			u.prefixes = append(u.prefixes, prefix)
		}
	case *ast.CallExpr:
		how := ""
		switch f := n.Fun.(type) {
		case *ast.SelectorExpr:
			how = f.Sel.Name
		case *ast.Ident:
			how = f.Name
		}
		if len(n.Args) > 0 && slices.Contains([]string{"T", "N", "plain", "say", "Say", "Refuse"}, how) {
			if key, ok := text(n.Args[0]); ok {
				u.sure[key] = how
			}
		}
	case *ast.CompositeLit:
		name, command, hidden := "", false, false
		for _, e := range n.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				switch field, _ := pair.Key.(*ast.Ident); {
				case field == nil:
				case field.Name == "name", field.Name == "Name":
					name, _ = text(pair.Value)
				case field.Name == "english", field.Name == "English":
					command = true
				case field.Name == "hidden", field.Name == "Hidden":
					hidden = true
				}
			}
		}
		if name != "" && command && !hidden {
			u.commands = append(u.commands, name)
		}
	}
	return true
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestKeysAreThoseOfTheCore(t *testing.T) {
	u := usedByCore(t)
	if len(u.commands) < 10 || len(u.sure) < 50 {
		t.Fatalf("found only %d commands and %d keys: has the source moved?", len(u.commands), len(u.sure))
	}
	wanted := maps.Clone(u.sure)
	for _, name := range u.commands {
		wanted["help."+name] = "T"
	}
	for _, lang := range i18n.Languages {
		all := catalogue(t, lang)
		groups := make(map[string]bool) // first words of keys: tells keys from other dotted texts
		for key := range all {
			groups[strings.SplitN(key, ".", 2)[0]] = true
		}
		for key := range u.maybe {
			if groups[strings.SplitN(key, ".", 2)[0]] && all[key] == nil {
				t.Errorf("%s: %s is used and missing", lang, key)
			}
		}
		for key, how := range wanted {
			forms := all[key]
			if forms == nil {
				t.Errorf("%s: %s is used and missing", lang, key)
			} else if plural := forms["one"] != ""; plural != (how == "N") {
				t.Errorf("%s: %s has plural forms %t, and is printed with %s", lang, key, plural, how)
			}
		}
		for key := range all {
			assembled := slices.ContainsFunc(u.prefixes, func(p string) bool { return p != "help." && strings.HasPrefix(key, p) })
			if wanted[key] == "" && !u.maybe[key] && !assembled {
				t.Errorf("%s: %s is not used", lang, key)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

func placeholders(forms sentence) []string {
	var all []string
	for _, form := range forms {
		all = append(all, placeholder.FindAllString(form, -1)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestCataloguesSayTheSame(t *testing.T) {
	reference := catalogue(t, i18n.Languages[0])
	for _, lang := range i18n.Languages {
		all := catalogue(t, lang)
		for key, forms := range all {
			if want := placeholders(reference[key]); !slices.Equal(placeholders(forms), want) {
				t.Errorf("%s: %s has %v, the reference %v", lang, key, placeholders(forms), want)
			}
			for name, form := range forms {
				if strings.TrimSpace(form) == "" || form != strings.TrimSpace(form) {
					t.Errorf("%s: %s (%s) is empty or has spaces around it", lang, key, name)
				}
				if strings.Count(form, "{{") != len(regexp.MustCompile(`\{\{\.[a-z]+\}\}`).FindAllString(form, -1)) {
					t.Errorf("%s: %s (%s) has a placeholder that is none: %s", lang, key, name, form)
				}
			}
			if len(forms) > 1 && (len(forms) != 2 || forms["one"] == "" || forms["other"] == "") {
				t.Errorf("%s: %s has the forms %v, want one and other", lang, key, slices.Sorted(maps.Keys(forms)))
			}
		}
		for key := range reference {
			if all[key] == nil {
				t.Errorf("%s: %s is missing", lang, key)
			}
		}
	}
}
