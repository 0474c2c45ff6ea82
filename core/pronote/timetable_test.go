package pronote

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/pronote/cipher"

	"cartable/core/school"
	"cartable/core/visible"
)

// grid is a school with 20 slots of half an hour from 08:00, as in the example of pronote-today §4.7.
func grid(t testing.TB) establishment {
	t.Helper()
	est := establishment{
		Monday: time.Date(2025, 9, 1, 0, 0, 0, 0, paris(t)), Slots: 20,
		Starts: map[int]clock{}, Ends: map[int]clock{},
	}
	for slot := range 21 {
		est.Starts[slot], est.Ends[slot] = 480+30*slot, 510+30*slot
	}
	return est
}

func decodeLessons(t testing.TB, list string) ([]school.Lesson, error) {
	t.Helper()
	var reply timetableReply
	if err := json.Unmarshal([]byte(`{"ListeCours":`+list+`}`), &reply); err != nil {
		return nil, err
	}
	est := grid(t)
	return reply.lessons(est, est.monday(3))
}

var spanTests = []struct{ name, lesson, want string }{ // want "": must be refused
	{"place and length alone", `{"place":40,"duree":4}`, "Wed 17 08:00-10:00"},
	{"real start", `{"place":40,"duree":4,"DateDuCours":{"_T":7,"V":"17/09/2025 08:10:00"}}`, "Wed 17 08:10-10:00"},
	{"real start and end", `{"DateDuCours":"17/09/2025 08:10:00","DateDuCoursFin":"17/09/2025 09:05:00"}`, "Wed 17 08:10-09:05"},
	{"end on another day", `{"DateDuCours":"17/09/2025 08:00:00","DateDuCoursFin":"16/09/2025 09:00:00"}`, "Wed 17 08:00-09:00"},
	{"several days", `{"DateDuCours":"17/09/2025 08:00:00","DateDuCoursFin":"18/09/2025 09:00:00"}`, "Wed 17 08:00-09:00"},
	{"numbers as text", `{"place":"2","duree":"1"}`, "Mon 15 09:00-09:30"},
	{"no place, no end", `{"DateDuCours":"17/09/2025 08:00:00"}`, ""},
	{"no length", `{"place":2}`, ""},
	{"nothing", `{}`, ""},
	{"negative place", `{"place":-1,"duree":1}`, ""},
	{"place far away", `{"place":9999999,"duree":1}`, ""},
	{"beyond the grid", `{"place":18,"duree":9}`, ""},
	{"no time at all", `{"place":2,"duree":0}`, ""},
	{"bad date", `{"DateDuCours":"32/09/2025 08:00:00","place":1,"duree":1}`, ""},
	{"ends as it starts", `{"DateDuCours":"17/09/2025 08:00:00","DateDuCoursFin":"17/09/2025 08:00:00"}`, ""},
}

func TestWhenALessonIs(t *testing.T) {
	for _, tt := range spanTests {
		lessons, err := decodeLessons(t, "["+tt.lesson+"]")
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s: taken as %+v", tt.name, lessons)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := lessons[0].Start.Format("Mon 2 15:04") + lessons[0].End.Format("-15:04")
		if got != tt.want {
			t.Errorf("%s: is at %s, want %s", tt.name, got, tt.want)
		}
	}
}

// at makes a lesson of one letter from hour to hour, with its priority.
func at(name string, from, to, priority int, cancelled bool) string {
	return fmt.Sprintf(`{"P":%d,"estAnnule":%t,"DateDuCours":"15/09/2025 %d:00:00","DateDuCoursFin":"15/09/2025 %d:00:00",`+
		`"ListeContenus":{"_T":24,"V":[{"L":%q,"G":16}]}}`, priority, cancelled, from, to, name)
}

var overlapTests = []struct {
	name    string
	lessons []string
	want    string
}{
	{"apart", []string{at("B", 9, 10, 7, false), at("A", 8, 9, 8, false)}, "A B"},
	{"replaced", []string{at("A", 8, 9, 7, false), at("B", 8, 9, 8, false)}, "B"},
	{"cancelled and replaced", []string{at("A", 8, 9, 7, true), at("B", 8, 9, 8, false)}, "B"},
	{"cancelled beside another", []string{at("A", 8, 9, 7, true), at("B", 8, 9, 7, false)}, "B"},
	{"cancelled alone", []string{at("A", 8, 9, 7, true), at("B", 9, 10, 8, false)}, "A B"},
	{"a cancelled one hides nothing", []string{at("A", 8, 9, 8, true), at("B", 8, 9, 7, false)}, "A B"},
	{"equal", []string{at("A", 8, 9, 7, false), at("B", 8, 9, 7, false)}, "A B"},
	{"the hidden hide nothing", []string{at("A", 8, 10, 1, false), at("B", 9, 12, 2, false), at("C", 11, 13, 3, false)}, "A C"},
	{"partly", []string{at("A", 8, 10, 7, true), at("B", 9, 11, 8, false)}, "B"},
}

