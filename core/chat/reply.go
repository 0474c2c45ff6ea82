package chat

// Reply is what a command says: structured text without markup. Adapters own the looks.
type Reply struct {
	Title   string
	Body    []Line
	Choices []Choice
	Expect  Expect // whether the bot now waits for something typed
	Silent  bool   // nobody waits for it: no sound
	File    *File  // sent with the rest as its caption
}

// Empty tells whether there is nothing to send.
func (r Reply) Empty() bool { return r.Title == "" && len(r.Body) == 0 && len(r.Choices) == 0 }

// File is a document that goes with a reply.
type File struct {
	Name string // with its ending: "cartable.json"
	Type string // media type: "application/json"
	Data []byte
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
	// Risky says that picking it spends money, removes something or lets others read it: a platform must be
	// sure of who picks.
	Risky bool
	// Start is not empty for a button that opens the private chat with the bot instead of being pressed:
	// there the bot gets "/start " and this text, of at most 64 characters of A-Z, a-z, 0-9, _ and -.
	// A platform that has no such links tells the person to write that to the bot.
	Start string
}

// Expect says what the bot waits for after a reply.
type Expect int

// What may be expected.
const (
	ExpectNothing Expect = iota
	ExpectText           // an answer to a question
	ExpectSecret         // an answer that must not be shown while it is typed
)
