package pronote

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// school is what a session must know of the school to ask and to understand: its calendar and its hours.
type school struct {
	Name       string         `json:"name,omitempty"`
	Version    string         `json:"version,omitempty"`
	Monday     time.Time      `json:"monday"` // of week 1
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"` // zero when the server does not say
	Holidays   []Holiday      `json:"holidays,omitempty"`
	Slots      int            `json:"slots,omitempty"`  // per day
	Starts     map[int]clock  `json:"starts,omitempty"` // by slot
	Ends       map[int]clock  `json:"ends,omitempty"`   // by slot
	Fortnights []fortnight    `json:"fortnights,omitempty"`
	Periods    []schoolPeriod `json:"periods,omitempty"`
}

// clock is a time of day in minutes after midnight.
type clock = int

// fortnight is a set of alternate weeks and its label, "Q1".
type fortnight struct {
	Label string `json:"label"`
	Weeks []int  `json:"weeks"`
}

// schoolPeriod is a period of the school year. Its N lives as long as the session.
type schoolPeriod struct {
	N    string    `json:"n"`
	Name string    `json:"name"`
	Kind int       `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// parametersReply is the answer to FonctionParametres, pronote-today §4.6.
type parametersReply struct {
	Navigator  text               `json:"identifiantNav"`
	AvecMembre truth              `json:"avecMembre"`
	General    value[generalInfo] `json:"General"`
}

type generalInfo struct {
	VersionPN          text `json:"versionPN"`
	NomEtablissement   text
	PremierLundi       text
	PremiereDate       text
	DerniereDate       text
	PlacesParJour      number
	ListeHeures        value[[]element]
	ListeHeuresFin     value[[]element]
	ListePeriodes      value[[]datedElement]
	Feries             value[[]datedElement] `json:"listeJoursFeries"`
	DomainesFrequences value[[]text]
	LibellesFrequences value[[]text]
}

// datedElement is a period or a holiday.
type datedElement struct {
	element
	DateDebut text `json:"dateDebut"`
	DateFin   text `json:"dateFin"`
}

func (d datedElement) dates(loc *time.Location) (from, to time.Time, err error) {
	if from, err = decodeDate(string(d.DateDebut), loc); err != nil {
		return from, to, err
	}
	to, err = decodeDate(cmp.Or(string(d.DateFin), string(d.DateDebut)), loc)
	return midnight(from, loc), midnight(to, loc), err
}

// school checks and converts the answer. The errors name what is missing and quote nothing.
func (r parametersReply) school(loc *time.Location) (school, error) {
	g := r.General.V
	sc := school{Name: g.NomEtablissement.clean(), Version: g.VersionPN.clean(), Slots: g.PlacesParJour.N}
	if !r.General.Set {
		return school{}, errors.New("no General")
	}
	if err := g.calendar(&sc, loc); err != nil {
		return school{}, err
	}
	if err := g.hours(&sc); err != nil {
		return school{}, err
	}
	if !g.ListePeriodes.Set {
		return school{}, errors.New("ListePeriodes is missing")
	}
	for _, p := range g.ListePeriodes.V {
		from, to, err := p.dates(loc)
		if err != nil {
			return school{}, errors.New("a period has no dates")
		}
		sc.Periods = append(sc.Periods, schoolPeriod{string(p.N), p.L.clean(), p.G.N, from, to})
	}
	for i, weeks := range g.DomainesFrequences.V {
		set, err := decodeDomain(string(weeks))
		if err != nil {
			return school{}, errors.New("DomainesFrequences is unreadable")
		}
		if i < len(g.LibellesFrequences.V) && len(set) > 0 {
			sc.Fortnights = append(sc.Fortnights, fortnight{g.LibellesFrequences.V[i].clean(), set})
		}
	}
	return sc, nil
}

// calendar reads the bounds of the year. The week count starts with the Monday, or with the week of the first
// day where the server names only that (seed-pronote, PageEmploiDuTemps).
func (g generalInfo) calendar(sc *school, loc *time.Location) error {
	monday, errMonday := decodeDate(string(g.PremierLundi), loc)
	first, errFirst := decodeDate(string(g.PremiereDate), loc)
	switch {
	case errMonday != nil && errFirst != nil:
		return errors.New("the first day of the school year is missing")
	case errMonday != nil:
		monday = first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
	case errFirst != nil:
		first = monday
	}
	sc.Monday, sc.First = midnight(monday, loc), midnight(first, loc)
	if last, err := decodeDate(string(g.DerniereDate), loc); err == nil {
		sc.Last = midnight(last, loc)
	}
	for _, h := range g.Feries.V {
		from, to, err := h.dates(loc)
		if err != nil {
			return errors.New("a holiday has no dates")
		}
		sc.Holidays = append(sc.Holidays, Holiday{h.L.clean(), from, to})
	}
	return nil
}

// hours reads the tables of slots, pronote-today §4.7.
func (g generalInfo) hours(sc *school) (err error) {
	if sc.Starts, err = hourTable(g.ListeHeures.V); err != nil {
		return fmt.Errorf("ListeHeures: %w", err)
	}
	if sc.Ends, err = hourTable(g.ListeHeuresFin.V); err != nil {
		return fmt.Errorf("ListeHeuresFin: %w", err)
	}
	if sc.Slots <= 0 {
		sc.Slots = len(g.ListeHeuresFin.V) - 1 // the tables have one entry more, pronote-today §4.6
	}
	return nil
}

const maxHours = 1440

func hourTable(entries []element) (map[int]clock, error) {
	if len(entries) > maxHours {
		return nil, errors.New("too many entries")
	}
	table := make(map[int]clock, len(entries))
	for _, e := range entries {
		minutes, err := decodeClock(string(e.L))
		if err != nil {
			continue // the entry after the last slot may have another label, and none is used without need
		}
		if !e.G.Set {
			return nil, errors.New("an entry has no number")
		}
		table[e.G.N] = minutes
	}
	return table, nil
}

// week is PRONOTE's number of day's week: 1 holds the first day of the school year, pronote-today §4.7.
func (sc school) week(day time.Time) int {
	days := daysBetween(sc.Monday, day)
	if days < 0 {
		days -= 6 // so that the division rounds down: weeks before the year are 0 and below
	}
	return 1 + days/7
}

// monday is the first day of a week.
func (sc school) monday(week int) time.Time { return sc.Monday.AddDate(0, 0, 7*(week-1)) }

// lastWeek is the last one that can be asked for.
func (sc school) lastWeek() int {
	if sc.Last.IsZero() {
		return maxWeek
	}
	return min(sc.week(sc.Last), maxWeek)
}

// maxWeek bounds the weeks of a school year, which with summer has 53 of them.
const maxWeek = 62

// fortnight is the label of the alternate weeks to which a week belongs.
func (sc school) fortnight(week int) string {
	for _, f := range sc.Fortnights {
		if slices.Contains(f.Weeks, week) {
			return f.Label
		}
	}
	return ""
}

// in gives a copy with all dates in a zone: those of a stored school only carry an offset.
func (sc school) in(loc *time.Location) school {
	sc.Holidays, sc.Periods = slices.Clone(sc.Holidays), slices.Clone(sc.Periods)
	sc.Monday, sc.First = sc.Monday.In(loc), sc.First.In(loc)
	if !sc.Last.IsZero() {
		sc.Last = sc.Last.In(loc)
	}
	for i, h := range sc.Holidays {
		sc.Holidays[i].From, sc.Holidays[i].To = h.From.In(loc), h.To.In(loc)
	}
	for i, p := range sc.Periods {
		sc.Periods[i].From, sc.Periods[i].To = p.From.In(loc), p.To.In(loc)
	}
	return sc
}
