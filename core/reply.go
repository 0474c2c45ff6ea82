package core

// Reply is what a command says: structured text without markup. Adapters own the looks.
type Reply struct {
	Title   string
	Body    []Line
	Choices []Choice
	Expect  Expect // whether the bot now waits for something typed
	Private bool   // holds personal figures or follows a secret: no previews
	// Replaces is true for the answer to a press: where the platform can, the message that carried the
	// choice is edited to become this one.
	Replaces bool
}

// Line is one line of a reply. Adapters draw Label and Text so that labels line up or stand out.
type Line struct {
	Kind  LineKind
	Label string // "08:00–09:00", "Maths"; may be empty
	Text  string
}

// LineKind is the role of a line; never its colour or font.
type LineKind int

// The roles of a line.
const (
	LinePlain   LineKind = iota
	LineHeading          // starts a group of lines, such as a day
	LineNote             // less important: where a figure comes from, what can be done next
	LineStruck           // no longer holds, such as a cancelled lesson; the text says so in words too
)

// Choice is a button, or an entry of a numbered list. ID is opaque and at most 32 ASCII characters;
// what it does, for whom and until when is kept in the store.
type Choice struct {
	ID    string
	Label string
}

// Expect says what the bot waits for after a reply.
type Expect int

// What may be expected.
const (
	ExpectNothing Expect = iota
	ExpectText           // an answer to a question
	ExpectSecret         // an answer that must not be shown while it is typed
)
