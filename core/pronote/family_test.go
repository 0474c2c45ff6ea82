package pronote

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cartable/core/visible"
)

const pupilResource = `{"N":"34#lea","G":4,"L":"DUPONT Léa","Etablissement":{"_T":24,"V":{"N":"0#e","L":"LYCEE"}},
 "classeDEleve":{"N":"12#3a","L":"3A"},
 "listeOngletsPourPeriodes":{"_T":24,"V":[{"G":13,"listePeriodes":{"_T":24,"V":[]}},{"G":198,
  "listePeriodes":{"_T":24,"V":[{"N":"17#t1","L":"Trimestre 1","G":1,"A":true},{"N":"17#x","L":"Brevet","G":1,"A":false},
   {"N":"17#t2","L":"Trimestre 2","G":1}]},
  "periodeParDefaut":{"_T":24,"V":{"N":"17#t2","L":"Trimestre 2"}}}]}}`

var tabTree = `[{"G":7},{"G":3,"Onglet":[{"G":198},{"G":201}]},{"G":4,"Onglet":[{"G":16}]}]`

func decodeFamily(t testing.TB, ressource, tabs string, parent bool, today string) (family, error) {
	t.Helper()
	var reply userReply
	if err := json.Unmarshal([]byte(`{"ressource":`+ressource+`,"listeOnglets":`+tabs+`}`), &reply); err != nil {
		return family{}, err
	}
	day, err := time.ParseInLocation(time.DateOnly, today, paris(t))
	if err != nil {
		t.Fatal(err)
	}
	est := mustEstablishment(t, strings.Replace(general, `"ListePeriodes":[`,
		`"ListePeriodes":[{"N":"17#t2","G":1,"L":"Trimestre 2","dateDebut":"01/12/2025","dateFin":"01/03/2026"},
		 {"N":"17#y","G":2,"L":"Année","dateDebut":"01/09/2025","dateFin":"04/07/2026"},`, 1))
	return reply.family(est, parent, day)
}

func TestPupil(t *testing.T) {
	f, err := decodeFamily(t, pupilResource, tabTree, false, "2025-09-10")
	if err != nil || len(f.Pupils) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	p := f.Pupils[0]
	if f.Holder != "DUPONT Léa" || p.Name != "DUPONT Léa" || p.Class != "3A" || p.School != "LYCEE" || p.N != "34#lea" {
		t.Errorf("pupil is %+v", p)
	}
	if len(p.Periods) != 2 || p.Periods[0].Name != "Trimestre 1" || p.Periods[1].Name != "Trimestre 2" || p.Current != 1 ||
		p.Periods[0].To.Format(time.DateOnly) != "2025-11-30" || p.Periods[0].Key == p.Periods[1].Key {
		t.Errorf("periods are %+v, now %d", p.Periods, p.Current)
	}
	if !slices.Equal(f.Tabs, []tab{3, 4, tabHome, tabTimetable, tabGrades, 201}) || !f.AllTabs {
		t.Errorf("tabs are %v", f.Tabs)
	}
}

// Names are stored with the session, and stand on buttons.
func TestNamesOfAFamilyAreBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	f, err := decodeFamily(t, `{"N":"1","L":"`+long+`","classeDEleve":{"L":"`+long+`"},"Etablissement":{"L":"\u202e`+long+`"},
		"listeOngletsPourPeriodes":[{"G":198,"listePeriodes":[{"N":"2","L":"`+long+`"}]}]}`, "null", false, "2025-09-10")
	if err != nil || len(f.Pupils) != 1 || len(f.Pupils[0].Periods) != 1 {
		t.Fatal(err)
	}
	p := f.Pupils[0]
	for _, name := range []string{f.Holder, p.Name, p.Class, p.School, p.Periods[0].Name} {
		if utf8.RuneCountInString(name) != visible.MaxName || !strings.HasSuffix(name, "é…") {
			t.Errorf("a name has %d characters", utf8.RuneCountInString(name))
		}
	}
	f, err = decodeFamily(t, `{"N":"1","L":"\u200b\u2060"}`, "null", false, "2025-09-10")
	if err != nil || f.Pupils[0].Name != visible.StandIn {
		t.Errorf("a pupil without a visible name is %+v, %v", f.Pupils, err)
	}
}

