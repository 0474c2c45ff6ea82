package pronote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cartable/core/school"
)

// family is whom an account is about, and what the school lets it see. The identifiers N in it live as long
// as the session.
type family struct {
	Holder  string  `json:"holder"`
	Members bool    `json:"members,omitempty"` // requests name the pupil in their signature
	Pupils  []pupil `json:"pupils"`
	Tabs    []tab   `json:"tabs"` // published ones; nil when the server does not say
	// AllTabs: Tabs holds every number that the server named. Sessions that were stored by older versions hold
	// only those that were of use then, so that one that is missing says nothing.
	AllTabs bool `json:"all_tabs,omitempty"`
}

// pupil is one of the account, with what it takes to ask about it.
type pupil struct {
	Key     string   `json:"key"`
	N       string   `json:"n"`
	Name    string   `json:"name"`
	Class   string   `json:"class,omitempty"`
	School  string   `json:"school,omitempty"`
	Periods []period `json:"periods,omitempty"`
	Current int      `json:"current"`
}

// period is one that has grades of its own.
type period struct {
	Key string `json:"key"`
	yearPeriod
}

// userReply is the answer to ParametresUtilisateur, pronote-today §6.
type userReply struct {
	Ressource    value[resource] `json:"ressource"`
	ListeOnglets json.RawMessage `json:"listeOnglets"`
}

// resource is a pupil, or a parent with the pupils in ListeRessources.
type resource struct {
	element
	Class  value[element]      `json:"classeDEleve"`
	School value[element]      `json:"Etablissement"`
	Pupils value[[]resource]   `json:"listeRessources"`
	Tabs   value[[]tabPeriods] `json:"listeOngletsPourPeriodes"`
}

// tabPeriods are the periods that one tab offers for one pupil.
type tabPeriods struct {
	G       number
	Periods value[[]tabPeriod] `json:"listePeriodes"`
	Default value[element]     `json:"periodeParDefaut"`
}

type tabPeriod struct {
	element
	A *truth // active; missing means yes
}

const maxPupils = 64

// pupilKey begins what the key of a pupil is made from. Keys are stored, so it stays.
const pupilKey = "child"

// family checks and converts the answer. today decides which period is the current one where the server does
// not say.
func (r userReply) family(est establishment, parent bool, today time.Time) (family, error) {
	holder := r.Ressource.V
	f := family{
		Holder: holder.L.name(), Members: parent || holder.Pupils.Set,
		Tabs: publishedTabs(r.ListeOnglets), AllTabs: true,
	}
	pupils := holder.Pupils.V
	switch {
	case !r.Ressource.Set || holder.N == "":
		return family{}, errors.New("ressource is missing")
	case holder.Pupils.Set && len(pupils) > maxPupils:
		return family{}, errors.New("too many pupils")
	case parent && !holder.Pupils.Set && holder.G.N != kindPupil:
		return family{}, errors.New("listeRessources is missing")
	case !holder.Pupils.Set:
		pupils = []resource{holder}
	}
	namesakes := map[string]int{}
	for _, r := range pupils {
		p, err := r.pupil(est, today)
		if err != nil {
			return family{}, err
		}
		who := p.Name + "\x00" + p.School
		p.Key = contentKey(pupilKey, p.Name, p.School, strconv.Itoa(namesakes[who]))
		namesakes[who]++
		f.Pupils = append(f.Pupils, p)
	}
	return f, nil
}

func (r resource) pupil(est establishment, today time.Time) (pupil, error) {
	if r.N == "" || r.L.name() == "" {
		return pupil{}, errors.New("a pupil has no name")
	}
	n, err := r.N.identifier()
	if err != nil {
		return pupil{}, err
	}
	p := pupil{
		N: n, Name: r.L.name(), Class: r.Class.V.L.name(), School: r.School.V.L.name(), Current: -1,
	}
	if p.School == "" {
		p.School = est.Name
	}
	var current text
	if p.Periods, current, err = r.periods(est); err != nil {
		return pupil{}, err
	}
	for i := range p.Periods {
		q := &p.Periods[i]
		q.Key = contentKey("period", q.Name, q.From.Format(time.DateOnly))
		if q.N == string(current) {
			p.Current = i
		}
	}
	if p.Current < 0 {
		p.Current = currentPeriod(p.Periods, today)
	}
	return p, nil
}

