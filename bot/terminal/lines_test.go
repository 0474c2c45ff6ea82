package terminal

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"cartable/core/chat"
)

// readAll reads lines until the input ends; the last one is what came with its end.
func readAll(t *testing.T, r io.Reader) []string {
	t.Helper()
	reader := newLineReader(r)
	var all []string
	for {
		line, err := reader.next()
		all = append(all, line)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLines(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"", []string{""}},
		{"/edt\n/notes\r\n1", []string{"/edt", "/notes", "1"}},
		{"\n\n", []string{"", "", ""}},
		{"caf\xe9 \xff\xfe\n", []string{"caf\uFFFD \uFFFD\uFFFD", ""}},
	}
	for _, tt := range tests {
		if got := readAll(t, iotest.OneByteReader(strings.NewReader(tt.in))); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

// Too long a line is cut, but stays too long, and the next one is read from its start.
func TestLongLinesAreBounded(t *testing.T) {
	for _, size := range []int{chat.MaxText, chat.MaxText + 1, maxLine - 1, maxLine, maxLine + 1, 1 << 20} {
		got := readAll(t, strings.NewReader(strings.Repeat("a", size)+"\r\n/edt"))
		if len(got) != 2 || got[1] != "/edt" {
			t.Fatalf("%d bytes: out of step, %d lines", size, len(got))
		}
		if tooLong := len(got[0]) > chat.MaxText; tooLong != (size > chat.MaxText) || len(got[0]) > maxLine {
			t.Errorf("%d bytes: kept %d", size, len(got[0]))
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("/edt\n/notes\r\n1", 3)
	f.Add("\xff\n\r\n\r", 0)
	f.Fuzz(func(t *testing.T, in string, long int) {
		in = strings.Repeat("é", min(max(long, 0), 3*chat.MaxText)) + in
		got := readAll(t, strings.NewReader(in))
		if want := strings.Count(in, "\n") + 1; len(got) != want {
			t.Errorf("%d lines, want %d", len(got), want)
		}
		for _, line := range got {
			if strings.Contains(line, "\n") || len(line) > 3*maxLine {
				t.Errorf("bad line of %d bytes", len(line))
			}
		}
	})
}
