//go:build goolm

package matrix

import (
	"strings"
	"testing"
	"unicode/utf8"
)

var mentions = []struct {
	text, pill string // pill: formatted_body
	mentioned  bool   // by m.mentions
	want       string
	named      bool
}{
	// Element Web and Desktop
	{"Car: edt demain", `<a href="https://matrix.to/#/@cartable:example.org">Car</a>: edt demain`, true, "edt demain", true},
	{"Car edt", `<a href="https://matrix.to/#/@cartable:example.org">Car</a> edt`, true, "edt", true},
	// Element X
	{"[@cartable:example.org](https://matrix.to/#/@cartable:example.org) aide", "", true, "aide", true},
	{"[Le cartable](https://matrix.to/#/%40cartable%3Aexample.org) !aide", "", true, "!aide", true},
	{"edt demain [@cartable:example.org](https://matrix.to/#/@cartable:example.org)", "", true, "edt demain", true},
	{"[@cartable:autre.org](https://matrix.to/#/@cartable:autre.org) aide", "", false, "[@cartable:autre.org](https://matrix.to/#/@cartable:autre.org) aide", false},
	// a name of the room's own, which only the pill tells
	{"Le petit cartable : notes", `<a href="https://matrix.to/#/@cartable:example.org?via=example.org"><b>Le petit cartable</b></a> : notes`, false, "notes", true},
	{"Car 2: edt", `<a href="https://matrix.to/#/@cartable:example.org">Car 2</a>: edt`, true, "edt", true}, // "Car" begins it
	{"Maman, edt", `<a href="https://matrix.to/#/@ana:example.org">Maman</a>, edt`, false, "Maman, edt", false},
	{"L&T: aide", `<A title="x" HREF='https://matrix.to/#/@cartable:example.org'>L&amp;T</A>: aide`, false, "aide", true},
	// typed by hand
	{"@cartable:example.org: aide", "", false, "aide", true},
	{"cartable:example.org aide", "", false, "aide", true},
	{"cartable: aide", "", false, "aide", true},
	{"CAR, edt", "", false, "edt", true},
	{"@cartable aide", "", true, "aide", true},
	{"cartable table ronde", "", true, "table ronde", true}, // "Car" begins it
	{"edt de Léa, @Car ?", "", true, "edt de Léa", true},
	{"Car", "", true, "", true},
	{"@cartable:example.org", "", false, "", true},
	{"Car!aide", "", true, "Car!aide", true},
	{"car:!aide", "", true, "!aide", true},
	{"dis, Car, tu es là ?", "", true, "dis, Car, tu es là ?", true},
	// about it, or about another
	{"cartable perdu", "", false, "cartable perdu", false},
	{"Carla: viens", "", false, "Carla: viens", false},
	{"Carla: viens", "", true, "Carla: viens", true},
	{"@cartable:autre.org: aide", "", false, "@cartable:autre.org: aide", false},
	{"cartable:example.org.fr aide", "", false, "cartable:example.org.fr aide", false},
	{"mon cartable: bleu", "", false, "mon cartable: bleu", false},
	{"", "", false, "", false},
}

// called is what becomes of a message to a bot whose name begins its address.
func called(text, formatted string, mentioned bool) (string, bool) {
	pills := pillsOf(formatted, botName)
	mentioned = mentioned || len(pills) > 0
	rest, named := uncall(text, botName, append(pills, "Car", "cartable"), mentioned)
	return rest, named || mentioned
}

func TestMentions(t *testing.T) {
	for _, tt := range mentions {
		if got, named := called(tt.text, tt.pill, tt.mentioned); got != tt.want || named != tt.named {
			t.Errorf("%q: %q, %t; want %q, %t", tt.text, got, named, tt.want, tt.named)
		}
	}
}

// FuzzMentions states that what is left is a part of what was said, whatever that was.
func FuzzMentions(f *testing.F) {
	for _, tt := range mentions {
		f.Add(tt.text, tt.pill, tt.mentioned)
	}
	f.Fuzz(func(t *testing.T, text, formatted string, mentioned bool) {
		rest, named := called(text, formatted, mentioned)
		if !strings.Contains(text, rest) {
			t.Fatalf("%q is no part of %q", rest, text)
		}
		if !named && rest != strings.TrimSpace(text) {
			t.Fatalf("%q became %q, and is not for the bot", text, rest)
		}
		if utf8.ValidString(text) && !utf8.ValidString(rest) {
			t.Fatalf("%q was cut within a letter: %q", text, rest)
		}
	})
}
