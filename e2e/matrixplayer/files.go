//go:build goolm

package matrixplayer

import (
	"context"
	"errors"
	"slices"

	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Open downloads the file or picture of a message, and decrypts it.
func (p *Player) Open(e *Event) []byte {
	p.t.Helper()
	data, err := p.open(p.t.Context(), e)
	if err != nil {
		p.t.Fatalf("%s opens the file of %v: %v", p.name, e, err)
	}
	return data
}

func (p *Player) open(ctx context.Context, e *Event) ([]byte, error) {
	m, ok := e.raw.Content.Parsed.(*event.MessageEventContent)
	if !ok {
		return nil, errors.New("no message")
	}
	address := m.URL
	if m.File != nil {
		address = m.File.URL
	}
	uri, err := address.Parse()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	data, err := p.client.DownloadBytes(ctx, uri)
	if err != nil || m.File == nil {
		return data, err
	}
	return data, m.File.DecryptInPlace(data)
}

// SendFile sends an encrypted picture or document.
func (p *Player) SendFile(room id.RoomID, kind event.MessageType, name string, data []byte) id.EventID {
	p.t.Helper()
	sealed := attachment.NewEncryptedFile()
	data = slices.Clone(data)
	sealed.EncryptInPlace(data)
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	uploaded, err := p.client.UploadBytes(ctx, data, "application/octet-stream")
	if err != nil {
		p.t.Fatalf("%s uploads %s: %v", p.name, name, err)
	}
	return p.Send(room, event.EventMessage, &event.MessageEventContent{
		MsgType: kind, Body: name, Mentions: &event.Mentions{},
		File: &event.EncryptedFileInfo{EncryptedFile: *sealed, URL: uploaded.ContentURI.CUString()},
	})
}
