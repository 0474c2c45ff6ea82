package chat

import (
	"context"
	"errors"
)

// ChatID names one conversation on one platform. It is comparable: it keys the executor, the dialogues
// and the store.
type ChatID struct {
	Platform string `json:"platform"` // "telegram", "matrix", "terminal"
	ID       string `json:"id"`
}

// PersonID names one sender on one platform.
type PersonID struct {
	Platform string `json:"platform"`
	ID       string `json:"id"`
}

// Key names the chat in records.
func (c ChatID) Key() string { return c.Platform + "\x00" + c.ID }

// Key names the person in records.
func (p PersonID) Key() string { return p.Platform + "\x00" + p.ID }

// Message is what a person wrote or sent, or the choice that they pressed. Everything in it is untrusted.
type Message struct {
	ID      string // the platform's; for a press, that of the message which carried the choice; may be empty
	Ref     string // the adapter's own name of the message, which comes back in Target.Answers; may be empty
	Chat    ChatID
	Thread  string // topic of a forum or thread of a room, where the answers go; empty for none
	Person  PersonID
	Name    string // what the platform calls the person
	Title   string // of a group
	Private bool   // only the person and the bot are in the chat
	Named   bool   // in a group: it calls the bot by its name, which is not in Text, and gets an answer whatever it says
	// Unverified is true where the platform's servers alone say who sent it, on a platform that can prove it
	// elsewhere: what the person keeps in other chats is neither touched nor brought here then.
	Unverified bool
	// Left is not empty for a message that an earlier run has left: a name of it that is the same at each start, and no
	// other message's of the platform.
	Left   string
	Text   string // bounded by the adapter to MaxText bytes; empty for a press
	Choice string // the ID of the Choice that was pressed; empty for a text

	// Sent is what was sent in private that is neither a text nor a picture; empty for those.
	Sent Sent
	// Phone is the number of a contact that was sent.
	Phone string
	// Album is the same for files that were sent together; empty for one that was sent alone.
	Album string
	// File reads the picture or document that was sent, at most MaxFile bytes of it; nil when there is
	// none. It may block for as long as the platform takes.
	File func(ctx context.Context) ([]byte, error)
}

// Sent is a kind of message that cannot be read.
type Sent string

// The kinds.
const (
	SentSticker  Sent = "sticker" // or a moving picture, or dice
	SentVoice    Sent = "voice"   // or a sound
	SentVideo    Sent = "video"
	SentPlace    Sent = "place"
	SentContact  Sent = "contact"
	SentDocument Sent = "document"
	SentOther    Sent = "other"
)

// MaxFile bounds what a Message.File gives, in bytes.
const MaxFile = 10 << 20

// Target is where a reply goes.
type Target struct {
	Chat   ChatID `json:"chat"`
	Thread string `json:"thread,omitempty"`
	// Edit is the ID of a message of ours which the reply takes the place of, where the platform can
	// edit; empty for a new message.
	Edit string `json:"edit,omitempty"`
	// Answers is the Ref of the message that is answered, in this chat or in another; empty when nobody asked.
	Answers string `json:"answers,omitempty"`
	// Private is true when the reply is for the one person of a private chat: an adapter whose chats others
	// may join does not send it when they have.
	Private bool `json:"private,omitempty"`
	// Key names the message, where the platform can tell by it that it has had the message already: one key is
	// one message, however often it is sent. Empty for none.
	Key string `json:"key,omitempty"`
}

// MaxText bounds the text of a message, in bytes. The engine refuses longer ones with an answer.
const MaxText = 4096

// Adapter is one chat platform. The core never imports one.
type Adapter interface {
	// Name is the Platform of the adapter's chats.
	Name() string

	// Run passes each message to handle until ctx is done or the platform is at its end. It returns nil
	// when it was asked to stop or when there is nothing more to read.
	Run(ctx context.Context, handle Handler) error

	// Send delivers one reply. It may block for as long as the platform takes. It works while Run runs
	// and after it has returned, so that replies under way still arrive. It returns ErrChatGone when the
	// chat cannot be written to any more, ErrNotPrivate when others would read what is private: it has
	// said so there then; and ErrNotReached when the platform has not taken the reply and may take it later.
	// An adapter that keeps the reply itself and will send it returns nil.
	Send(ctx context.Context, to Target, r Reply) error
}

// Handler takes a message and returns at once. done is called once, after every reply to the message has been sent or
// kept; an adapter forgets the message then. It is not called when the program stops before: an adapter that keeps
// messages hands this one over again after the next start. A Handler that returns an error (ErrClosed) has not taken
// the message, and does not call done.
type Handler func(m Message, done func()) error

// Presser is implemented by an adapter whose platform waits for an answer to each press.
type Presser interface {
	// Answer is called once for each press, as soon as it is known whether the press counts. With a text
	// it does not: the text says why, to the one who pressed alone, and no reply follows.
	Answer(ctx context.Context, m Message, text string) error
}

// Exposed is implemented by an adapter whose platform can read what people write to the bot, so that a
// dialogue can say so before it asks for a password.
type Exposed interface{ Exposed() bool }

// ExposedChat is Exposed for a platform that can read some of its chats and not others.
type ExposedChat interface {
	ExposedIn(chat ChatID) bool
}

// Confirmer is implemented by an adapter whose platform has a way of its own to confirm what matters, such as a signed
// vote: there a word that is typed confirms nothing.
type Confirmer interface{ Confirms() }

// TextOnly is implemented by an adapter on whose platform people cannot send pictures.
type TextOnly interface{ TextOnly() }

// Marker is implemented by an adapter on whose platform people write commands with another mark than "/".
type Marker interface{ Mark() string }

// Redacter is implemented by an adapter that can delete a person's message, such as one with a password.
type Redacter interface {
	Redact(ctx context.Context, m Message) error
}

var (
	// ErrClosed says that the engine takes no more messages.
	ErrClosed = errors.New("chat: shut down")
	// ErrNotPrivate says that others have joined a chat that was private.
	ErrNotPrivate = errors.New("chat: no longer private")
	// ErrNotReached says that the platform could not be reached, or did not say whether it took the reply.
	ErrNotReached = errors.New("chat: platform not reached")
	// ErrChatGone says that the bot was blocked by the person or removed from the group.
	ErrChatGone = errors.New("chat: gone")
)
