package pronote

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/visible"
)

// The example of pronote-today §7.3, with an older test, an odd mark and fields in their other forms.
const gradesExample = `{
 "moyGenerale":{"_T":10,"V":"14,35"},"baremeMoyGenerale":{"_T":10,"V":"20"},
 "listeServices":{"_T":24,"V":[
  {"N":"28#s2","G":12,"L":"ANGLAIS","ordre":2,"estMoyNR":true,"moyEleve":{"_T":10,"V":"9,00"},"moyClasse":{"_T":10,"V":""}},
  {"N":"28#s1","G":12,"L":"MATHÉMATIQUES","ordre":1,"moyEleve":{"_T":10,"V":"15,50"},"baremeMoyEleve":{"_T":10,"V":"20"},
   "moyClasse":{"_T":10,"V":"11,20"},"moyMin":{"_T":10,"V":"4,00"},"moyMax":{"_T":10,"V":"18,00"}}]},
 "listeDevoirs":{"_T":24,"V":[
  {"note":{"_T":10,"V":"|1"},"bareme":"10","date":"05/09/2025","service":{"L":"ANGLAIS"},"coefficient":"0,50","estBonus":true,"estFacultatif":true},
  {"note":{"_T":10,"V":"15,50"},"bareme":{"_T":10,"V":"20"},"date":{"_T":7,"V":"12/09/2025"},
   "service":{"_T":24,"V":{"N":"28#s1","G":12,"L":"MATHÉMATIQUES"}},"moyenne":{"_T":10,"V":"11,20"},"noteMax":{"_T":10,"V":"18,00"},
   "noteMin":{"_T":10,"V":"4,00"},"coefficient":1,"commentaire":"Fractions","commentaireSurNote":"Bien","estFacultatif":true},
  {"note":{"_T":10,"V":"Abs"},"bareme":"20","date":"05/09/2025","service":{"L":"ANGLAIS"}}]}}`

func decodeGrades(t testing.TB, data string) (school.Grades, error) {
	t.Helper()
	var reply gradesReply
	if err := json.Unmarshal([]byte(data), &reply); err != nil {
		return school.Grades{}, err
	}
	return reply.grades(paris(t))
}

func numbered(value string) school.Mark { return school.Mark{Kind: school.MarkNumber, Value: value} }

func TestGradesExample(t *testing.T) {
	g, err := decodeGrades(t, gradesExample)
	if err != nil || len(g.Grades) != 3 || len(g.Subjects) != 2 {
		t.Fatalf("%+v, %v", g, err)
	}
	if g.Average != numbered("14.35") || g.ClassAverage != (school.Mark{}) || g.Scale != numbered("20") {
		t.Errorf("averages are %v and %v of %v", g.Average, g.ClassAverage, g.Scale)
	}
	want := school.SubjectAverage{
		Subject: "MATHÉMATIQUES", Pupil: numbered("15.5"), Class: numbered("11.2"), Min: numbered("4"), Max: numbered("18"),
		Scale: numbered("20"),
	}
	if g.Subjects[0] != want {
		t.Errorf("first subject is %+v", g.Subjects[0])
	}
	if g.Subjects[1] != (school.SubjectAverage{Subject: "ANGLAIS"}) { // not published, and no class average
		t.Errorf("second subject is %+v", g.Subjects[1])
	}
	maths, english, odd := g.Grades[0], g.Grades[1], g.Grades[2]
	if maths.Title != "Fractions" || maths.Remark != "Bien" || maths.Date.Format(time.DateOnly) != "2025-09-12" ||
		maths.Coefficient != "1" || maths.Class.Value != "11.2" || maths.Min.Value != "4" || maths.Max.Value != "18" ||
		!maths.Optional || maths.Bonus {
		t.Errorf("maths is %+v", maths)
	}
	if english.Mark.Kind != school.MarkAbsent || english.Scale.Value != "10" || english.Coefficient != "0.5" || !english.Bonus || english.Optional {
		t.Errorf("english is %+v", english)
	}
	if odd.Mark.Kind != school.MarkUnknown || odd.Coefficient != "" || odd.Key == english.Key || odd.Key == "" {
		t.Errorf("the odd one is %+v", odd)
	}
}

