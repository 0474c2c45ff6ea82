package pronote

type slot struct{}
type Grade struct{}
type Homework struct{}

var timetable4B, timetable2DE3 [5][]slot
