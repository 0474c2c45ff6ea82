package pronote

import (
	"time"

	"cartable/core/secret"
)

// Space is the kind of account, which PRONOTE calls espace.
type Space string

// The spaces this client can log in to.
const (
	SpacePupil  Space = "eleve"
	SpaceParent Space = "parent"
)

// Credentials are what a person types to link an account.
type Credentials struct {
	Address  Address
	Space    Space
	Username string
	Password secret.Text
}

// Account is what a login tells about an account and its school.
type Account struct {
	Name     string // of the account's holder, as PRONOTE writes it: "DUPONT Marc"
	School   string
	Version  string // of the server: "2025.2.8"
	Space    Space
	FirstDay time.Time // of the school year, midnight at the school
	LastDay  time.Time
	Holidays []Holiday
	Children []Child // one for a pupil's account: the pupil
}

// Holiday is a span of days without school; both ends belong to it.
type Holiday struct {
	Name     string
	From, To time.Time
}

// Child is one pupil of an account.
type Child struct {
	// Key recognises the child in a later session. It is made from the child's name and place among
	// children of that name, because PRONOTE's own identifiers live as long as a session.
	Key     string
	Name    string // "DUPONT Léa"
	Class   string // "4B"; may be empty
	School  string
	Periods []Period // that have grades, in the order of the school
	Current int      // index in Periods of the period PRONOTE would show now; -1 without periods
}

// Period is a span of the school year with grades of its own, such as a trimestre.
type Period struct {
	Key      string // recognises the period in a later session
	Name     string // "Trimestre 1"
	From, To time.Time
}

// Week is one child's timetable of one week. An empty one means that PRONOTE said so.
type Week struct {
	Number int       // PRONOTE's own: week 1 holds the first day of the school year
	Monday time.Time // midnight at the school
	// Fortnight is the school's label of the alternate weeks that this one belongs to, "Q1"; may be empty.
	Fortnight string
	Lessons   []Lesson // by start time; of overlapping ones only those that PRONOTE would show
}

// Lesson is one entry of a timetable.
type Lesson struct {
	Key        string // made from its content, to recognise it in a later session
	Start, End time.Time
	Subject    string // may be empty for outings and detentions
	Teachers   []string
	Rooms      []string
	Groups     []string // half groups and parts of classes
	Status     string   // PRONOTE's own words, for display only: "Prof. absent", "Changement de salle"
	Note       string   // other text that PRONOTE shows with the lesson, such as the reason for an outing
	Cancelled  bool
	Test       bool // a test is announced (devoir surveillé or evaluation)
	Exempted   bool // the pupil need not attend
	Detention  bool
	Outing     bool
	Council    bool // class council
}

// MarkKind tells a number from PRONOTE's annotations.
type MarkKind int

// The annotations of PRONOTE, pronote-today §4.5. None is an empty mark.
const (
	MarkNone MarkKind = iota
	MarkNumber
	MarkAbsent
	MarkExempted
	MarkNotGraded
	MarkUnfit
	MarkNotHandedIn
	MarkAbsentZero
	MarkNotHandedInZero
	MarkCongratulations
	MarkUnknown // an annotation that this client does not know
)

// Mark is a grade, an average or a scale.
type Mark struct {
	Kind  MarkKind
	Value string // for MarkNumber: digits with a dot and no trailing zeros, "14.5"
}

// Grades is what one child got in one period.
type Grades struct {
	Period       Period
	Average      Mark // MarkNone where the school does not publish it
	ClassAverage Mark
	Scale        Mark             // of both averages; MarkNone where the school does not tell
	Subjects     []SubjectAverage // in the school's order
	Grades       []Grade          // newest first
}

// SubjectAverage holds the averages of one subject (service); each may be MarkNone.
type SubjectAverage struct {
	Subject                string
	Pupil, Class, Min, Max Mark
	Scale                  Mark // of Pupil; usually 20
}

// Grade is one mark of one test.
type Grade struct {
	Key         string
	Date        time.Time
	Subject     string
	Title       string // of the test; may be empty
	Mark        Mark
	Scale       Mark
	Coefficient string // canonical decimal, "1", "0.5"; empty when unknown
	Class       Mark   // class average of this test
	Min, Max    Mark
	Bonus       bool // only points above the middle count
	Optional    bool // counts only if it raises the average
	Remark      string
}

// Homework is one piece of work to be done.
type Homework struct {
	Key         string
	Subject     string
	Due, Given  time.Time
	Text        string // plain text, made from PRONOTE's HTML
	Done        bool
	Attachments []string // names
}
