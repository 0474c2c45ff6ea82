package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cartable/sim/pronote"
)

// pawnoteHeard is what pawnote.mjs prints: the school as the client of others understood it.
type pawnoteHeard struct {
	User, Resource, ClassName, FirstMonday, AgainUser, DefaultPeriod string

	Resources []string
	Lessons   []pawnoteLesson
	Homework  []pawnoteWork
	Periods   []pawnotePeriod
}

type pawnoteLesson struct {
	Start, End, Subject     string
	Teachers, Rooms, Groups []string
	Status, Memo            string
	Detention               bool
	Cancelled, Test         bool
}

type pawnoteWork struct {
	Due, Subject, HTML  string
	Done                bool
	Minutes, Difficulty int
	Attachments         []string
}

type pawnotePeriod struct {
	Name                  string
	Grades                []pawnoteGrade
	Averages              []pawnoteAverage
	Overall, ClassOverall string
}

type pawnoteGrade struct {
	Date, Subject, Title, Remark string
	Mark, OutOf, Coefficient     string
	Average, Min, Max            string
	Bonus, Optional              bool
}

type pawnoteAverage struct{ Subject, Pupil, Class, Min, Max string }

// pawnoteKinds are pawnote's numbers of the spaces; it always takes the mobile page.
var pawnoteKinds = map[string]string{"eleve": "6", "parent": "7"}

// pawnoteSchools are all the ways of speaking that pawnote 1.6.2 knows (pronote-today §9.5); the first is read with every
// account, the others with one.
var pawnoteSchools = []pronote.Config{
	{Version: "2025.2.8"},
	{Version: "2025.2.8", Encrypt: true},
	{Version: "2025.2.8", Encrypt: true, Compress: true},
	{Version: "2024.3.11", Encrypt: true, Compress: true},
	{Version: "2024.3.8"},
	{Version: "2022.0.0", Encrypt: true, Compress: true},
}

// TestPawnote compares what pawnote reads with what the simulator in this process holds.
func TestPawnote(t *testing.T) {
	for i, cfg := range pawnoteSchools {
		name := cfg.Version
		if cfg.Encrypt {
			name += " encrypted"
		}
		if cfg.Compress {
			name += " compressed"
		}
		t.Run(name, func(t *testing.T) {
			sim := pronote.New(cfg)
			web := httptest.NewServer(sim)
			defer web.Close()
			for _, account := range sim.Accounts() {
				checkPawnote(t, runPawnote(t, web.URL+"/pronote/"+account.Page, account), account, sim.Truth())
				if i > 0 {
					break
				}
			}
			if broken := sim.Violations(); len(broken) > 0 {
				t.Errorf("violations: %q", broken)
			}
		})
	}
}

// TestPawnoteBotSim reads the 2025 school of `bot sim` as people run it. Its data depends on the date alone, so a
// simulator in this process knows it too.
func TestPawnoteBotSim(t *testing.T) {
	bot := os.Getenv("CARTABLE_BOT")
	if bot == "" {
		t.Skip("CARTABLE_BOT names no binary")
	}
	school := botSim(t, bot, "pronote 2025") + "/2025/pronote/"
	sim := pronote.New(pronote.Config{})
	for _, account := range sim.Accounts() {
		checkPawnote(t, runPawnote(t, school+account.Page, account), account, sim.Truth())
	}
}

// runPawnote runs pawnote.mjs in Node, in the school's time zone, and reads what it prints.
func runPawnote(t *testing.T, url string, account pronote.Account) (heard pawnoteHeard) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", "pawnote.mjs", url, pawnoteKinds[account.Space], account.Username, account.Password)
	cmd.Env = append(os.Environ(), "TZ=Europe/Paris")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pawnote.mjs: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &heard); err != nil {
		t.Fatalf("pawnote.mjs printed no JSON: %v\n%s", err, out)
	}
	return heard
}

