package pronote

import (
	"bytes"
	"errors"
)

// bounds are what the answer of one function may hold. They are checked on the JSON, before anything is made of
// it: a server that compresses sends millions of empty objects in some kilobytes, and each would become a
// structure of some hundred bytes.
type bounds struct {
	bytes   int // of JSON, after decryption and decompression
	values  int // objects, lists, texts, numbers, of all levels
	entries int // of one list or object
}

// maxDepth bounds the levels of nested lists and objects. The simulator's deepest answer is
// well below that; real answers were not measured.
const maxDepth = 64

// No real answers were measured. What a large school may send is estimated from the form of the simulator's answers: up
// to 100 KB and 6,000 values for the parameters, 80 KB and 6,000 for a week, 60 KB and 5,000 for a period's grades,
// 200 KB and 8,000 for three weeks of homework. The bounds are several times that, docs/pronote-protocol.md.
var functionBounds = map[string]bounds{
	fnParameters:     {2 << 20, 60_000, 2_000},
	fnAuthentication: {256 << 10, 10_000, 500},
	fnUser:           {2 << 20, 60_000, 2_000},
	fnTimetable:      {1 << 20, 60_000, maxLessons},
	fnGrades:         {1 << 20, 60_000, 2_000},
	fnHomework:       {2 << 20, 60_000, 2_000},
}

// smallAnswer bounds the answers of all other functions, which say little or nothing.
var smallAnswer = bounds{64 << 10, 2_000, 500}

func boundsOf(function string) bounds {
	if b, found := functionBounds[function]; found {
		return b
	}
	return smallAnswer
}

// maxEnvelope bounds what stands around the secured part, in bytes.
const maxEnvelope = 16 << 10

// body bounds the HTTP body: hex has two digits for each byte.
func (b bounds) body() int64 { return int64(2*b.bytes + maxEnvelope) }

var (
	errTooMany = errors.New("too many values")
	errTooDeep = errors.New("nested too deep")
)

// check counts what a JSON text holds. It does not care whether the text is valid, and allocates nothing.
func (b bounds) check(text []byte) error {
	var entries [maxDepth + 1]int // by level
	values, depth := 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
			continue
		case '{', '[':
			if depth++; depth > maxDepth {
				return errTooDeep
			}
			entries[depth] = 1
		case ',':
			entries[depth]++
		case '}', ']':
			depth = max(depth-1, 0)
			continue
		default:
			continue
		}
		if values++; values > b.values || entries[depth] > b.entries {
			return errTooMany
		}
	}
	return nil
}

// endOfString gives the place of the quote that ends the string which begins at i, or the end of the text.
func endOfString(text []byte, i int) int {
	for i++; ; i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return len(text)
		}
		i += n
		escapes := 0
		for text[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// members visits the members of a JSON object in their order. The values are parts of object, not copies. What is
// no valid object has none, or some.
func members(object []byte, visit func(name, value []byte)) {
	i := skipBlanks(object, 0)
	if i >= len(object) || object[i] != '{' {
		return
	}
	for i = skipBlanks(object, i+1); i < len(object) && object[i] == '"'; {
		end := endOfString(object, i)
		if end >= len(object) {
			return
		}
		name := object[i+1 : end]
		i = skipBlanks(object, end+1)
		if i >= len(object) || object[i] != ':' {
			return
		}
		from := skipBlanks(object, i+1)
		to := skipValue(object, from)
		visit(name, object[from:to])
		if i = skipBlanks(object, to); i >= len(object) || object[i] != ',' {
			return
		}
		i = skipBlanks(object, i+1)
	}
}

func skipBlanks(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// skipValue gives the place behind the value that begins at i.
func skipValue(text []byte, i int) int {
	for depth := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			if i = endOfString(text, i); i >= len(text) {
				return len(text)
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}
