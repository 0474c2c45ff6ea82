package chat

import (
	"bytes"
	"io"
	"strings"
)

// Reply is what a command says: structured text without markup. Adapters own the looks.
type Reply struct {
	Title   string   `json:"title,omitempty"`
	Body    []Line   `json:"body,omitempty"`
	Choices []Choice `json:"choices,omitempty"`
	// Question is what the choices decide, in one line, for a platform that shows it with them alone; empty: the title.
	Question string `json:"question,omitempty"`
	// Withdraws says that what the person was asked to decide before in this chat is decided: a platform that shows open
	// votes closes them.
	Withdraws bool   `json:"withdraws,omitempty"`
	Expect    Expect `json:"expect,omitempty"` // whether the bot now waits for something typed
	Silent    bool   `json:"silent,omitempty"` // nobody waits for it: no sound
	// Long is what is said where the reply needs more than MaxMessages messages, and is sent as its beginning with a
	// file of the whole; empty for a reply that does not.
	Long string `json:"long,omitempty"`
	File *File  `json:"-"` // sent with the rest as its caption; never kept
}

// Empty tells whether there is nothing to send.
func (r Reply) Empty() bool { return r.Title == "" && len(r.Body) == 0 && len(r.Choices) == 0 }

// File is a document that goes with a reply.
type File struct {
	Name string // with its ending: "cartable.json"
	Type string // media type: "application/json"
	// Open gives the content from its start; each attempt to send it opens it again. Whoever opens closes.
	Open func() (io.ReadCloser, error)
}

// Bytes is the Open of a file that is in memory.
func Bytes(data []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// Line is one line of a reply. Adapters draw Label and Text so that labels line up or stand out.
type Line struct {
	Kind  LineKind `json:"kind,omitempty"`
	Label string   `json:"label,omitempty"` // "08:00–09:00", "Maths"
	Text  string   `json:"text"`
	// Aside stands behind a text that is struck and still holds: "ANNULÉ · Prof. absent". Other kinds have none.
	Aside string `json:"aside,omitempty"`
}

// LineKind is the role of a line; never its colour or font.
type LineKind int

// The roles of a line. Their numbers are stored.
const (
	LinePlain   LineKind = iota
	LineHeading          // starts a group of lines, such as a day
	LineNote             // less important: where a figure comes from, what can be done next
	LineStruck           // no longer holds, such as a cancelled lesson; Aside says so in words
	LineQuote            // words of somebody else, such as a teacher's, of any length: drawn so that nobody takes them for the bot's
)

// Choice is a button, or an entry of a numbered list. ID is opaque and at most 32 ASCII characters;
// what it does, for whom and until when is kept in the store.
type Choice struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	// Risky says that picking it spends money, removes something or lets others read it: a platform must be
	// sure of who picks.
	Risky bool `json:"risky,omitempty"`
	// Start is not empty for a button that opens the private chat with the bot instead of being pressed:
	// there the bot gets "/start " and this text, of at most 64 characters of A-Z, a-z, 0-9, _ and -.
	// A platform that has no such links tells the person to write that to the bot, or Instead where it is not empty.
	Start string `json:"start,omitempty"`
	// Instead is a command that does the same as Start, as people of the chat type it.
	Instead string `json:"instead,omitempty"`
}

// Expect says what the bot waits for after a reply.
type Expect int

// What may be expected. Their numbers are stored.
const (
	ExpectNothing Expect = iota
	ExpectText           // an answer to a question
	ExpectSecret         // an answer that must not be shown while it is typed
)

// Paragraphs makes a line of each line of text.
func Paragraphs(text string) []Line {
	var lines []Line
	for part := range strings.SplitSeq(text, "\n") {
		lines = append(lines, Line{Text: part})
	}
	return lines
}
