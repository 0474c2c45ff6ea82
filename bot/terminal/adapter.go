// Package terminal is the adapter for a chat in a terminal: for the demo, for developing and for scripts.
//
// On a pipe it is scriptable: one message per input line, answers as plain text, each followed by an
// empty line, and choices as "[1] Confirmer  [2] Annuler", picked by their number. Between a person's
// keyboard and screen it adds a prompt, line editing, bold titles, wrapping, and answers that are not
// shown while they are typed. It knows no command and no sentence.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/term"

	"cartable/core/chat"
)

// Platform is the platform of the one chat there is.
const Platform = "terminal"

// Chat and Person name the one conversation and the one who types.
func Chat() chat.ChatID     { return chat.ChatID{Platform: Platform, ID: "local"} }
func Person() chat.PersonID { return chat.PersonID{Platform: Platform, ID: "local"} }

// Config says what the chat reads and writes.
type Config struct {
	In  io.Reader
	Out io.Writer
	// Plain leaves out bold and dim text on a real terminal, as the convention NO_COLOR asks.
	Plain bool
	// Folder is where files of replies are written; default: the one for temporary files.
	Folder string
}

// Adapter is a chat.Adapter over one reader and one writer.
type Adapter struct {
	source source
	picks  picks
	layout func() layout
	folder string // for files; "" is the one for temporary ones

	mu  sync.Mutex // serialises replies
	out io.Writer
}

// source gives what the person types.
type source interface {
	// readLine blocks until a line has been typed. At the end of the input it returns io.EOF, with
	// what was typed since the last line, if anything. A secret line is not shown while it is typed.
	readLine(secret bool) (string, error)

	// restore leaves the terminal as it was found. It may be called while readLine blocks, and again.
	restore() error
}

// New makes the adapter. It looks at whether In and Out are a terminal, and changes nothing yet.
func New(cfg Config) *Adapter {
	in, inIsTerminal := asTerminal(cfg.In)
	out, outIsTerminal := asTerminal(cfg.Out)
	a := &Adapter{out: cfg.Out, layout: plain, folder: cfg.Folder}
	switch {
	case inIsTerminal && outIsTerminal:
		c := newConsole(in, out)
		a.source, a.out = c, c
		a.layout = func() layout { return layout{width: c.width(), styled: !cfg.Plain} }
	case inIsTerminal:
		a.source = &keyboard{file: in, lines: newLineReader(in)}
	default:
		a.source = &pipe{newLineReader(cfg.In)}
	}
	return a
}

func plain() layout { return layout{} }

func asTerminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// Name implements chat.Adapter.
func (*Adapter) Name() string { return Platform }

// TextOnly implements chat.TextOnly.
func (*Adapter) TextOnly() {}

// maxPrinted bounds what is printed of one reply, in bytes: there are no messages here, but nobody reads more of them.
const maxPrinted = chat.MaxMessages * 4096

// Send implements chat.Adapter: it prints the reply. A file is written to Config.Folder, where only the person
// may read it.
func (a *Adapter) Send(_ context.Context, to chat.Target, r chat.Reply) error {
	if to.Chat != Chat() {
		return fmt.Errorf("terminal: send: no chat %q here", to.Chat.ID)
	}
	if r.File == nil && len(render(r, saved{}, plain())) > maxPrinted {
		r = r.Shorten()
	}
	s, err := a.save(r.File)
	if err != nil {
		return fmt.Errorf("terminal: send: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.picks.shown(r)
	if _, err := io.WriteString(a.out, render(r, s, a.layout())); err != nil {
		return fmt.Errorf("terminal: send: %w", err)
	}
	return nil
}

// saved is a file of a reply that was written to the folder.
type saved struct {
	path string
	size int64 // bytes
}

// save writes a file, if there is one. Nothing is left of one that cannot be read to its end.
func (a *Adapter) save(f *chat.File) (s saved, err error) {
	if f == nil {
		return saved{}, nil
	}
	in, err := f.Open()
	if err != nil {
		return saved{}, err
	}
	defer in.Close()
	out, err := os.CreateTemp(a.folder, "*-"+filepath.Base(f.Name)) // with mode 0600
	if err != nil {
		return saved{}, err
	}
	n, err := io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return saved{}, errors.Join(err, os.Remove(out.Name()))
	}
	return saved{out.Name(), n}, nil
}

// Run implements chat.Adapter. It reads the next line only once the message before it is done, so that
// a number means what was on the screen when it was typed. At the end of the input it returns nil after
// the last answer. A read that blocks when ctx ends is abandoned: nothing can interrupt it.
func (a *Adapter) Run(ctx context.Context, handle chat.Handler) (err error) {
	defer func() { err = errors.Join(err, a.source.restore()) }()
	for {
		line, readErr := a.next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		ended := errors.Is(readErr, io.EOF)
		if readErr != nil && !ended {
			return fmt.Errorf("terminal: read: %w", readErr)
		}
		if err := a.pass(ctx, line, handle); err != nil || ended {
			return err
		}
	}
}

// next reads a line, or gives up when ctx ends.
func (a *Adapter) next(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	secret := a.picks.expected() == chat.ExpectSecret
	go func() {
		line, err := a.source.readLine(secret)
		read <- result{line, err}
	}()
	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// pass hands one line over and waits until it has been answered. Empty lines say nothing.
func (a *Adapter) pass(ctx context.Context, line string, handle chat.Handler) error {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	m := chat.Message{Chat: Chat(), Person: Person(), Private: true}
	if id, ok := a.picks.picked(line); ok {
		m.Choice = id
	} else {
		m.Text = line
	}
	answered := make(chan struct{})
	if err := handle(m, func() { close(answered) }); errors.Is(err, chat.ErrClosed) {
		return nil
	} else if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return nil
}
