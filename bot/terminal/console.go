package terminal

import (
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

const prompt = "> "

// console is a person's keyboard and screen. The terminal is in raw mode only while a line is typed:
// then x/term edits the line and Ctrl-C and Ctrl-D end the chat; the rest of the time Ctrl-C is a signal.
type console struct {
	in, out *os.File
	editor  *term.Terminal

	mu     sync.Mutex
	saved  *term.State // not nil in raw mode
	closed bool
}

func newConsole(in, out *os.File) *console {
	keysAndScreen := struct {
		io.Reader
		io.Writer
	}{in, out}
	return &console{in: in, out: out, editor: term.NewTerminal(keysAndScreen, prompt)}
}

// width is that of the screen, in columns; 0 when it does not tell.
func (c *console) width() int {
	width, _, err := term.GetSize(int(c.out.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Write prints, above the line that is being typed if one is.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.saved != nil {
		return c.editor.Write(b)
	}
	return c.out.Write(b)
}

func (c *console) readLine(secret bool) (string, error) {
	if err := c.raw(); err != nil {
		return "", err
	}
	line, err := c.edit(secret)
	return line, errors.Join(err, c.cook())
}

func (c *console) edit(secret bool) (string, error) {
	if width, height, err := term.GetSize(int(c.out.Fd())); err == nil && width > 0 {
		if err := c.editor.SetSize(width, height); err != nil {
			return "", err
		}
	}
	read := c.editor.ReadLine
	if secret {
		read = func() (string, error) { return c.editor.ReadPassword(prompt) }
	}
	line, err := read()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil // the line was pasted, and is as good as a typed one
	}
	return line, err
}

// raw starts raw mode, unless the chat is over.
func (c *console) raw() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return io.EOF
	}
	c.saved, err = term.MakeRaw(int(c.in.Fd()))
	return err
}

// cook ends raw mode.
func (c *console) cook() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.saved == nil {
		return nil
	}
	saved := c.saved
	c.saved = nil
	return term.Restore(int(c.in.Fd()), saved)
}

// restore ends raw mode for good and leaves the cursor on a line of its own.
func (c *console) restore() error {
	c.mu.Lock()
	wasClosed := c.closed
	c.closed = true
	c.mu.Unlock()
	if wasClosed {
		return nil
	}
	err := c.cook()
	_, writeErr := io.WriteString(c.out, "\n")
	return errors.Join(err, writeErr)
}
