package core

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

// Message is what a person wrote, or the choice that they pressed.
type Message struct {
	ID      string // the platform's, for Redacter; may be empty
	Chat    ChatID
	Person  PersonID
	Private bool   // only the person and the bot are in the chat
	Text    string // bounded by the adapter to MaxText bytes; empty for a press
	Choice  string // the ID of the Choice that was pressed; empty for a text
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
	// and after it has returned, so that replies under way still arrive.
	Send(ctx context.Context, to ChatID, r Reply) error
}

// Handler takes a message and returns at once. done is called exactly once, after every reply to the
// message has been sent; an adapter acknowledges the message to its platform then. A Handler that
// returns an error (ErrClosed) has not taken the message, and does not call done.
type Handler func(m Message, done func()) error

// Redacter is implemented by an adapter that can delete a person's message, such as one with a password.
type Redacter interface {
	Redact(ctx context.Context, m Message) error
}

// ErrClosed says that the engine takes no more messages.
var ErrClosed = errors.New("core: shut down")
