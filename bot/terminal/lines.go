package terminal

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"cartable/core/chat"
)

// maxLine bounds what is kept of a line. It is longer than chat.MaxText, so that the engine can tell that
// the line was too long and say so.
const maxLine = chat.MaxText + 16

// lineReader reads lines of any length and keeps the first maxLine bytes of each.
type lineReader struct{ r *bufio.Reader }

func newLineReader(r io.Reader) *lineReader { return &lineReader{bufio.NewReader(r)} }

// next returns a line without its end. Each byte that is not UTF-8 becomes U+FFFD. The last line, when
// nothing ends it, comes with io.EOF.
func (l *lineReader) next() (string, error) {
	var line []byte
	for {
		part, err := l.r.ReadSlice('\n')
		line = append(line, part[:min(len(part), maxLine-len(line))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		return valid(line), err
	}
}

func valid(line []byte) string { return string([]rune(string(line))) }

// pipe is input that nobody watches: a file, a script, a test.
type pipe struct{ lines *lineReader }

func (p *pipe) readLine(bool) (string, error) { return p.lines.next() }
func (*pipe) restore() error                  { return nil }

// keyboard is a terminal to type on, while the answers go elsewhere.
type keyboard struct {
	file  *os.File
	lines *lineReader

	mu    sync.Mutex
	saved *term.State // not nil once a secret was asked for
}

// readLine switches the echo off for a secret. The terminal hands over a line at a time, so that the
// buffer of lines holds nothing then.
func (k *keyboard) readLine(secret bool) (string, error) {
	if !secret {
		return k.lines.next()
	}
	state, err := term.GetState(int(k.file.Fd()))
	if err != nil {
		return "", err
	}
	k.mu.Lock()
	k.saved = state
	k.mu.Unlock()
	line, err := term.ReadPassword(int(k.file.Fd()))
	return valid(line), err
}

// restore switches the echo on again, in case a secret was being typed.
func (k *keyboard) restore() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.saved == nil {
		return nil
	}
	return term.Restore(int(k.file.Fd()), k.saved)
}
