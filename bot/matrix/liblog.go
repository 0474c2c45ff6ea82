//go:build goolm

package matrix

import (
	"encoding/json"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
)

// libraryLog lets the library's warnings through to our log, and of each only the sentence and where it is
// from: its fields name people and rooms, and below the level of a warning it logs what people write.
func libraryLog(log *slog.Logger) zerolog.Logger {
	return zerolog.New(libraryWriter{log}).Level(zerolog.WarnLevel)
}

type libraryWriter struct{ log *slog.Logger }

var _ io.Writer = libraryWriter{}

// Write takes one line of JSON.
func (w libraryWriter) Write(line []byte) (int, error) {
	var entry struct {
		Level     string `json:"level"`
		Message   string `json:"message"`
		Component string `json:"component"`
		Status    int    `json:"status_code"`
	}
	if json.Unmarshal(line, &entry) == nil && entry.Message != "" {
		w.log.Debug("library: "+entry.Message, "level", entry.Level, "component", entry.Component, "status", entry.Status)
	}
	return len(line), nil
}
