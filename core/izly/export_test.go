package izly

// AnswerBytes is what the answer of a method may hold, in bytes of its body.
func AnswerBytes(method string) int { return boundsOf(method).bytes }

// MaxListed bounds a statement.
const MaxListed = maxListed
