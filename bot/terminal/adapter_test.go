package terminal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"cartable/core/chat"
)

// bot answers messages on goroutines of its own, as the engine does, from a list of replies.
type bot struct {
	adapter *Adapter
	replies []chat.Reply
	heard   []string // the text, or the choice as "#id"
	wg      sync.WaitGroup
}

func (b *bot) handle(m chat.Message, done func()) error {
	heard := m.Text
	if m.Choice != "" {
		heard += "#" + m.Choice
	}
	b.heard = append(b.heard, heard)
	var reply chat.Reply
	if len(b.replies) > 0 {
		reply, b.replies = b.replies[0], b.replies[1:]
	}
	b.wg.Go(func() {
		if err := b.adapter.Send(context.Background(), chat.Target{Chat: m.Chat}, reply); err != nil {
			panic(err)
		}
		done()
	})
	return nil
}

// converse feeds a script to a bot with the given replies.
func converse(t *testing.T, script string, replies ...chat.Reply) (heard []string, printed string) {
	t.Helper()
	return converseIn(t, "", script, replies...)
}

// converseIn is converse with a folder for files.
func converseIn(t *testing.T, folder, script string, replies ...chat.Reply) (heard []string, printed string) {
	t.Helper()
	var out bytes.Buffer
	b := &bot{adapter: New(Config{In: strings.NewReader(script), Out: &out, Folder: folder}), replies: replies}
	if err := b.adapter.Run(t.Context(), b.handle); err != nil {
		t.Fatal(err)
	}
	b.wg.Wait()
	return b.heard, out.String()
}

