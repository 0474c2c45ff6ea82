package pronote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAnswersAreCountedBeforeTheyAreRead(t *testing.T) {
	b := bounds{bytes: 1 << 20, values: 20, entries: 8}
	list := func(n int, entry string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + "]"
	}
	for _, tt := range []struct {
		name, text string
		want       error
	}{
		{"as many entries as may be", list(8, "0"), nil},
		{"one entry more", list(9, "0"), errTooMany},
		{"one member more", `{` + strings.Repeat(`"a":0,`, 8) + `"b":0}`, errTooMany},
		{"as many values as may be", `[[0,0,0,0,0,0],[0,0,0,0,0,0],[{},{}]]`, nil},
		{"too many values in small lists", list(7, "[0,0,0,0]"), errTooMany},
		{"too many objects of one member", list(8, `{"a":{"b":[]}}`), errTooMany},
		{"what stands in texts does not count", `["` + strings.Repeat("[{,", 100) + `"]`, nil},
		{"a text that ends in backslashes", `["\\\\",` + strings.TrimPrefix(list(8, "0"), "["), errTooMany},
		{"a quote within a text", `["\\\",[[[[",0]`, nil},
		{"lists after each other are not deep", list(3, "[[[]]]"), nil},
	} {
		if err := b.check([]byte(tt.text)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	for depth, want := range map[int]error{maxDepth: nil, maxDepth + 1: errTooDeep} {
		text := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		if err := smallAnswer.check([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%d levels: %v, want %v", depth, err, want)
		}
	}
}

// Every function has bounds under which what it is about fits many times over.
func TestNormalAnswersFitManyTimes(t *testing.T) {
	lesson := `{"N":"x","G":0,"P":7,"place":3,"duree":2,"DateDuCours":{"_T":7,"V":"15/09/2025 08:00:00"},"ListeContenus":{"_T":24,"V":[` +
		`{"L":"MATHS","N":"a","G":16},{"L":"MARTIN P.","N":"b","G":3},{"L":"B12","N":"c","G":17}]}},`
	text := []byte("[" + strings.TrimSuffix(strings.Repeat(lesson, 400), ",") + "]")
	if err := boundsOf(fnTimetable).check(text); err != nil {
		t.Errorf("400 lessons in a week: %v", err)
	}
	for function, b := range functionBounds {
		if b.bytes < smallAnswer.bytes || b.values < smallAnswer.values || b.entries < smallAnswer.entries {
			t.Errorf("%s has less than what says nothing: %+v", function, b)
		}
	}
}

// The bounds of channel.open: the envelope, the secured part, and both together in clear.
func TestAnswersBeyondTheirBoundsAreRefused(t *testing.T) {
	c := testChannel(dialects[3])
	r, err := c.seal(fnTimetable, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	lessons := func(n int) json.RawMessage {
		return json.RawMessage(`{"data":{"ListeCours":[` + strings.TrimSuffix(strings.Repeat("{},", n), ",") + `]},"Signature":{}}`)
	}
	if _, err := c.open(r, replyBody(t, c, r, lessons(maxLessons))); err != nil {
		t.Errorf("%d entries: %v", maxLessons, err)
	}
	for name, body := range map[string][]byte{
		"entries in clear": replyBody(t, c, r, lessons(maxLessons+1)),
		"members around":   bytes.Replace(replyBody(t, c, r, lessons(1)), []byte("{"), []byte("{"+strings.Repeat(`"x":0,`, 2000)), 1),
	} {
		var refused *ReplyError
		if _, err := c.open(r, body); !errors.As(err, &refused) || refused.What != errTooMany.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The law of members: they are what encoding/json sees.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, ` { "_T" : 24 , "V" : [ {"L":"x,]}"} ] } `, `{"a":"\\","b":{"c":[1,2]},"a":null}`, `{"a":"\"","b":-1.5e3}`,
		`{"":[[]],"b":true}`, `{"a"`, `{"a":`, `{"a":1,`, `[1]`, `{"a":"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		seen := map[string]json.RawMessage{}
		members(text, func(name, value []byte) { // must not panic on anything
			seen[fmt.Sprintf("%q", name)] = value
		})
		_ = smallAnswer.check(text)
		var want map[string]json.RawMessage
		if json.Unmarshal(text, &want) != nil || bytes.Contains(text, []byte(`\`)) || !bytes.Equal(text, bytes.ToValidUTF8(text, nil)) {
			return // names with escapes are not ours to find
		}
		if len(seen) != len(want) {
			t.Fatalf("%q: %d members, want %d", text, len(seen), len(want))
		}
		for name, value := range want {
			if !bytes.Equal(seen[fmt.Sprintf("%q", name)], value) {
				t.Errorf("%q: member %q is %q, want %q", text, name, seen[fmt.Sprintf("%q", name)], value)
			}
		}
	})
}