// A server that lists no periods for the tab, as one written from the seed's document, has those of the school.
func TestPeriodsOfTheSchool(t *testing.T) {
	for today, current := range map[string]string{
		"2025-08-01": "Trimestre 1", "2025-09-10": "Trimestre 1", "2025-12-24": "Trimestre 2", "2026-06-01": "Trimestre 2",
	} {
		f, err := decodeFamily(t, `{"N":"34#lea","L":"DUPONT Léa"}`, "null", false, today)
		if err != nil {
			t.Fatal(err)
		}
		p := f.Pupils[0]
		if len(p.Periods) != 2 || p.Periods[p.Current].Name != current || p.School != "COLLEGE DES TILLEULS" || f.Tabs != nil {
			t.Errorf("on %s: %+v", today, p)
		}
	}
}

func TestPupilsOfAParent(t *testing.T) {
	twin := `{"N":"%","G":4,"L":"DUPONT Léa"}`
	pupils := strings.ReplaceAll(twin, "%", "1") + "," + strings.ReplaceAll(twin, "%", "2") + `,{"N":"3","L":"DUPONT Luc"}`
	for _, list := range []string{`[` + pupils + `]`, `{"_T":24,"V":[` + pupils + `]}`} {
		f, err := decodeFamily(t, `{"N":"5#p","G":5,"L":"M. DUPONT","listeRessources":`+list+`}`, tabTree, true, "2025-09-10")
		if err != nil || len(f.Pupils) != 3 || f.Holder != "M. DUPONT" {
			t.Fatalf("%+v, %v", f, err)
		}
		keys := []string{f.Pupils[0].Key, f.Pupils[1].Key, f.Pupils[2].Key}
		slices.Sort(keys)
		if len(slices.Compact(keys)) != 3 {
			t.Errorf("keys are %v", keys)
		}
	}
	f, err := decodeFamily(t, `{"N":"5#p","G":5,"L":"M. DUPONT","listeRessources":[]}`, tabTree, true, "2025-09-10")
	if err != nil || len(f.Pupils) != 0 {
		t.Errorf("a parent without pupils is %+v, %v", f, err)
	}
}

func TestBadFamilies(t *testing.T) {
	for name, ressource := range map[string]string{
		"nobody":         `null`,
		"no identifier":  `{"L":"X"}`,
		"no name":        `{"N":"1"}`,
		"parent alone":   `{"N":"5#p","G":5,"L":"M. DUPONT"}`,
		"nameless pupil": `{"N":"5#p","G":5,"L":"P","listeRessources":[{"N":"1"}]}`,
		"pupils no list": `{"N":"5#p","G":5,"L":"P","listeRessources":1}`,
		"crowd":          `{"N":"5#p","G":5,"L":"P","listeRessources":[` + strings.Repeat(`{"N":"1","L":"x"},`, maxPupils) + `{}]}`,
	} {
		if f, err := decodeFamily(t, ressource, tabTree, true, "2025-09-10"); err == nil {
			t.Errorf("%s: taken as %+v", name, f)
		}
	}
}

func TestPublishedTabs(t *testing.T) {
	for tree, want := range map[string][]tab{
		tabTree: {3, 4, 7, 16, 198, 201}, `[]`: {}, `[88,16,88]`: {16, 88}, `[{"G":"198"}]`: {}, `{"a":[[[{"G":88}]]]}`: {88},
		`[0,-3,1.5,1e9,1000,999]`: {999},
	} {
		if got := publishedTabs(json.RawMessage(tree)); got == nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v", tree, got)
		}
	}
	for _, missing := range []string{"", "null", "[16"} {
		if got := publishedTabs(json.RawMessage(missing)); got != nil {
			t.Errorf("%q: got %v", missing, got)
		}
	}
}
