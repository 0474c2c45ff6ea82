package main

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"cartable/core/chat"
)

// counting is a platform that only counts.
type counting map[string]uint64

func (counting) Name() string                                        { return "matrix" }
func (counting) Run(context.Context, chat.Handler) error             { return nil }
func (counting) Send(context.Context, chat.Target, chat.Reply) error { return nil }
func (counting) Close() error                                        { return nil }
func (counting) Heard() (time.Time, error)                           { return time.Time{}, nil }
func (c counting) Counts() map[string]uint64                         { return c }

func TestMetrics(t *testing.T) {
	w := httptest.NewRecorder()
	platforms := func() []platform { return []platform{counting{"unreadable": 2, "messages": 40}} }
	metrics(platforms)(w, httptest.NewRequest("GET", metricsPath, nil))
	if got := w.Body.String(); got != "cartable_matrix_messages_total 40\ncartable_matrix_unreadable_total 2\n" {
		t.Errorf("got %q", got)
	}
}
