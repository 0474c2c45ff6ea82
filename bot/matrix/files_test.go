//go:build goolm

package matrix

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"

	"cartable/core/chat"
)

// TestFilesIn reads what a person sends, in clear and encrypted, and refuses what is too large or was changed.
func TestFilesIn(t *testing.T) {
	r := inDirect(t)
	sealed := attachment.NewEncryptedFile()
	secretData := []byte("a QR code")
	sealed.EncryptInPlace(secretData)
	r.hs.mu.Lock()
	r.hs.files["clear"] = []byte("a picture")
	r.hs.files["sealed"] = bytes.Clone(secretData)
	r.hs.files["changed"] = append([]byte{secretData[0] + 1}, secretData[1:]...)
	r.hs.files["large"] = make([]byte, chat.MaxFile+1)
	r.hs.mu.Unlock()
	for _, tt := range []struct {
		name   string
		sealed bool
		want   string // empty: refused
	}{{"clear", false, "a picture"}, {"sealed", true, "a QR code"}, {"changed", true, ""}, {"large", false, ""}, {"none", false, ""}} {
		content := object{"msgtype": "m.image", "body": "photo.png", "info": object{"mimetype": "image/png"}}
		if address := "mxc://example.org/" + tt.name; tt.sealed {
			raw, err := json.Marshal(event.EncryptedFileInfo{EncryptedFile: *sealed, URL: "mxc://example.org/"})
			noError(t, err)
			file := object{}
			noError(t, json.Unmarshal(raw, &file))
			file["url"] = address
			content["file"] = file
		} else {
			content["url"] = address
		}
		evt := messageEvent("$"+tt.name, ana, "")
		evt["content"] = content
		r.hs.syncs <- joins(direct, nil, []object{evt})
		m := r.hear()
		if m.File == nil || m.Text != "" {
			t.Fatalf("%s: the core heard %+v", tt.name, m)
		}
		data, err := m.File(t.Context())
		if (err != nil) != (tt.want == "") || string(data) != tt.want {
			t.Errorf("%s: got %d bytes, %v", tt.name, len(data), err)
		}
	}
}

// TestFilesOut sends a picture with the reply as its text, in clear and encrypted.
func TestFilesOut(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	reply := chat.Reply{Title: "Code de paiement", File: &chat.File{Name: "code.png", Type: "image/png", Open: chat.Bytes([]byte("a picture"))}}
	for _, encrypted := range []bool{false, true} {
		d := &drawing{l: l, room: direct, to: chat.Target{Chat: chatOf(direct)}, reply: reply, encrypted: encrypted, private: true}
		p, err := d.plan(t.Context())
		noError(t, err)
		var content event.MessageEventContent
		noError(t, json.Unmarshal(p.Events[0], &content))
		if len(p.Events) != 1 || content.MsgType != event.MsgImage || content.Body != "Code de paiement" || content.FileName != "code.png" || content.Info.MimeType != "image/png" {
			t.Errorf("encrypted %t: %+v", encrypted, content)
		}
		address := content.URL
		if encrypted {
			address = content.File.URL
		}
		uri, err := address.Parse()
		noError(t, err)
		data := bytes.Clone(r.hs.files[uri.FileID])
		if stored := string(data); (stored == "a picture") == encrypted {
			t.Errorf("encrypted %t: the homeserver holds %q", encrypted, stored)
		}
		if encrypted {
			if content.URL != "" {
				t.Error("an encrypted picture has an address in clear")
			}
			noError(t, content.File.DecryptInPlace(data))
		}
		if string(data) != "a picture" {
			t.Errorf("encrypted %t: the picture became %q", encrypted, data)
		}
	}
}

// TestSixMessagesThenAFile: what a school says at length does not fill the room.
func TestSixMessagesThenAFile(t *testing.T) {
	r := inDirect(t)
	text := strings.Repeat("Apprendre. ", 1<<19)
	reply := chat.Reply{
		Title: "Devoirs de Léa", Body: []chat.Line{{Kind: chat.LineQuote, Label: "Maths", Text: text}},
		Choices: []chat.Choice{{ID: "a", Label: "Hugo"}}, Long: "Tout est dans le fichier.",
	}
	d := &drawing{l: r.connection(), room: direct, to: chat.Target{Chat: chatOf(direct), Edit: "$old"}, reply: reply, private: true}
	p, err := d.plan(t.Context())
	noError(t, err)
	if len(p.Events) != 1 || len(p.Choices) != 1 || p.Edit != "" {
		t.Fatalf("%d events, %d choices", len(p.Events), len(p.Choices))
	}
	var content event.MessageEventContent
	noError(t, json.Unmarshal(p.Events[0], &content))
	if content.MsgType != event.MsgFile || content.FileName != "cartable.txt" || !strings.Contains(content.Body, "Tout est dans le fichier.") || !strings.Contains(content.Body, "1. Hugo") {
		t.Errorf("%+v", content)
	}
	uri, err := content.URL.Parse()
	noError(t, err)
	if data := string(r.hs.files[uri.FileID]); !strings.Contains(data, text[:len(text)-1]) {
		t.Errorf("the file has %d bytes", len(data))
	}
}

// TestFileTooLarge is refused before it is sent, by what the homeserver says that it takes.
func TestFileTooLarge(t *testing.T) {
	r := inDirect(t)
	r.hs.mu.Lock()
	r.hs.upload = 8
	r.hs.mu.Unlock()
	for content, sent := range map[string]bool{"12345678": true, "123456789": false} {
		file := &chat.File{Name: "a.txt", Type: "text/plain", Open: chat.Bytes([]byte(content))}
		err := r.Send(t.Context(), toAna, chat.Reply{Title: "file", File: file})
		if (err == nil) != sent || err != nil && !strings.Contains(err.Error(), "more than the 8 bytes") {
			t.Errorf("%d bytes: %v", len(content), err)
		}
	}
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if asked := slices.Index(r.hs.requests, "GET client/v1/media/config"); asked < 0 || slices.Contains(r.hs.requests[asked+1:], r.hs.requests[asked]) {
		t.Error("not asked once")
	}
}
