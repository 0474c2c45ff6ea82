package telegram

import (
	"encoding/json"
	"strings"
	"testing"
)

// More updates than were asked for are read another time, and never become millions of small pieces.
func TestUpdatesAreReadUpToTheLimit(t *testing.T) {
	for _, tt := range []struct {
		list string
		want int
		ok   bool
	}{
		{`[]`, 0, true},
		{`[{"update_id":1}, {"update_id":2}]`, 2, true},
		{"[" + strings.Repeat("0,", 1_000_000) + "0]", pollLimit, true},
		{`{"update_id":1}`, 0, false},
		{`null`, 0, false},
		{``, 0, false},
	} {
		updates, err := firstUpdates([]byte(tt.list))
		if len(updates) != tt.want || (err == nil) != tt.ok {
			t.Errorf("%.40s: %d updates, %v", tt.list, len(updates), err)
		}
	}
}

// The law: what is read of a valid list is its beginning.
func FuzzUpdates(f *testing.F) {
	for _, s := range []string{`[]`, `[{"update_id":1},2,[3]]`, `[1`, `{}`, `null`, `[{"a":"]"}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		updates, err := firstUpdates(list)
		var want []json.RawMessage
		if json.Unmarshal(list, &want) != nil || want == nil {
			return
		}
		if err != nil || len(updates) != min(len(want), pollLimit) {
			t.Fatalf("%q: %d updates, %v; want %d", list, len(updates), err, len(want))
		}
		for i, u := range updates {
			if string(u) != string(want[i]) {
				t.Errorf("%q: update %d is %q", list, i, u)
			}
		}
	})
}
