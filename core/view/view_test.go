package view_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return zone
}()

// tuesday is a school day in the morning. The machine's own clock is elsewhere, as that of a server is.
var tuesday = time.Date(2026, 11, 17, 7, 30, 0, 0, paris).UTC()

// on is midnight of a day at the school.
func on(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, paris)
}

// utc is a time of that Tuesday at the school, as other clocks show it.
func utc(hour, minute int) time.Time {
	return time.Date(2026, 11, 17, hour, minute, 0, 0, paris).UTC()
}

// in is a view in one language.
func in(t *testing.T, lang string) view.View {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	english := map[string]string{
		"edt": "timetable", "notes": "grades", "devoirs": "homework", "solde": "balance", "historique": "history",
		"recharger": "topup", "connexion": "link", "deconnexion": "unlink", "annuler": "cancel",
	}
	return view.View{P: catalog.Printer(lang), Zone: paris, Now: tuesday, Reference: "4f2a91", Cmd: func(name string) string {
		if english[name] == "" {
			t.Errorf("no command %q", name)
		}
		if lang == "en" {
			name = english[name]
		}
		return "/" + name
	}}
}

// scene is a value and how it is shown.
type scene struct {
	name string
	show func(v view.View) chat.Reply
}

// play compares the replies of all scenes, in each language, with testdata/golden/<name>.<lang>.txt.
func play(t *testing.T, name string, scenes []scene) {
	t.Helper()
	for _, lang := range i18n.Languages {
		v := in(t, lang)
		var b strings.Builder
		for _, s := range scenes {
			text := render(s.show(v))
			for _, broken := range []string{"<no value>", "{{", "}}", "%!", "<nil>"} {
				if strings.Contains(text, broken) {
					t.Errorf("%s, %s: %q in\n%s", name, s.name, broken, text)
				}
			}
			fmt.Fprintf(&b, "[%s]\n%s\n", s.name, text)
		}
		golden(t, filepath.Join("testdata", "golden", name+"."+lang+".txt"), b.String())
	}
}

func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s is not as it was; look, then run with -update.\ngot:\n%s\nwant:\n%s", path, text, want)
	}
}

// render writes a reply as the conversation tests of core do, with ordinary spaces.
func render(r chat.Reply) string {
	var b strings.Builder
	if r.Title != "" {
		fmt.Fprintf(&b, "# %s\n", r.Title)
	}
	for _, l := range r.Body {
		mark := map[chat.LineKind]string{chat.LineHeading: "## ", chat.LineNote: "> ", chat.LineStruck: "~ "}[l.Kind]
		if l.Label != "" {
			mark += l.Label + " | "
		}
		text := l.Text
		if l.Aside != "" {
			text += " ~ " + l.Aside
		}
		b.WriteString(mark + text + "\n")
	}
	return strings.ReplaceAll(b.String(), "\u00a0", " ")
}

func lines(l ...chat.Line) chat.Reply { return chat.Reply{Body: l} }

func line(text string) chat.Reply { return lines(chat.Line{Text: text}) }

var errSilent = errors.New("no answer")

func fresh[T any](value T) family.Reading[T] { return family.Reading[T]{Value: value, At: tuesday} }

// old is a reading of Sunday night, two minutes after midnight at the school.
func old[T any](value T) family.Reading[T] {
	return family.Reading[T]{Value: value, At: time.Date(2026, 11, 15, 23, 2, 0, 0, time.UTC), Stale: errSilent}
}

// simulated are the values that the simulators gave for the conversation tests of core.
type simulated struct {
	Profile   school.Profile
	Lea, Hugo school.Week
	Grades    school.Grades
	Homework  []school.Homework
	Balance   izly.Balance
	Statement izly.Statement
	Cards     izly.Cards
}

// The values of the simulators read as in the conversations of core, down to the buttons.
func TestConversations(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "simulated.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sim simulated
	if err := json.Unmarshal(text, &sim); err != nil {
		t.Fatal(err)
	}
	lea, hugo := family.Pupil{Pupil: sim.Profile.Pupils[0]}, family.Pupil{Pupil: sim.Profile.Pupils[1]}
	today := on(2026, 11, 17)
	for _, lang := range i18n.Languages {
		v := in(t, lang)
		for name, r := range map[string]chat.Reply{
			"day":            v.Day(lea, sim.Profile, fresh(sim.Lea), today),
			"week":           v.Week(hugo, sim.Profile, fresh(sim.Hugo), on(2026, 11, 16)),
			"grades":         v.Grades(lea, fresh(sim.Grades)),
			"grades-details": v.GradesDetails(lea, fresh(sim.Grades)),
			"grades-subject": v.GradesOf(lea, fresh(sim.Grades), []string{"MATHÉMATIQUES"}),
			"homework":       v.Homework(lea, sim.Profile, fresh(sim.Homework), today, today.AddDate(0, 0, 7), ""),
			"topup":          v.Summary(wallet.Order{Amount: 2000, Card: view.CardName(sim.Cards.Cards[0])}, wallet.Holder{}, sim.Cards.Balance),
			"balance":        {Title: v.P.T("balance.title"), Body: v.Balance(sim.Balance)},
			"history":        {Title: v.P.T("history.title"), Body: v.Statement(sim.Statement, 10, 50)},
		} {
			want, err := os.ReadFile(filepath.Join("..", "testdata", "golden", name+"."+lang+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			body, _, _ := strings.Cut(string(want), "[1] ")
			if got := render(r); got != body {
				t.Errorf("%s.%s: got\n%s\nwant\n%s", name, lang, got, body)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 17, 23, 0, 0, 0, time.UTC) // of Wednesday, at the school
	var scenes []scene
	for _, at := range []time.Time{utc(0, 0), utc(9, 5), midnight.Add(-time.Minute), midnight, tuesday.AddDate(1, 0, 0)} {
		scenes = append(scenes,
			scene{"moment " + at.Format(time.RFC3339), func(v view.View) chat.Reply { return line(v.ClockOrMoment(at)) }},
			scene{"until " + at.Format(time.RFC3339), func(v view.View) chat.Reply { return line(v.Until(at)) }})
	}
	scenes = append(scenes, scene{"after midnight at the school", func(v view.View) chat.Reply {
		v.Now = utc(0, 10)
		return lines(chat.Line{Text: v.ClockOrMoment(utc(0, 5))}, chat.Line{Text: v.ClockOrMoment(utc(-1, 50))})
	}})
	play(t, "times", scenes)
}

func TestSayMakesALineOfEachParagraph(t *testing.T) {
	t.Parallel()
	r := in(t, "fr").Say("greet.new", "link", "/connexion", "help", "/aide")
	if len(r.Body) != 2 || r.Title != "" {
		t.Errorf("got %+v", r)
	}
}
