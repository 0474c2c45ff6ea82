package pronote

import "time"

// Type tags of variables (pronote-today §4.3).
const (
	tagDate   = 7
	tagDomain = 8
	tagMark   = 10
	tagHTML   = 21
	tagText   = 23
	tagList   = 24
	tagSet    = 26
)

// Kinds of object, in G (pronote-today §4.3, "Useful kinds").
const (
	kindClass   = 1
	kindGroup   = 2
	kindTeacher = 3
	kindPupil   = 4
	kindParent  = 5
	kindService = 12
	kindSubject = 16
	kindRoom    = 17
	kindTest    = 60
)

// Tables, the number before "#" in an identifier. The protocol gives them no meaning that a client may rely on.
const (
	tableSchool   = 0
	tableParent   = 5
	tableLesson   = 10
	tableClass    = 12
	tableAbsence  = 13
	tableLate     = 14
	tablePeriod   = 17
	tableRoom     = 18
	tableTeacher  = 22
	tableGroup    = 24
	tableSubject  = 27
	tableService  = 28
	tableReason   = 31
	tablePupil    = 34
	tableHomework = 38
	tableHoliday  = 47
	tableFile     = 48
	tableRecord   = 50
	tableTest     = 60
)

// typed is a variable: exactly a tag and a value.
func typed(tag int, v any) object { return object{"_T": tag, "V": v} }

// list is a list of objects; an empty one is sent as such, never left out (pronote-today §9.4).
func list(items []object) object {
	if items == nil {
		items = []object{}
	}
	return typed(tagList, items)
}

func element(o object) object { return typed(tagList, o) }

// Dates are zero-padded and have no zone: the school's own time (pronote-today §4.4).
func day(t time.Time) object    { return typed(tagDate, t.Format("02/01/2006")) }
func moment(t time.Time) object { return typed(tagDate, t.Format("02/01/2006 15:04:05")) }
