package pronote

// AnswerBytes is what an answer of a function may hold, in bytes of JSON.
func AnswerBytes(function string) int { return boundsOf(function).bytes }
