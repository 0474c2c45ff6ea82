//go:build goolm

package matrix

import (
	"context"
	"fmt"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// row is a message or press on its way to the core: what is left of an event once it has been decrypted and
// judged. It is stored until it has been answered, so that neither a crash nor a stop loses it.
type row struct {
	Seq    uint64     `json:"seq"`
	Event  id.EventID `json:"event"`
	Room   id.RoomID  `json:"room"`
	Thread id.EventID `json:"thread,omitempty"`
	Sender id.UserID  `json:"sender"`
	Name   string     `json:"name,omitempty"`
	Title  string     `json:"title,omitempty"` // of a group

	Private    bool       `json:"private,omitempty"`
	Named      bool       `json:"named,omitempty"`   // in a group: the message calls the bot by its name
	Unverified bool       `json:"hearsay,omitempty"` // the homeserver alone says who sent it
	Text       string     `json:"text,omitempty"`
	Choice     string     `json:"choice,omitempty"`
	Carrier    id.EventID `json:"carrier,omitempty"`  // our message that offered the choice
	Typed      bool       `json:"typed,omitempty"`    // the choice was: the answer is a new message, where the person looks
	Confirms   bool       `json:"confirms,omitempty"` // typed, it answers a question that is asked once
	File       *media     `json:"file,omitempty"`
	Sent       chat.Sent  `json:"sent,omitempty"` // in place of a text or a file
	Made       bool       `json:"made,omitempty"` // by the adapter: there is no such event

	// Plans are the answers that were on their way: they are sent again after a crash, and the core is not
	// asked again, since its answer would be another one under the same names.
	Plans []*plan `json:"plans,omitempty"`

	unsent bool // an answer could not be sent; guarded by the inbox
}

// media is where a picture or document is, and its key where it is encrypted.
type media struct {
	URL  id.ContentURIString      `json:"url"`
	File *event.EncryptedFileInfo `json:"file,omitempty"`
	Type string                   `json:"type,omitempty"`
}

// message is the row as the core takes it.
func (r *row) message(l *connection) chat.Message {
	m := chat.Message{
		ID: r.Event.String(), Ref: r.Event.String(), Chat: chatOf(r.Room), Thread: r.Thread.String(), Person: personOf(r.Sender), Name: r.Name, Title: r.Title,
		Private: r.Private, Named: r.Named, Unverified: r.Unverified, Text: r.Text, Choice: r.Choice, Sent: r.Sent,
	}
	switch {
	case r.Made, r.Typed:
		m.ID = ""
	case r.Choice != "":
		m.ID = r.Carrier.String()
	}
	if r.File != nil {
		m.File = func(ctx context.Context) ([]byte, error) { return l.a.fetch(ctx, *r.File) }
	}
	return m
}

// fetch reads a file that a person sent.
func (a *Adapter) fetch(ctx context.Context, m media) ([]byte, error) {
	l, err := a.connected(ctx, nil)
	if err != nil {
		return nil, err
	}
	address := m.URL
	if m.File != nil {
		address = m.File.URL
	}
	uri, err := address.Parse()
	if err != nil {
		return nil, fmt.Errorf("matrix: fetch a file: bad address")
	}
	data, err := l.download(ctx, uri)
	if err != nil {
		return nil, err
	}
	if m.File != nil {
		if err := m.File.DecryptInPlace(data); err != nil {
			return nil, fmt.Errorf("matrix: fetch a file: %w", err)
		}
	}
	return data, nil
}
