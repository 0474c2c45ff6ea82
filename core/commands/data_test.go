package commands

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"cartable/core/secret"
)

// TestAFileEndsWithItsPanic makes sure that whoever reads a file while it is made gets an error, and neither what was
// thrown nor the end of the program.
func TestAFileEndsWithItsPanic(t *testing.T) {
	f := written(slog.New(slog.DiscardHandler), "x", "text/plain", func(w io.Writer) error {
		if _, err := io.WriteString(w, "begun"); err != nil {
			return err
		}
		panic("S3cret")
	})
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if string(got) != "begun" || !errors.Is(err, secret.ErrPanic) || strings.Contains(err.Error(), "S3cret") {
		t.Errorf("%q, %v", got, err)
	}
}
