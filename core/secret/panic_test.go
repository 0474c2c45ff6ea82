package secret_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"cartable/core/secret"
)

func TestContain(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	if err := secret.Contain(logger, func() error { return io.EOF }); !errors.Is(err, io.EOF) || log.Len() > 0 {
		t.Errorf("got %v, logged %q", err, log.String())
	}
	err := secret.Contain(logger, func() error { panic("S3cret") })
	if !errors.Is(err, secret.ErrPanic) {
		t.Errorf("got %v", err)
	}
	if got := log.String(); !strings.Contains(got, "type=string") || !strings.Contains(got, "TestContain") || strings.Contains(got, "S3cret") {
		t.Errorf("logged %q", got)
	}
}
