package telegram

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"cartable/core/chat"
)

const fileCall = 60 * time.Second // to move a file of chat.MaxFile

// pictureName is that of a picture whose type some clients do not tell.
var pictureName = regexp.MustCompile(`(?i)\.(jpe?g|png|webp)$`)

// picture gives the reader of the photo or picture document that a message bears, nil if there is none.
// Of the sizes of a photo it takes the largest that is not too big.
func (a *Adapter) picture(m *message) func(context.Context) ([]byte, error) {
	id := ""
	if d := m.Document; d != nil && (strings.HasPrefix(d.Type, "image/") || pictureName.MatchString(d.Name)) {
		id = d.FileID
	}
	most := 0
	for _, p := range m.Photo {
		if area := p.Width * p.Height; area > most && p.Size <= chat.MaxFile {
			id, most = p.FileID, area
		}
	}
	if id == "" {
		return nil
	}
	return func(ctx context.Context) ([]byte, error) { return a.readFile(ctx, id) }
}

// readFile fetches a file into memory. A connection that is lost is tried again.
func (a *Adapter) readFile(ctx context.Context, id string) (data []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fileCall)
	defer cancel()
	err = a.insist(ctx, func(ctx context.Context) error {
		file, size, err := a.api.filePath(ctx, id)
		switch {
		case err != nil:
			return err
		case size > chat.MaxFile:
			return fmt.Errorf("telegram: %w", errTooBig)
		}
		data, err = a.api.download(ctx, file, chat.MaxFile)
		return err
	})
	return data, err
}
