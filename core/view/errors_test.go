package view_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/core/tries"
	"cartable/core/view"
	"cartable/core/wallet"
)

// each calls visit with the declarations of a package of core, without its tests.
func each(t *testing.T, name string, visit func(ast.Decl)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", name, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no package", name, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			visit(decl)
		}
	}
}

// constants are the values that a package declares of a type of texts.
func constants(t *testing.T, name, kind string) []string {
	t.Helper()
	var values []string
	each(t, name, func(decl ast.Decl) {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			return
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.ValueSpec)
			if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != kind {
				continue
			}
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
	})
	if len(values) < 2 {
		t.Fatalf("found %d values of %s.%s: has it moved?", len(values), name, kind)
	}
	return values
}

// failures are the exported errors of a package: its Err… values and its types with the method Error.
func failures(t *testing.T, name string) []string {
	t.Helper()
	var names []string
	each(t, name, func(decl ast.Decl) {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR && strings.HasPrefix(spec.Names[0].Name, "Err") {
					names = append(names, name+"."+spec.Names[0].Name)
				}
			}
		case *ast.FuncDecl:
			if decl.Recv == nil || decl.Name.Name != "Error" {
				return
			}
			of := decl.Recv.List[0].Type
			if pointer, ok := of.(*ast.StarExpr); ok {
				of = pointer.X
			}
			if of.(*ast.Ident).IsExported() {
				names = append(names, name+"."+of.(*ast.Ident).Name)
			}
		}
	})
	return names
}

// examples is one of each error that a caller may get.
var examples = map[string]error{
	"context.DeadlineExceeded": context.DeadlineExceeded,
	"school.ErrExpired":        school.ErrExpired,
	"school.ErrWrongPassword":  school.ErrWrongPassword,
	"school.ErrTokenRefused":   school.ErrTokenRefused,
	"school.ErrSecondFactor":   school.ErrSecondFactor,
	"school.ErrNoAccess":       school.ErrNoAccess,
	"school.ErrPause":          school.ErrPause,
	"school.ErrBusy":           school.ErrBusy,
	"school.ErrClosed":         school.ErrClosed,
	"school.ErrNoAnswer":       school.ErrNoAnswer,
	"school.ErrNotPublished":   school.ErrNotPublished,
	"school.ErrNotOffered":     school.ErrNotOffered,
	"school.ErrUnknownPupil":   school.ErrUnknownPupil,
	"school.ErrUnknownPeriod":  school.ErrUnknownPeriod,
	"family.ErrGone":           family.ErrGone,
	"family.PausedError":       &family.PausedError{Until: utc(23, 59)},
	"family.StoppedError":      &family.StoppedError{Reason: family.StoppedNoAccess, School: "CITÉ SCOLAIRE"},
	"wallet.ErrGone":           wallet.ErrGone,
	"wallet.ErrNeedCode":       wallet.ErrNeedCode,
	"wallet.ErrNotYours":       wallet.ErrNotYours,
	"wallet.ErrExpired":        wallet.ErrExpired,
	"wallet.ErrLocked":         wallet.ErrLocked,
	"wallet.ErrDamaged":        wallet.ErrDamaged,
	"wallet.ErrRelinked":       wallet.ErrRelinked,
	"wallet.StoppedError":      &wallet.StoppedError{Reason: wallet.StoppedRefused},
	"wallet.UnsettledError":    &wallet.UnsettledError{Order: order(wallet.Unknown)},
	"izly.ErrWrongCode":        izly.ErrWrongCode,
	"izly.ErrBlocked":          izly.ErrBlocked,
	"izly.ErrSessionExpired":   izly.ErrSessionExpired,
	"izly.ErrMustEnrol":        izly.ErrMustEnrol,
	"izly.ErrTooOld":           izly.ErrTooOld,
	"izly.ErrBadActivation":    izly.ErrBadActivation,
	"izly.ErrActivationSent":   izly.ErrActivationSent,
	"izly.ErrOutcomeUnknown":   izly.ErrOutcomeUnknown,
	"izly.ErrNetwork":          izly.ErrNetwork,
	"izly.ErrNoBalance":        izly.ErrNoBalance,
	"izly.ErrBadSecretCode":    izly.ErrBadSecretCode,
	"izly.ErrBadAmount":        izly.ErrBadAmount,
	"izly.Error":               &izly.Error{Op: "Logon", Code: 9999, Prio: 2, Msg: "Service indisponible."},
	"izly.ReplyError":          &izly.ReplyError{Op: "Logon"},
	"izly.StatusError":         &izly.StatusError{Op: "Logon", Status: 500},
	"izly.NetworkError":        &izly.NetworkError{Op: "Logon", Err: context.DeadlineExceeded},
	"izly.OutcomeError":        &izly.OutcomeError{Err: context.DeadlineExceeded},
	"izly.PhoneError":          &izly.PhoneError{Reason: izly.PhoneShort},
	"izly.MismatchError":       &izly.MismatchError{Field: "amount"},
	"izly.ActivationError":     &izly.ActivationError{Reason: izly.ActivationExpired},
}

