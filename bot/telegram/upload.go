package telegram

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"cartable/core/chat"
)

const maxPhoto = 10 << 20 // bytes (sendPhoto)

// isPhoto tells whether a file is sent as a picture. A larger picture goes as a document. It reads no more than
// it takes to know.
func isPhoto(f *chat.File) (bool, error) {
	if f == nil || f.Type != "image/png" && f.Type != "image/jpeg" {
		return false, nil
	}
	in, err := f.Open()
	if err != nil {
		return false, fmt.Errorf("telegram: read a file: %w", err)
	}
	defer in.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(in, maxPhoto+1))
	if err != nil {
		return false, fmt.Errorf("telegram: read a file: %w", err)
	}
	return n <= maxPhoto, nil
}

// postFile sends the file from its start, with the text as its caption. That the file cannot be read is no fault of
// Telegram's.
func (a *Adapter) postFile(ctx context.Context, m *outgoing, text string, mode models.ParseMode) error {
	in, err := m.file.Open()
	if err != nil {
		return fmt.Errorf("telegram: read a file: %w", err)
	}
	source := &source{in: in}
	defer source.Close()
	file := &models.InputFileUpload{Filename: m.file.Name, Data: source}
	if m.photo {
		err = a.postPhoto(ctx, m, file, text, mode)
	} else {
		err = a.postDocument(ctx, m, file, text, mode)
	}
	if broken := source.broken(); err != nil && broken != nil {
		return fmt.Errorf("telegram: read a file: %w", broken)
	}
	return err
}

func (a *Adapter) postPhoto(ctx context.Context, m *outgoing, file models.InputFile, text string, mode models.ParseMode) error {
	return a.api.typed(ctx, "sendPhoto", fileCall, func(ctx context.Context) error {
		_, err := a.api.bot.SendPhoto(ctx, &bot.SendPhotoParams{
			ChatID: m.chat, MessageThreadID: m.thread, Photo: file, Caption: text, ParseMode: mode,
			DisableNotification: m.silent, ReplyMarkup: m.markup(),
		})
		return err
	})
}

func (a *Adapter) postDocument(ctx context.Context, m *outgoing, file models.InputFile, text string, mode models.ParseMode) error {
	return a.api.typed(ctx, "sendDocument", fileCall, func(ctx context.Context) error {
		_, err := a.api.bot.SendDocument(ctx, &bot.SendDocumentParams{
			ChatID: m.chat, MessageThreadID: m.thread, Document: file, Caption: text, ParseMode: mode,
			DisableNotification: m.silent, ReplyMarkup: m.markup(),
		})
		return err
	})
}

// source is a file on its way. The library's goroutine may still read when the call has ended: then it gets an
// error, and the file is closed beside no reading.
type source struct {
	mu  sync.Mutex // guards what follows; held while the file is read
	in  io.ReadCloser
	err error // of reading
}

func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in == nil {
		return 0, io.ErrClosedPipe
	}
	n, err := s.in.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.in.Close() // all that was needed of it has been read
	s.in = nil
}

// broken is why the file could not be read; nil when it could.
func (s *source) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