func TestOverlappingLessons(t *testing.T) {
	for _, tt := range overlapTests {
		for range 2 {
			lessons, err := decodeLessons(t, "["+strings.Join(tt.lessons, ",")+"]")
			if err != nil {
				t.Fatal(err)
			}
			var shown []string
			for _, l := range lessons {
				shown = append(shown, l.Subject)
			}
			if got := strings.Join(shown, " "); got != tt.want {
				t.Errorf("%s: shown are %s, want %s", tt.name, got, tt.want)
			}
			slices.Reverse(tt.lessons) // the order of the answer does not matter
		}
	}
}

func TestLessonDetails(t *testing.T) {
	lessons, err := decodeLessons(t, `[
	 {"G":0,"P":7,"place":0,"duree":2,"Statut":"Changement de salle","memo":"Apporter\nle livre","dispenseEleve":true,
	  "cahierDeTextes":{"_T":24,"V":{"N":"1","estEval":true}},
	  "ListeContenus":{"_T":24,"V":[{"L":"ANGLAIS","G":16},{"L":"LECTURE","G":16},{"L":"MARTIN P.","G":3},{"L":"LEROY A.","G":34},
	   {"L":"B12","G":17},{"L":"B13","G":17},{"L":"[3A GR1]","G":2},{"L":"<3A>","G":58},{"L":"3A","G":1},{"L":"Visio"}]}},
	 {"G":1,"place":10,"duree":2,"ListeContenus":{"_T":24,"V":[]}},
	 {"G":0,"place":20,"duree":4,"estSortiePedagogique":true,"motif":"Musée","accompagnateurs":["M. A","Mme B"]},
	 {"G":0,"place":30,"duree":2,"estRetenue":"eleve","ListeContenus":{"_T":24,"V":[{"L":"13h00 - 14h00","estHoraire":true}]}}]`)
	if err != nil || len(lessons) != 4 {
		t.Fatalf("%d lessons, %v", len(lessons), err)
	}
	class, council, outing, detention := lessons[0], lessons[1], lessons[2], lessons[3]
	if class.Subject != "ANGLAIS" || !slices.Equal(class.Teachers, []string{"MARTIN P.", "LEROY A."}) ||
		!slices.Equal(class.Rooms, []string{"B12", "B13"}) || !slices.Equal(class.Groups, []string{"3A GR1", "<3A>"}) ||
		class.Note != "Apporter le livre; Visio" || class.Status != "Changement de salle" || !class.Test || !class.Exempted {
		t.Errorf("lesson is %+v", class)
	}
	if !council.Council || council.Subject != "" || council.Cancelled || council.Test {
		t.Errorf("council is %+v", council)
	}
	if !outing.Outing || outing.Note != "Musée" || !slices.Equal(outing.Teachers, []string{"M. A", "Mme B"}) {
		t.Errorf("outing is %+v", outing)
	}
	if !detention.Detention || detention.Note != "" {
		t.Errorf("detention is %+v", detention)
	}
}

// A lesson is one line for people, and many of them are stored.
func TestLessonTextsAreBounded(t *testing.T) {
	name := `{"G":3,"L":"` + strings.Repeat("M", 1000) + `"}`
	text := strings.Repeat("mot ", 1000)
	lessons, err := decodeLessons(t, `[{"G":0,"place":0,"duree":2,"Statut":"`+text+`","memo":"`+text+`","motif":"`+text+`",
		"accompagnateurs":["A","B"],"ListeContenus":{"_T":24,"V":[`+strings.Repeat(name+",", 100)+name+`,{"G":16,"L":"\u200b"}]}}]`)
	if err != nil || len(lessons) != 1 {
		t.Fatal(lessons, err)
	}
	l := lessons[0]
	if len(l.Teachers) != maxNames || len([]rune(l.Teachers[0])) != visible.MaxName {
		t.Errorf("%d teachers, the first has %d characters", len(l.Teachers), len([]rune(l.Teachers[0])))
	}
	for _, line := range []string{l.Status, l.Note} {
		if n := len([]rune(line)); n > visible.MaxLine || n < visible.MaxLine-4 {
			t.Errorf("a line has %d characters", n)
		}
	}
	if l.Subject != visible.StandIn {
		t.Errorf("subject is %q", l.Subject)
	}
}