// A school may give one name to two of its services, such as two groups with a teacher each.
func TestServicesOfOneNameStayApart(t *testing.T) {
	g, err := decodeGrades(t, `{"listeServices":{"_T":24,"V":[
		{"N":"2","L":"MATHS","ordre":2,"moyEleve":{"_T":10,"V":"9"}},{"N":"1","L":"MATHS","ordre":1,"moyEleve":{"_T":10,"V":"14"}},{"N":"3","L":"EPS","ordre":3}]},
		"listeDevoirs":{"_T":24,"V":[
		{"date":{"_T":7,"V":"12/09/2025"},"note":{"_T":10,"V":"9"},"service":{"_T":24,"V":{"N":"2","L":"MATHS"}}},
		{"date":{"_T":7,"V":"11/09/2025"},"note":{"_T":10,"V":"14"},"service":{"_T":24,"V":{"N":"1","L":"MATHS"}}},
		{"date":{"_T":7,"V":"10/09/2025"},"note":{"_T":10,"V":"1"},"service":{"_T":24,"V":{"N":"3","L":"EPS"}}}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range g.AllSubjects() {
		got = append(got, fmt.Sprint(s.Subject, s.Twin, " ", s.Pupil.Value))
		for _, grade := range g.Grades {
			if grade.Subject == s.Subject && grade.Twin == s.Twin {
				got = append(got, grade.Mark.Value)
			}
		}
	}
	if want := []string{"MATHS0 14", "14", "MATHS1 9", "9", "EPS0 ", "1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if names := g.SubjectNames(); !slices.Equal(names, []string{"MATHS", "EPS"}) {
		t.Errorf("the names are %q", names)
	}
}

func TestBadGrades(t *testing.T) {
	for name, data := range map[string]string{
		"no tests":       `{"listeServices":{"_T":24,"V":[]}}`,
		"no services":    `{"listeDevoirs":{"_T":24,"V":[]}}`,
		"null list":      `{"listeServices":{"_T":24,"V":null},"listeDevoirs":[]}`,
		"tag and no V":   `{"listeServices":{"_T":24},"listeDevoirs":[]}`,
		"no date":        `{"listeServices":[],"listeDevoirs":[{"note":"12"}]}`,
		"list of texts":  `{"listeServices":[],"listeDevoirs":["x"]}`,
		"object as list": `{"listeServices":[],"listeDevoirs":{"V":[]}}`,
	} {
		if g, err := decodeGrades(t, data); err == nil {
			t.Errorf("%s: taken as %+v", name, g)
		}
	}
	if g, err := decodeGrades(t, `{"listeServices":[],"listeDevoirs":{"_T":24,"V":[]}}`); err != nil || len(g.Grades) != 0 {
		t.Errorf("a period without grades is %+v, %v", g, err)
	}
}

func FuzzGrades(f *testing.F) {
	f.Add(gradesExample)
	f.Fuzz(func(t *testing.T, data string) {
		g, err := decodeGrades(t, data)
		if err != nil {
			return
		}
		keys := map[string]bool{}
		for i, grade := range g.Grades {
			if keys[grade.Key] || i > 0 && grade.Date.After(g.Grades[i-1].Date) {
				t.Errorf("%q: bad grade %+v", data, grade)
			}
			keys[grade.Key] = true
		}
	})
}

// The example of pronote-today §7.2.
const homeworkExample = `{"ListeTravauxAFaire":{"_T":24,"V":[
  {"N":"38#t1","descriptif":{"_T":21,"V":"<div>Ex. 4 &agrave; 6 p. 12</div>"},
   "PourLe":{"_T":7,"V":"19/09/2025"},"DonneLe":{"_T":7,"V":"17/09/2025"},"TAFFait":false,
   "Matiere":{"_T":24,"V":{"N":"27#m","L":"MATHÉMATIQUES"}},
   "ListePieceJointe":{"_T":24,"V":[{"N":"48#f","G":1,"L":"plan.pdf"},{"N":"48#l","G":0,"url":"https://example.org/v"}]}},
  {"descriptif":"Lire","PourLe":"18/09/2025","TAFFait":true}]}}`

func TestHomeworkExample(t *testing.T) {
	var reply homeworkReply
	if err := json.Unmarshal([]byte(homeworkExample), &reply); err != nil {
		t.Fatal(err)
	}
	work, err := reply.homework(paris(t))
	if err != nil || len(work) != 2 {
		t.Fatalf("%+v, %v", work, err)
	}
	if first := work[0]; first.Text != "Lire" || !first.Done || !first.Given.IsZero() || first.Due.Day() != 18 {
		t.Errorf("first is %+v", first)
	}
	if second := work[1]; second.Text != "Ex. 4 à 6 p. 12" || second.Subject != "MATHÉMATIQUES" || second.Given.Day() != 17 ||
		len(second.Attachments) != 2 || second.Attachments[1] != "https://example.org/v" || second.Key == work[0].Key {
		t.Errorf("second is %+v", second)
	}
}

func TestHomeworkIsBounded(t *testing.T) {
	var reply homeworkReply
	file := `{"L":"` + strings.Repeat("x", 1000) + `.pdf"}`
	if err := json.Unmarshal([]byte(`{"ListeTravauxAFaire":[{"PourLe":"18/09/2025","descriptif":"`+strings.Repeat("mot ", 4<<20)+`",
		"Matiere":{"L":"\u200b"},"ListePieceJointe":[`+strings.Repeat(file+",", 1000)+file+`]}]}`), &reply); err != nil {
		t.Fatal(err)
	}
	work, err := reply.homework(paris(t))
	if err != nil || len(work) != 1 {
		t.Fatal(err)
	}
	h := work[0]
	if n := len([]rune(h.Text)); n > visible.MaxText || !strings.HasSuffix(h.Text, "…") {
		t.Errorf("the text has %d characters", n)
	}
	if len(h.Attachments) != maxNames || len([]rune(h.Attachments[0])) != visible.MaxName || h.Subject != visible.StandIn {
		t.Errorf("%d attachments of %d characters for %q", len(h.Attachments), len([]rune(h.Attachments[0])), h.Subject)
	}
}

func FuzzHomework(f *testing.F) {
	f.Add(homeworkExample)
	f.Fuzz(func(t *testing.T, data string) {
		var reply homeworkReply
		if json.Unmarshal([]byte(data), &reply) != nil {
			return
		}
		work, err := reply.homework(time.UTC)
		for i, h := range work {
			if len([]rune(h.Text)) > visible.MaxText || len([]rune(h.Subject)) > visible.MaxName {
				t.Errorf("%q: %+v is too long", data, h)
			}
			if err != nil || i > 0 && h.Due.Before(work[i-1].Due) {
				t.Errorf("%q: %+v, %v", data, work, err)
			}
		}
	})
}