func TestConversation(t *testing.T) {
	heard, printed := converse(t, "bonjour\n\n  \r\n/edt", chat.Reply{Title: "Bonjour"}, chat.Reply{Title: "Pas de cours"})
	if want := []string{"bonjour", "/edt"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
	if want := "Bonjour\n\nPas de cours\n\n"; printed != want {
		t.Errorf("printed %q, want %q", printed, want)
	}
}

// A file is not poured over the screen: it is written where only the person may read it.
func TestFile(t *testing.T) {
	folder := t.TempDir()
	data := []byte(strings.Repeat("{}\n", 500))
	_, printed := converseIn(t, folder, "/mesdonnees", chat.Reply{
		Body: []chat.Line{{Text: "Voici"}}, File: &chat.File{Name: "cartable.json", Type: "application/json", Open: chat.Bytes(data)},
	})
	paths, err := filepath.Glob(filepath.Join(folder, "*-cartable.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("wrote %q, %v", paths, err)
	}
	if want := "Voici\ncartable.json (2 kB)\n" + paths[0] + "\n\n"; printed != want {
		t.Errorf("printed %q, want %q", printed, want)
	}
	written, err := os.ReadFile(paths[0])
	if err != nil || !bytes.Equal(written, data) {
		t.Errorf("wrote %d bytes, %v", len(written), err)
	}
	if info, err := os.Stat(paths[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// broken is a file that cannot be read to its end.
func broken() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(errors.New("disk failed")))), nil
}

func TestFileCutOff(t *testing.T) {
	folder := t.TempDir()
	a := New(Config{In: strings.NewReader(""), Out: io.Discard, Folder: folder})
	err := a.Send(t.Context(), chat.Target{Chat: Chat()}, chat.Reply{File: &chat.File{Name: "cartable.json", Open: broken}})
	if err == nil || !strings.Contains(err.Error(), "disk failed") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestSixMessagesThenAFile: what a school says at length does not scroll away what was said before.
func TestSixMessagesThenAFile(t *testing.T) {
	folder := t.TempDir()
	var out strings.Builder
	a := New(Config{In: strings.NewReader(""), Out: &out, Folder: folder})
	text := strings.Repeat("Apprendre. ", 1<<20)
	noFile := chat.Reply{Title: "Devoirs", Body: []chat.Line{{Kind: chat.LineQuote, Label: "Maths", Text: text[:maxPrinted/2]}}}
	long := chat.Reply{Title: "Devoirs", Body: []chat.Line{{Kind: chat.LineQuote, Label: "Maths", Text: text}}, Long: "Tout est dans le fichier."}
	for _, r := range []chat.Reply{noFile, long} {
		if err := a.Send(t.Context(), chat.Target{Chat: Chat()}, r); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(out.String(), "Tout est dans le fichier.") || out.Len() > maxPrinted {
		t.Errorf("%d bytes were printed", out.Len())
	}
	files, err := filepath.Glob(filepath.Join(folder, "*-cartable.txt"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if data, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(data), text[:len(text)-1]) {
		t.Errorf("the file has %d bytes, %v", len(data), err)
	}
}

func TestPicks(t *testing.T) {
	confirm := chat.Reply{Title: "Recharger ?", Choices: []chat.Choice{{ID: "yes", Label: "Confirmer", Risky: true}, {ID: "no", Label: "Annuler"}}}
	other := chat.Reply{Title: "Langue ?", Choices: []chat.Choice{{ID: "fr", Label: "Français"}}}
	plain := chat.Reply{Title: "Fait"}
	question := chat.Reply{Title: "Quel montant ?", Expect: chat.ExpectText}
	both := chat.Reply{Title: "Parent ou élève ?", Expect: chat.ExpectText, Choices: other.Choices}
	secret := chat.Reply{Title: "Code ?", Expect: chat.ExpectSecret, Choices: other.Choices}
	tests := []struct {
		name    string
		script  string
		replies []chat.Reply
		want    []string
	}{
		{"before any list", "1\n", nil, []string{"1"}},
		{"by number", "a\n 2 \n", []chat.Reply{confirm}, []string{"a", "#no"}},
		{"a second press is the same choice", "a\n1\n1\n", []chat.Reply{confirm, plain}, []string{"a", "#yes", "#yes"}},
		{"the last list counts", "a\n1\n1\n", []chat.Reply{confirm, other}, []string{"a", "#yes", "#fr"}},
		{"other answers between", "a\nb\n2\n", []chat.Reply{confirm, plain}, []string{"a", "b", "2"}},
		{"nothing risky after other answers", "a\nb\n1\n", []chat.Reply{confirm, plain}, []string{"a", "b", "1"}},
		{"a second press after other answers", "a\n1\nb\n1\n", []chat.Reply{confirm, plain, plain}, []string{"a", "#yes", "b", "1"}},
		{"no such entry", "a\n0\n3\n-1\n1a\n99999999999999999999\n", []chat.Reply{confirm}, []string{"a", "0", "3", "-1", "1a", "99999999999999999999"}},
		{"a number can be an answer", "a\nb\n2\n2\n", []chat.Reply{confirm, question, plain}, []string{"a", "b", "2", "2"}},
		{"a question with choices", "a\n1\n2\n", []chat.Reply{both, both}, []string{"a", "#fr", "2"}},
		{"a secret is never a pick", "a\n1\n", []chat.Reply{secret}, []string{"a", "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if heard, _ := converse(t, tt.script, tt.replies...); !slices.Equal(heard, tt.want) {
				t.Errorf("heard %q, want %q", heard, tt.want)
			}
		})
	}
}

// The next line is read only after done, so that a number picks from what was on the screen.
func TestWaitsForTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard int
		var pending func()
		a := New(Config{In: strings.NewReader("a\nb\n"), Out: io.Discard})
		ended := make(chan error, 1)
		go func() {
			ended <- a.Run(t.Context(), func(_ chat.Message, done func()) error {
				heard++
				pending = done
				return nil
			})
		}()
		for want := 1; want <= 2; want++ {
			synctest.Wait()
			if heard != want || len(ended) > 0 {
				t.Fatalf("heard %d messages before the answer to number %d", heard, want)
			}
			pending()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestStopsWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, typing := io.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		a := New(Config{In: in, Out: io.Discard})
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx, func(chat.Message, func()) error { return nil }) }()
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Send(t.Context(), chat.Target{Chat: Chat()}, chat.Reply{Title: "late"}); err != nil {
			t.Errorf("an answer under way: %v", err)
		}
		if err := typing.Close(); err != nil { // ends the read that was abandoned
			t.Error(err)
		}
	})
}

func TestHandlerRefuses(t *testing.T) {
	broken := errors.New("broken")
	for refusal, want := range map[error]error{chat.ErrClosed: nil, broken: broken} {
		a := New(Config{In: strings.NewReader("a\n"), Out: io.Discard})
		err := a.Run(t.Context(), func(chat.Message, func()) error { return refusal })
		if !errors.Is(err, want) {
			t.Errorf("refused with %v: got %v, want %v", refusal, err, want)
		}
	}
}

func TestSendFails(t *testing.T) {
	in, out := io.Pipe()
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	a := New(Config{In: strings.NewReader(""), Out: out})
	if err := a.Send(t.Context(), chat.Target{Chat: Chat()}, chat.Reply{Title: "a"}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	if err := a.Send(t.Context(), chat.Target{Chat: chat.ChatID{Platform: "telegram", ID: "1"}}, chat.Reply{}); err == nil {
		t.Error("sent to a chat of another platform")
	}
}