// elsewhere are the errors that Error has no sentence for, because they are told by another method.
var elsewhere = map[string]string{
	"wallet.BoundsError": "View.Bounds, which knows the amount",
	"wallet.ErrFee":      "View.Outcome, which knows the fee",
}

func TestEveryErrorHasASentence(t *testing.T) {
	t.Parallel()
	found := 0
	for _, name := range []string{"school", "family", "wallet", "izly"} {
		for _, failure := range failures(t, name) {
			found++
			if examples[failure] == nil && elsewhere[failure] == "" {
				t.Errorf("%s has no sentence", failure)
			}
		}
	}
	if found < 35 {
		t.Errorf("found only %d errors: have they moved?", found)
	}
	var scenes []scene
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		scenes = append(scenes, scene{name, func(v view.View) chat.Reply {
			r, known := v.Error(fmt.Errorf("balance: %w", examples[name]), nil)
			if !known {
				t.Errorf("%s is not known", name)
			}
			return r
		}})
	}
	play(t, "errors", scenes)
}

func TestEveryStopHasASentence(t *testing.T) {
	t.Parallel()
	var scenes []scene
	add := func(name string, err error) {
		scenes = append(scenes, scene{name, func(v view.View) chat.Reply {
			r, known := v.Error(err, nil)
			if !known {
				t.Errorf("%s is not known", name)
			}
			if e, ok := errors.AsType[*wallet.UnsettledError](err); ok && render(v.Unsettled(e.Order)) != render(r) {
				t.Errorf("%s is told in two ways", name)
			}
			return r
		}})
	}
	for _, reason := range constants(t, "family", "StopReason") {
		add("school: "+reason, &family.StoppedError{Reason: family.StopReason(reason), School: "CITÉ SCOLAIRE"})
	}
	for _, reason := range constants(t, "wallet", "StopReason") {
		add("wallet: "+reason, &wallet.StoppedError{Reason: wallet.StopReason(reason)})
	}
	add("paused", &family.PausedError{Until: utc(24, 0)})
	add("one account held", &tries.HeldError{Until: tuesday.Add(time.Hour), Own: true})
	add("a person held", &tries.HeldError{Until: tuesday.Add(time.Hour)})
	add("damaged and locked", fmt.Errorf("%w: %w", wallet.ErrLocked, wallet.ErrDamaged))
	unsettled := order(wallet.Unknown)
	unsettled.Sent = utc(-1, 59)
	add("unsettled since the day before", &wallet.UnsettledError{Order: unsettled})
	unsettled.Sent = time.Time{}
	add("unsettled, not sent yet", &wallet.UnsettledError{Order: unsettled})
	play(t, "stops", scenes)
}

