package pronote

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/school"
)

// establishment is what a session must know of the school to ask and to understand: its calendar and its hours.
type establishment struct {
	Name       string           `json:"name,omitempty"`
	Version    string           `json:"version,omitempty"`
	Monday     time.Time        `json:"monday"` // of week 1
	First      time.Time        `json:"first"`
	Last       time.Time        `json:"last"` // zero when the server does not say
	Holidays   []school.Holiday `json:"holidays,omitempty"`
	Slots      int              `json:"slots,omitempty"`  // per day
	Starts     map[int]clock    `json:"starts,omitempty"` // by slot
	Ends       map[int]clock    `json:"ends,omitempty"`   // by slot
	Fortnights []fortnight      `json:"fortnights,omitempty"`
	Periods    []yearPeriod     `json:"periods,omitempty"`
}

// clock is a time of day in minutes after midnight.
type clock = int

// fortnight is a set of alternate weeks and its label, "Q1".
type fortnight struct {
	Label string `json:"label"`
	Weeks []int  `json:"weeks"`
}

// yearPeriod is a period of the school year. Its N lives as long as the session.
type yearPeriod struct {
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

// Bounds of what a session keeps of the school. Real ones have some twenty periods, forty holidays and three kinds of
// fortnight.
const (
	maxPeriods    = 100
	maxHolidays   = 400
	maxFortnights = 16
)

// establishment checks and converts the answer. The errors name what is missing and quote nothing.
func (r parametersReply) establishment(loc *time.Location) (establishment, error) {
	g := r.General.V
	est := establishment{Name: g.NomEtablissement.name(), Version: g.VersionPN.name(), Slots: g.PlacesParJour.N}
	if !r.General.Set {
		return establishment{}, errors.New("no General")
	}
	if len(g.ListePeriodes.V) > maxPeriods || len(g.Feries.V) > maxHolidays || len(g.DomainesFrequences.V) > maxFortnights {
		return establishment{}, errors.New("too many periods, holidays or fortnights")
	}
	if err := g.calendar(&est, loc); err != nil {
		return establishment{}, err
	}
	if err := g.hours(&est); err != nil {
		return establishment{}, err
	}
	if !g.ListePeriodes.Set {
		return establishment{}, errors.New("ListePeriodes is missing")
	}
	for _, p := range g.ListePeriodes.V {
		from, to, err := p.dates(loc)
		if err != nil {
			return establishment{}, errors.New("a period has no dates")
		}
		n, err := p.N.identifier()
		if err != nil {
			return establishment{}, err
		}
		est.Periods = append(est.Periods, yearPeriod{n, p.L.name(), p.G.N, from, to})
	}
	for i, weeks := range g.DomainesFrequences.V {
		set, err := decodeDomain(string(weeks))
		if err != nil {
			return establishment{}, errors.New("DomainesFrequences is unreadable")
		}
		if i < len(g.LibellesFrequences.V) && len(set) > 0 {
			est.Fortnights = append(est.Fortnights, fortnight{g.LibellesFrequences.V[i].name(), set})
		}
	}
	return est, nil
}

// calendar reads the bounds of the year. The week count starts with the Monday, or with the week of the first
// day where the server names only that (seed-pronote, PageEmploiDuTemps).
func (g generalInfo) calendar(est *establishment, loc *time.Location) error {
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
	est.Monday, est.First = midnight(monday, loc), midnight(first, loc)
	if last, err := decodeDate(string(g.DerniereDate), loc); err == nil {
		est.Last = midnight(last, loc)
	}
	for _, h := range g.Feries.V {
		from, to, err := h.dates(loc)
		if err != nil {
			return errors.New("a holiday has no dates")
		}
		est.Holidays = append(est.Holidays, school.Holiday{Name: h.L.name(), From: from, To: to})
	}
	return nil
}

// hours reads the tables of slots, pronote-today §4.7.
func (g generalInfo) hours(est *establishment) (err error) {
	if est.Starts, err = hourTable(g.ListeHeures.V); err != nil {
		return fmt.Errorf("ListeHeures: %w", err)
	}
	if est.Ends, err = hourTable(g.ListeHeuresFin.V); err != nil {
		return fmt.Errorf("ListeHeuresFin: %w", err)
	}
	if est.Slots <= 0 {
		est.Slots = len(g.ListeHeuresFin.V) - 1 // the tables have one entry more, pronote-today §4.6
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
func (est establishment) week(day time.Time) int {
	days := daysBetween(est.Monday, day)
	if days < 0 {
		days -= 6 // so that the division rounds down: weeks before the year are 0 and below
	}
	return 1 + days/7
}

// monday is the first day of a week.
func (est establishment) monday(week int) time.Time { return est.Monday.AddDate(0, 0, 7*(week-1)) }

// lastWeek is the last one that can be asked for.
func (est establishment) lastWeek() int {
	if est.Last.IsZero() {
		return maxWeek
	}
	return min(est.week(est.Last), maxWeek)
}

// maxWeek bounds the weeks of a school year, which with summer has 53 of them.
const maxWeek = 62

// fortnight is the label of the alternate weeks to which a week belongs.
func (est establishment) fortnight(week int) string {
	for _, f := range est.Fortnights {
		if slices.Contains(f.Weeks, week) {
			return f.Label
		}
	}
	return ""
}

// in gives a copy with all dates in a zone: those of a stored school only carry an offset.
func (est establishment) in(loc *time.Location) establishment {
	est.Holidays, est.Periods = slices.Clone(est.Holidays), slices.Clone(est.Periods)
	est.Monday, est.First = est.Monday.In(loc), est.First.In(loc)
	if !est.Last.IsZero() {
		est.Last = est.Last.In(loc)
	}
	for i, h := range est.Holidays {
		est.Holidays[i].From, est.Holidays[i].To = h.From.In(loc), h.To.In(loc)
	}
	for i, p := range est.Periods {
		est.Periods[i].From, est.Periods[i].To = p.From.In(loc), p.To.In(loc)
	}
	return est
}
