//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"

	"cartable/core/chat"
)

const (
	usualUpload = 10 << 20 // bytes; where the homeserver does not say: the least that the usual ones take
	maxUpload   = 64 << 20 // whatever it says: a file is in memory while it is sent
)

// file uploads a file, encrypted where the room is, and makes its event, with a text for those who do not
// see it.
func (d *drawing) file(ctx context.Context, caption *event.MessageEventContent) (*event.MessageEventContent, error) {
	f := d.reply.File
	data, err := readFile(f, d.l.uploadLimit(ctx))
	if err != nil {
		return nil, err
	}
	content := &event.MessageEventContent{
		MsgType: event.MsgFile, Body: f.Name, FileName: f.Name, Mentions: &event.Mentions{},
		Info: &event.FileInfo{MimeType: f.Type, Size: len(data)},
	}
	if strings.HasPrefix(f.Type, "image/") {
		content.MsgType = event.MsgImage
	}
	if caption != nil && caption.Body != "" {
		content.Body, content.Format, content.FormattedBody = caption.Body, caption.Format, caption.FormattedBody
	}
	mediaType := f.Type
	var sealed *attachment.EncryptedFile
	if d.encrypted {
		mediaType = "application/octet-stream"
		sealed = attachment.NewEncryptedFile()
		sealed.EncryptInPlace(data)
	}
	upload, err := d.l.cli.UploadBytes(ctx, data, mediaType)
	if err != nil {
		return nil, fail("upload a file", err)
	}
	if sealed != nil {
		content.File = &event.EncryptedFileInfo{EncryptedFile: *sealed, URL: upload.ContentURI.CUString()}
	} else {
		content.URL = upload.ContentURI.CUString()
	}
	return content, nil
}

// errFile says that a file cannot be sent, now or later.
var errFile = errors.New("matrix: read a file")

// readFile reads a file of at most limit bytes.
func readFile(f *chat.File, limit int64) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFile, err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errFile, err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: it has more than the %d bytes that the homeserver takes", errFile, limit)
	}
	return data, nil
}

// uploadLimit is how large a file may be, as the homeserver says. It is asked once.
func (l *connection) uploadLimit(ctx context.Context) int64 {
	if known := l.uploads.Load(); known > 0 {
		return known
	}
	answer, err := l.cli.GetMediaConfig(mautrix.WithMaxRetries(ctx, 0))
	if err != nil && passing(err) {
		return usualUpload
	}
	limit := int64(usualUpload)
	if err == nil && answer != nil && answer.UploadSize > 0 {
		limit = min(answer.UploadSize, maxUpload)
	}
	l.uploads.Store(limit)
	return limit
}