// checkPawnote compares. Of a parent's children pawnote can read the first one only (pronote-today §6.2).
func checkPawnote(t *testing.T, heard pawnoteHeard, account pronote.Account, truth pronote.Truth) {
	t.Helper()
	children := truth.Children
	if account.Space == "eleve" {
		children = slices.DeleteFunc(children, func(c pronote.Child) bool { return c.Name != account.Name })
	}
	var names []string
	for _, c := range children {
		names = append(names, c.Name)
	}
	child := children[0]
	want := pawnoteHeard{
		User: account.Name, AgainUser: account.Name, Resources: names, Resource: child.Name, ClassName: child.Class,
		FirstMonday: truth.FirstMonday.Format(time.DateOnly), DefaultPeriod: child.Current().Name,
		Lessons: heldLessons(child, truth.Today), Homework: heldHomework(child, truth.Today), Periods: heldPeriods(child),
	}
	slices.SortStableFunc(heard.Lessons, compareLessons)
	slices.SortStableFunc(want.Lessons, compareLessons)
	if !reflect.DeepEqual(heard, want) {
		read, held := indent(t, heard), indent(t, want)
		for i := range max(len(read), len(held)) {
			if i >= len(read) || i >= len(held) || read[i] != held[i] {
				from := max(0, i-8)
				t.Errorf("%s: pawnote read\n%s\nwhere the school holds\n%s", account.Username,
					strings.Join(read[min(from, len(read)):min(i+4, len(read))], "\n"),
					strings.Join(held[min(from, len(held)):min(i+4, len(held))], "\n"))
				break
			}
		}
	}
	if len(heard.Lessons) == 0 || len(heard.Homework) == 0 || len(heard.Periods[0].Grades) == 0 {
		t.Errorf("%s: something is empty: %+v", account.Username, heard)
	}
}

func compareLessons(a, b pawnoteLesson) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Status, b.Status))
}

func heldLessons(c pronote.Child, today time.Time) (held []pawnoteLesson) {
	for _, l := range append(c.Week(today), c.Week(today.AddDate(0, 0, 7))...) {
		held = append(held, pawnoteLesson{
			Start: l.Start.Format("2006-01-02 15:04"), End: l.End.Format("2006-01-02 15:04"), Subject: l.Subject,
			Teachers: l.Teachers, Rooms: l.Rooms, Groups: append([]string{}, l.Groups...), Status: l.Status, Memo: l.Memo,
			Detention: l.Detention, Cancelled: l.Cancelled, Test: l.Test,
		})
	}
	return held
}

func heldHomework(c pronote.Child, today time.Time) (held []pawnoteWork) {
	monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
	for _, h := range c.Homework(monday, monday.AddDate(0, 0, 13)) {
		w := pawnoteWork{
			Due: h.Due.Format(time.DateOnly), Subject: h.Subject, HTML: h.HTML, Done: h.Done, Minutes: h.Minutes,
			Difficulty: h.Difficulty, Attachments: []string{},
		}
		for _, a := range h.Attachments {
			w.Attachments = append(w.Attachments, a.Name)
		}
		held = append(held, w)
	}
	return held
}

func heldPeriods(c pronote.Child) (held []pawnotePeriod) {
	for _, p := range c.Periods() {
		own, class := c.Overall(p)
		period := pawnotePeriod{
			Name: p.Name, Overall: plain(own), ClassOverall: plain(class),
			Grades: []pawnoteGrade{}, Averages: []pawnoteAverage{},
		}
		for _, g := range c.Grades(p) {
			period.Grades = append(period.Grades, pawnoteGrade{
				Date: g.Date.Format(time.DateOnly), Subject: g.Subject, Title: g.Title, Remark: g.Remark,
				Mark: plain(g.Mark), OutOf: plain(g.OutOf), Coefficient: plain(g.Coefficient),
				Average: plain(g.Average), Min: plain(g.Min), Max: plain(g.Max), Bonus: g.Bonus, Optional: g.Optional,
			})
		}
		for _, a := range c.Averages(p) {
			got := pawnoteAverage{
				Subject: a.Subject, Pupil: shown(a.Pupil), Class: shown(a.Class), Min: shown(a.Min), Max: shown(a.Max),
			}
			period.Averages = append(period.Averages, got)
		}
		held = append(held, period)
	}
	return held
}

func indent(t *testing.T, heard pawnoteHeard) []string {
	t.Helper()
	b, err := json.MarshalIndent(heard, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")
}

// shown is plain for an average, where pawnote takes an empty text for a number that is none.
func shown(figure string) string { return cmp.Or(plain(figure), "NaN") }

// plain writes "14,50" as JavaScript writes the number.
func plain(figure string) string {
	v, err := strconv.ParseFloat(strings.Replace(figure, ",", ".", 1), 64)
	if err != nil {
		return figure
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