// The key must find a lesson again after its room, teacher or status has changed, and tell twins apart.
func TestLessonKeys(t *testing.T) {
	lessons, err := decodeLessons(t, "["+at("A", 8, 9, 7, false)+","+at("A", 8, 9, 7, false)+","+at("A", 9, 10, 7, false)+"]")
	if err != nil {
		t.Fatal(err)
	}
	cancelled, err := decodeLessons(t, "["+at("A", 8, 9, 7, true)+"]")
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := lessons[0].Key, lessons[1].Key, lessons[2].Key
	if a == b || a == c || b == c || cancelled[0].Key != a {
		t.Errorf("keys are %s, %s, %s; cancelled %s", a, b, c, cancelled[0].Key)
	}
}

func TestTimetableBounds(t *testing.T) {
	many := "[" + strings.Repeat(`{"place":1,"duree":1},`, maxLessons) + `{"place":1,"duree":1}]`
	if _, err := decodeLessons(t, many); err == nil {
		t.Error("too many lessons were taken")
	}
	if lessons, err := decodeLessons(t, "[]"); err != nil || len(lessons) != 0 {
		t.Errorf("an empty week is %v, %v", lessons, err)
	}
	if _, err := decodeLessons(t, "null"); err == nil {
		t.Error("a week without a list was taken")
	}
}

func FuzzTimetable(f *testing.F) {
	for _, tt := range spanTests {
		f.Add("[" + tt.lesson + "]")
	}
	for _, tt := range overlapTests {
		f.Add("[" + strings.Join(tt.lessons, ",") + "]")
	}
	f.Fuzz(func(t *testing.T, list string) {
		lessons, err := decodeLessons(t, list)
		if err != nil {
			return
		}
		for i, l := range lessons {
			if !l.End.After(l.Start) || i > 0 && l.Start.Before(lessons[i-1].Start) || l.Key == "" {
				t.Errorf("%q: bad lesson %+v", list, l)
			}
		}
	})
}

func BenchmarkWeek(b *testing.B) {
	var list []string
	for day := range 5 {
		for hour := range 8 {
			list = append(list, fmt.Sprintf(`{"N":"10#%043d","G":0,"P":7,"place":%d,"duree":2,"CouleurFond":"#F0A030",`+
				`"DateDuCours":{"_T":7,"V":"%d/09/2025 %02d:00:00"},"AvecTafPublie":false,"ListeContenus":{"_T":24,"V":[`+
				`{"L":"MATHÉMATIQUES","N":"27#%043d","G":16},{"L":"MARTIN P.","N":"22#%043d","G":3},{"L":"B12","N":"18#%043d","G":17}]}}`,
				hour, day*20+hour*2, 15+day, 8+hour, day, hour, day))
		}
	}
	plain := []byte(`{"data":{"ListeCours":[` + strings.Join(list, ",") + `]},"Signature":{}}`)
	est := grid(b)
	for _, c := range []cipher.Codec{{}, {Encrypt: true}, {Compress: true}, {Encrypt: true, Compress: true}} {
		l := channel{dialect: dialects[3], codec: c, space: "3", next: 1}
		l.id, l.key, l.iv = secretOf("5374312"), secretOf("key"), secretOf(string(vectorIV))
		r, err := l.seal(fnTimetable, map[string]any{})
		if err != nil {
			b.Fatal(err)
		}
		sealed, err := c.Seal([]byte("key"), vectorIV, plain)
		if err != nil {
			b.Fatal(err)
		}
		body := replyBody(b, &l, r, sealed)
		b.Run(fmt.Sprintf("encrypt=%t,compress=%t", c.Encrypt, c.Compress), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				payload, err := l.open(r, body)
				if err != nil {
					b.Fatal(err)
				}
				var reply timetableReply
				if err := decodePayload(fnTimetable, payload, &reply); err != nil {
					b.Fatal(err)
				}
				if lessons, err := reply.lessons(est, est.monday(3)); err != nil || len(lessons) != 40 {
					b.Fatal(len(lessons), err)
				}
			}
		})
	}
}