// currentPeriod is the latest period that has begun, or the first one before the school year; -1 without any.
func currentPeriod(periods []period, today time.Time) int {
	current := -1
	for i, p := range periods {
		if current < 0 || moreCurrent(p.From, periods[current].From, today) {
			current = i
		}
	}
	return current
}

func moreCurrent(a, b, today time.Time) bool {
	switch begunA, begunB := !a.After(today), !b.After(today); {
	case begunA != begunB:
		return begunA
	case begunA:
		return a.After(b)
	default:
		return a.Before(b)
	}
}

// periods are those of the grades tab, with their dates from the school's list; or all ordinary ones of the
// school where the server names none for the tab.
func (r resource) periods(est establishment) (periods []period, current text, err error) {
	i := slices.IndexFunc(r.Tabs.V, func(t tabPeriods) bool { return t.G.N == int(tabGrades) })
	if i < 0 {
		for _, p := range est.Periods {
			if p.Kind == kindPeriod || p.Kind == 0 {
				periods = append(periods, period{yearPeriod: p})
			}
		}
		return periods, "", nil
	}
	if len(r.Tabs.V[i].Periods.V) > maxPeriods {
		return nil, "", errors.New("too many periods")
	}
	for _, offered := range r.Tabs.V[i].Periods.V {
		if offered.A != nil && !bool(*offered.A) {
			continue
		}
		n, err := offered.N.identifier()
		if err != nil {
			return nil, "", err
		}
		p := yearPeriod{N: n, Name: offered.L.name(), Kind: offered.G.N}
		for _, known := range est.Periods {
			if known.N == p.N || known.Name == p.Name && p.From.IsZero() {
				p.From, p.To = known.From, known.To
			}
		}
		periods = append(periods, period{yearPeriod: p})
	}
	return periods, r.Tabs.V[i].Default.V.N, nil
}

// maxTabs bounds the tabs that are kept; PRONOTE has some two hundred, with numbers below 1000.
const maxTabs = 1000

// publishedTabs collects the numbers in the tree of tabs: every one is a tab that the account may see,
// pronote-today §6.1. No tree gives nil.
func publishedTabs(raw json.RawMessage) []tab {
	var tree any
	if json.Unmarshal(raw, &tree) != nil || tree == nil {
		return nil
	}
	tabs := []tab{}
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, n := range node {
				walk(n)
			}
		case map[string]any:
			for _, n := range node {
				walk(n)
			}
		case float64:
			if t := tab(node); t > 0 && t < maxTabs && float64(t) == node {
				tabs = append(tabs, t)
			}
		}
	}
	walk(tree)
	slices.Sort(tabs)
	return slices.Compact(tabs)
}

// contentKey makes a short name of what something is, for recognising it where identifiers change.
func contentKey(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// uniqueKeys makes content keys for a list in which the same content may stand twice.
type uniqueKeys map[string]int

func (u uniqueKeys) of(parts ...string) string {
	base := contentKey(parts...)
	u[base]++
	if n := u[base]; n > 1 {
		return contentKey(base, strconv.Itoa(n))
	}
	return base
}

// pupil finds one by its key, and checks that the school publishes the tab.
func (f family) pupil(op string, t tab, key string) (*pupil, error) {
	i := slices.IndexFunc(f.Pupils, func(p pupil) bool { return p.Key == key })
	switch {
	case i < 0:
		return nil, fmt.Errorf("pronote: %s: %w", op, ErrUnknownPupil)
	case f.AllTabs && f.Tabs != nil && !slices.Contains(f.Tabs, t):
		return nil, fmt.Errorf("pronote: %s: %w", op, ErrNotPublished)
	}
	return &f.Pupils[i], nil
}

// public is a pupil as callers see it.
func (p pupil) public() school.Pupil {
	out := school.Pupil{Key: p.Key, Name: p.Name, Class: p.Class, School: p.School, Current: p.Current}
	for _, q := range p.Periods {
		out.Periods = append(out.Periods, q.public())
	}
	return out
}

func (p period) public() school.Period {
	return school.Period{Key: p.Key, Name: p.Name, From: p.From, To: p.To}
}

// in gives a copy with all dates in a zone.
func (f family) in(loc *time.Location) family {
	f.Pupils = slices.Clone(f.Pupils)
	for i := range f.Pupils {
		p := &f.Pupils[i]
		p.Periods = slices.Clone(p.Periods)
		for j, q := range p.Periods {
			p.Periods[j].From, p.Periods[j].To = q.From.In(loc), q.To.In(loc)
		}
	}
	return f
}