// Each reason of a refused activation is told like a refusal by Izly.
func TestEveryActivationReasonHasASentence(t *testing.T) {
	t.Parallel()
	v := in(t, "fr")
	want, _ := v.Error(izly.ErrBadActivation, nil)
	for _, reason := range constants(t, "izly", "ActivationReason") {
		if r, known := v.Error(&izly.ActivationError{Reason: izly.ActivationReason(reason)}, nil); !known || render(r) != render(want) {
			t.Errorf("%s: %s", reason, render(r))
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	play(t, "unreadable", []scene{
		{"account", func(v view.View) chat.Reply { return v.Unreadable("PRONOTE – CITÉ SCOLAIRE (DUPONT Marc)") }},
		{"chat", func(v view.View) chat.Reply { return v.Unreadable("") }},
	})
}

func TestUnknownErrors(t *testing.T) {
	t.Parallel()
	v := in(t, "fr")
	want := render(v.Say("error.unexpected", "reference", "4f2a91"))
	for _, err := range []error{
		errors.New("bolt: closed"), nil, context.Canceled,
		&family.StoppedError{Reason: "later"}, &wallet.StoppedError{Reason: "later"},
	} {
		if r, known := v.Error(err, nil); known || render(r) != want {
			t.Errorf("%v: %t, %s", err, known, render(r))
		}
	}
}

type codeError struct{ code int }

func (e codeError) Error() string { return "refused" }

// What only linking knows comes first, with values of its own.
func TestOwnSentencesComeFirst(t *testing.T) {
	t.Parallel()
	v := in(t, "fr")
	suspended := fmt.Errorf("suspended: %w", school.ErrPause)
	own := []view.Sentence{
		{Is: suspended, Key: "error.school.suspended"},
		{Key: "error.link_gone", As: func(err error) ([]any, bool) {
			return []any{"link", "/connexion pronote"}, errors.Is(err, errSilent)
		}},
		{Key: "error.school.access", As: func(err error) ([]any, bool) {
			e, ok := errors.AsType[codeError](err)
			return []any{"code", e.code}, ok && e.code > 1
		}},
	}
	for _, tt := range []struct {
		err  error
		want string // in the sentence
	}{
		{suspended, "a suspendu l'accès"},
		{errors.Join(&family.PausedError{}, suspended), "a suspendu l'accès"},
		{errSilent, "/connexion pronote le relie"},
		{school.ErrPause, "demande une pause"},
		{errors.Join(school.ErrNoAccess, codeError{6}), "(code 6)"},
		{errors.Join(school.ErrWrongPassword, codeError{1}), "l'identifiant ou le mot de passe est faux"},
	} {
		r, known := v.Error(fmt.Errorf("week: %w", tt.err), own)
		if text := render(r); !known || !strings.Contains(text, tt.want) {
			t.Errorf("%v: %s", tt.err, text)
		}
	}
}

// What Izly wrote stands below every sentence about its refusal, and what it did not write does not.
func TestServerText(t *testing.T) {
	t.Parallel()
	v := in(t, "fr")
	for _, tt := range []struct {
		err  error
		note bool
	}{
		{&izly.Error{Code: 102, Msg: "Compte bloqué."}, true},
		{&izly.Error{Code: 9999, Prio: 3, Msg: "Compte bloqué."}, true},
		{errors.Join(&izly.Error{Code: 105, Msg: "Compte bloqué."}, errors.New("disk full")), true},
		{&izly.Error{Code: 102}, false},
		{izly.ErrBlocked, false},
	} {
		for _, r := range []chat.Reply{v.WithServerText(v.Say("link.wallet.wrong_code", "cancel", "/annuler"), tt.err), first(v.Error(tt.err, nil))} {
			last := r.Body[len(r.Body)-1]
			if note := last.Kind == chat.LineNote && strings.Contains(last.Text, "Compte bloqué."); note != tt.note {
				t.Errorf("%v: %s", tt.err, render(r))
			}
		}
	}
}

func first(r chat.Reply, _ bool) chat.Reply { return r }
