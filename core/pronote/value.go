package pronote

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"cartable/core/pronote/cipher"
	"cartable/core/visible"
)

// value is a T that servers send either bare or as {"_T": type, "V": value}, pronote-today §4.3. Set tells
// an empty list, which is an answer, from a missing one, which is not.
type value[T any] struct {
	V   T
	Set bool
}

// UnmarshalJSON implements json.Unmarshaler. null counts as missing.
func (v *value[T]) UnmarshalJSON(b []byte) error {
	if inner, tagged := untag(b); tagged {
		b = inner
	}
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	if err := json.Unmarshal(b, &v.V); err != nil {
		return err
	}
	v.Set = true
	return nil
}

// untag takes the value out of its tag, if it has one; V may be missing. The value is a part of b.
func untag(b []byte) (inner []byte, tagged bool) {
	if !cipher.IsObject(b) || !bytes.Contains(b, []byte(`"_T"`)) {
		return nil, false
	}
	count, hasTag, hasValue := 0, false, false
	members(b, func(name, value []byte) {
		count++
		switch string(name) {
		case "_T":
			hasTag = true
		case "V":
			inner, hasValue = value, true
		}
	})
	if !hasTag || count > 2 || !hasValue && count != 1 {
		return nil, false
	}
	return inner, true
}

// tagged is a value as we send it.
type tagged struct {
	T int `json:"_T"`
	V any `json:"V"`
}

// text is a string that some servers send as a number.
type text string

// UnmarshalJSON implements json.Unmarshaler. Objects and lists give the empty text.
func (t *text) UnmarshalJSON(b []byte) error {
	if inner, tagged := untag(b); tagged {
		b = inner
	}
	var s string
	switch {
	case len(b) == 0 || b[0] == '{' || b[0] == '[' || string(b) == "null":
	case b[0] != '"':
		s = string(b)
	default:
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	*t = text(s)
	return nil
}

// bare gives the text on one line, without blanks around. It is for what is compared or read further, not for people.
func (t text) bare() string { return strings.Join(strings.Fields(string(t)), " ") }

// name gives the text as a person should see it, where it names something.
func (t text) name() string { return visible.Name(string(t)) }

// line gives the text as a person should see it, where it says something.
func (t text) line() string { return visible.Line(string(t)) }

// identifier is the text as an N, which must be short because sessions keep it.
func (t text) identifier() (string, error) {
	if len(t) > maxIdentifier {
		return "", errors.New("an identifier is too long")
	}
	return string(t), nil
}

// number is an integer that some servers send as text. A missing one is not Set; so is one that is not an
// integer, such as a fraction.
type number struct {
	N   int
	Set bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	v, err := strconv.Atoi(t.bare())
	*n = number{v, err == nil}
	if !n.Set {
		n.N = 0
	}
	return nil
}

// truth is a boolean as the web client understands it: whatever is neither missing, null, false, 0 nor
// empty. Detentions carry a text there, pronote-today §7.1.
type truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *truth) UnmarshalJSON(b []byte) error {
	if inner, tagged := untag(b); tagged {
		b = inner
	}
	switch string(b) {
	case "", "null", "false", "0", `""`:
		*t = false
	default:
		*t = true
	}
	return nil
}

// element is a reference to an object of the school's data base. N lives as long as the session.
type element struct {
	N text   `json:"N"`
	L text   `json:"L"`
	G number `json:"G"`
}
