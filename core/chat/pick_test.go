package chat_test

import (
	"strconv"
	"testing"

	"cartable/core/chat"
)

func TestPick(t *testing.T) {
	for _, tt := range []struct {
		text    string
		expect  chat.Expect
		current bool
		want    int // -1: picks nothing
	}{
		{"2", chat.ExpectNothing, true, 1},
		{" 2. ", chat.ExpectNothing, false, 1},
		{"[2]", chat.ExpectNothing, false, 1},
		{"!2", chat.ExpectNothing, false, 1},
		{"2)", chat.ExpectNothing, false, 1},
		{"0", chat.ExpectNothing, true, -1},
		{"4", chat.ExpectNothing, true, -1},
		{"4242", chat.ExpectNothing, true, -1},
		{"2 euros", chat.ExpectNothing, true, -1},
		{"", chat.ExpectNothing, true, -1},
		{"2", chat.ExpectText, true, 1},
		{"2", chat.ExpectText, false, -1},
		{"2", chat.ExpectSecret, true, -1},
	} {
		at, picked := chat.Pick(tt.text, 3, tt.expect, tt.current)
		if picked != (tt.want >= 0) || picked && at != tt.want {
			t.Errorf("%q: got %d, %t; want %d", tt.text, at, picked, tt.want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("2.")
	f.Add("[12]")
	f.Fuzz(func(t *testing.T, s string) {
		n, is := chat.Number(s)
		if !is {
			return
		}
		if again, is := chat.Number(strconv.Itoa(n)); !is || again != n {
			t.Errorf("%q is %d, and that %d, %t", s, n, again, is)
		}
	})
}
