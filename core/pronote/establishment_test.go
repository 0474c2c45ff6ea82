package pronote

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// general is the member General of pronote-today §4.6, cut to what this client reads.
const general = `{
 "versionPN":"2025.2.8","NomEtablissement":"COLLEGE DES TILLEULS",
 "PremierLundi":{"_T":7,"V":"01/09/2025"},"PremiereDate":{"_T":7,"V":"02/09/2025"},"DerniereDate":{"_T":7,"V":"04/07/2026"},
 "PlacesParJour":20,
 "ListeHeures":{"_T":24,"V":[{"G":0,"L":"08h00","A":true},{"G":1,"L":"08h30","A":true}]},
 "ListeHeuresFin":{"_T":24,"V":[{"G":0,"L":"08h30","A":true},{"G":1,"L":"09h00","A":true}]},
 "ListePeriodes":[{"N":"17#t1","G":1,"L":"Trimestre 1","dateDebut":{"_T":7,"V":"01/09/2025"},"dateFin":{"_T":7,"V":"30/11/2025"}}],
 "listeJoursFeries":{"_T":24,"V":[{"N":"47#f1","L":"Toussaint","dateDebut":{"_T":7,"V":"18/10/2025"},"dateFin":{"_T":7,"V":"02/11/2025"}}]},
 "DomainesFrequences":[{"_T":8,"V":""},{"_T":8,"V":"[1,3,5]"},{"_T":8,"V":"[2,4,6]"}],"LibellesFrequences":["","Q1","Q2"]}`

func decodeEstablishment(t testing.TB, general string) (establishment, error) {
	t.Helper()
	var reply parametersReply
	if err := json.Unmarshal([]byte(`{"General":`+general+`}`), &reply); err != nil {
		return establishment{}, err
	}
	return reply.establishment(paris(t))
}

func mustEstablishment(t testing.TB, general string) establishment {
	t.Helper()
	est, err := decodeEstablishment(t, general)
	if err != nil {
		t.Fatal(err)
	}
	return est
}

func TestEstablishment(t *testing.T) {
	est := mustEstablishment(t, general)
	if est.Name != "COLLEGE DES TILLEULS" || est.Version != "2025.2.8" || est.Slots != 20 ||
		est.First.Format(time.DateOnly) != "2025-09-02" || est.Last.Format(time.DateOnly) != "2026-07-04" ||
		est.Starts[1] != 510 || est.Ends[1] != 540 || len(est.Holidays) != 1 || len(est.Periods) != 1 {
		t.Errorf("establishment is %+v", est)
	}
	for week, want := range map[int]string{1: "Q1", 2: "Q2", 5: "Q1", 7: ""} {
		if got := est.fortnight(week); got != want {
			t.Errorf("week %d is a %q", week, got)
		}
	}
}

func TestWeekNumbers(t *testing.T) {
	est := mustEstablishment(t, general)
	for date, want := range map[string]int{
		"2025-09-01": 1, "2025-09-07": 1, "2025-09-08": 2, "2025-10-26": 8, "2025-10-27": 9, // clocks change between
		"2026-07-04": 44, "2025-08-31": 0, "2025-08-25": 0, "2025-08-24": -1,
	} {
		day, err := time.ParseInLocation(time.DateOnly, date, est.Monday.Location())
		if err != nil {
			t.Fatal(err)
		}
		if got := est.week(day); got != want {
			t.Errorf("%s is in week %d, want %d", date, got, want)
		}
		if monday := est.monday(want); daysBetween(monday, day) < 0 || daysBetween(monday, day) > 6 || monday.Weekday() != time.Monday {
			t.Errorf("week %d starts on %v", want, monday)
		}
	}
	if got := est.lastWeek(); got != 44 {
		t.Errorf("the last week is %d", got)
	}
}

// Older documents name only the first day of the year: its week is the first.
func TestYearWithoutFirstMonday(t *testing.T) {
	est := mustEstablishment(t, strings.Replace(general, "PremierLundi", "Autre", 1))
	if got := est.Monday.Format(time.DateOnly); got != "2025-09-01" {
		t.Errorf("week 1 starts on %s", got)
	}
}

func TestBadEstablishments(t *testing.T) {
	for name, change := range map[string]*strings.Replacer{
		"no General":       strings.NewReplacer(general, "null"),
		"no first day":     strings.NewReplacer("PremierLundi", "x", "PremiereDate", "y"),
		"no periods":       strings.NewReplacer("ListePeriodes", "x"),
		"period undated":   strings.NewReplacer(`"17#t1","G":1,"L":"Trimestre 1","dateDebut"`, `"17#t1","x"`),
		"holiday undated":  strings.NewReplacer("18/10/2025", "soon"),
		"bad fortnights":   strings.NewReplacer("[1,3,5]", "[1..99999]"),
		"hour unnumbered":  strings.NewReplacer(`"G":1,"L":"09h00"`, `"L":"09h00"`),
		"list of the rest": strings.NewReplacer(general, "[]"),
	} {
		if est, err := decodeEstablishment(t, change.Replace(general)); err == nil {
			t.Errorf("%s: taken as %+v", name, est)
		}
	}
}

func FuzzEstablishment(f *testing.F) {
	f.Add(general)
	f.Add(`{"PremiereDate":"01/09/25","ListePeriodes":{"_T":24,"V":[]}}`)
	f.Fuzz(func(t *testing.T, general string) {
		est, err := decodeEstablishment(t, general)
		if err != nil {
			return
		}
		if est.Monday.IsZero() || est.week(est.Monday) != 1 || est.week(est.monday(9)) != 9 {
			t.Errorf("%q: week 1 starts on %v", general, est.Monday)
		}
	})
}
