// Package school holds what a school says: its values, the calendar's rules, and the errors on which callers
// decide. It knows no protocol, no storage and no words.
package school

import "time"

// Profile is what a login tells about an account and its school.
type Profile struct {
	Name     string    `json:"name"` // of the account's holder: "DUPONT Marc"
	School   string    `json:"school"`
	Version  string    `json:"version,omitempty"` // of the school's server: "2025.2.8"
	FirstDay time.Time `json:"first_day"`         // of the school year, midnight at the school
	LastDay  time.Time `json:"last_day"`
	Holidays []Holiday `json:"holidays,omitempty"`
	Pupils   []Pupil   `json:"pupils"` // one for a pupil's account: the pupil
}

// Holiday is a span of days without school; both ends belong to it.
type Holiday struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Pupil is a child of an account.
type Pupil struct {
	// Key recognises the child in a later session. It is made from the child's name and place among
	// children of that name, because the school's own identifiers live as long as a session.
	Key     string   `json:"key"`
	Name    string   `json:"name"`            // "DUPONT Léa"
	Class   string   `json:"class,omitempty"` // "4B"
	School  string   `json:"school,omitempty"`
	Periods []Period `json:"periods,omitempty"` // that have grades, in the order of the school
	Current int      `json:"current"`           // index in Periods of the one that the school would show now; -1 without periods
}

// Period is a span of the school year with grades of its own, such as a trimestre.
type Period struct {
	Key  string    `json:"key"`  // recognises the period in a later session
	Name string    `json:"name"` // "Trimestre 1"
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Week is one pupil's timetable of one week. An empty one means that the school said so.
type Week struct {
	Number int       `json:"number"` // the school's own: week 1 holds the first day of the school year
	Monday time.Time `json:"monday"` // midnight at the school
	// Fortnight is the school's label of the alternate weeks that this one belongs to, "Q1"; may be empty.
	Fortnight string   `json:"fortnight,omitempty"`
	Lessons   []Lesson `json:"lessons"` // by start time; of overlapping ones only those that the school would show
}

// Lesson is one entry of a timetable.
type Lesson struct {
	Key       string    `json:"key"` // made from its content, to recognise it in a later session
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	Subject   string    `json:"subject,omitempty"` // may be empty for outings and detentions
	Teachers  []string  `json:"teachers,omitempty"`
	Rooms     []string  `json:"rooms,omitempty"`
	Groups    []string  `json:"groups,omitempty"` // half groups and parts of classes
	Status    string    `json:"status,omitempty"` // the school's own words, for display only: "Prof. absent", "Changement de salle"
	Note      string    `json:"note,omitempty"`   // other text that is shown with the lesson, such as the reason for an outing
	Cancelled bool      `json:"cancelled,omitempty"`
	Test      bool      `json:"test,omitempty"`     // a test is announced (devoir surveillé or evaluation)
	Exempted  bool      `json:"exempted,omitempty"` // the pupil need not attend
	Detention bool      `json:"detention,omitempty"`
	Outing    bool      `json:"outing,omitempty"`
	Council   bool      `json:"council,omitempty"` // class council
}

// MarkKind tells a number from an annotation that takes its place.
type MarkKind string

// The kinds of mark.
const (
	MarkNone            MarkKind = "" // an empty mark
	MarkNumber          MarkKind = "number"
	MarkAbsent          MarkKind = "absent"
	MarkExempted        MarkKind = "exempted"
	MarkNotGraded       MarkKind = "not_graded"
	MarkUnfit           MarkKind = "unfit"
	MarkNotHandedIn     MarkKind = "not_handed_in"
	MarkAbsentZero      MarkKind = "absent_zero"
	MarkNotHandedInZero MarkKind = "not_handed_in_zero"
	MarkCongratulations MarkKind = "congratulations"
	MarkUnknown         MarkKind = "unknown" // an annotation that the client does not know
)

// Mark is a grade, an average or a scale.
type Mark struct {
	Kind  MarkKind `json:"kind,omitempty"`
	Value string   `json:"value,omitempty"` // for MarkNumber: digits with a dot and no trailing zeros, "14.5"
}

// Grades is what one pupil got in one period.
type Grades struct {
	Period       Period           `json:"period"`
	Average      Mark             `json:"average,omitzero"` // MarkNone where the school does not publish it
	ClassAverage Mark             `json:"class_average,omitzero"`
	Scale        Mark             `json:"scale,omitzero"` // of both averages; MarkNone where the school does not tell
	Subjects     []SubjectAverage `json:"subjects"`       // in the school's order
	Grades       []Grade          `json:"grades"`         // newest first
}

// SubjectAverage holds the averages of one subject; each may be MarkNone.
type SubjectAverage struct {
	Subject string `json:"subject"`
	Twin    int    `json:"twin,omitempty"` // which of those that the school calls the same, such as two groups; 0 for the first
	Pupil   Mark   `json:"pupil,omitzero"`
	Class   Mark   `json:"class,omitzero"`
	Min     Mark   `json:"min,omitzero"`
	Max     Mark   `json:"max,omitzero"`
	Scale   Mark   `json:"scale,omitzero"` // of Pupil; usually 20
}

// Grade is one mark of one test.
type Grade struct {
	Key         string    `json:"key"`
	Date        time.Time `json:"date"`
	Subject     string    `json:"subject"`
	Twin        int       `json:"twin,omitempty"`  // of the subject, as in SubjectAverage
	Title       string    `json:"title,omitempty"` // of the test
	Mark        Mark      `json:"mark,omitzero"`
	Scale       Mark      `json:"scale,omitzero"`
	Coefficient string    `json:"coefficient,omitempty"` // canonical decimal, "1", "0.5"; empty when unknown
	Class       Mark      `json:"class,omitzero"`        // class average of this test
	Min         Mark      `json:"min,omitzero"`
	Max         Mark      `json:"max,omitzero"`
	Bonus       bool      `json:"bonus,omitempty"`    // only points above the middle count
	Optional    bool      `json:"optional,omitempty"` // counts only if it raises the average
	Remark      string    `json:"remark,omitempty"`
}

// Homework is one piece of work to be done.
type Homework struct {
	Key         string    `json:"key"`
	Subject     string    `json:"subject"`
	Due         time.Time `json:"due"`
	Given       time.Time `json:"given,omitzero"`
	Text        string    `json:"text"`
	Done        bool      `json:"done,omitempty"`
	Attachments []string  `json:"attachments,omitempty"` // names
}
