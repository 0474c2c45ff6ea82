package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/school"
)

// counting is a platform that only counts.
type counting map[string]uint64

func (counting) Name() string                                        { return "matrix" }
func (counting) Run(context.Context, chat.Handler) error             { return nil }
func (counting) Send(context.Context, chat.Target, chat.Reply) error { return nil }
func (counting) Close() error                                        { return nil }
func (counting) Heard() (time.Time, error)                           { return time.Time{}, nil }
func (c counting) Counts() map[string]uint64                         { return c }

// scrape is what Prometheus reads, without what the library tells of the process.
func scrape(m *meters) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", metricsPath, nil))
	var own []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, "cartable_") {
			own = append(own, line)
		}
	}
	return strings.Join(own, "")
}

func TestMetrics(t *testing.T) {
	counts := counting{"unreadable": 2, "messages": 40}
	m := newMeters(func() []platform { return []platform{counts} })
	m.handled("edt", "done", 30*time.Millisecond)
	m.handled("edt", "done", 3*time.Second)
	m.handled("solde", "refused", time.Second)
	m.observe("school")("week", time.Second, nil)
	m.observe("school")("week", time.Second, fmt.Errorf("school: %w", school.ErrNoAnswer))
	m.observe("wallet")("balance", time.Second, errors.New("of 0611223344"))
	m.observe("wallet")("balance", time.Second, izly.ErrWrongCode)
	m.queue(func() int { return 3 })
	m.letters(func() int { return 4 })
	m.pauses(func() int { return 5 })
	m.damaged("rights", func() int { return 1 })
	m.damaged("wallet", func() int { return 0 })
	text := scrape(m)
	for _, want := range []string{
		"# TYPE cartable_commands_total counter\n",
		`cartable_commands_total{command="edt",outcome="done"} 2`,
		`cartable_commands_total{command="solde",outcome="refused"} 1`,
		"# TYPE cartable_command_duration_seconds histogram\n",
		`cartable_command_duration_seconds_bucket{le="0.05"} 1`,
		`cartable_command_duration_seconds_count 3`,
		"# TYPE cartable_service_calls_total counter\n",
		`cartable_service_calls_total{service="school",operation="week",outcome="ok"} 1`,
		`cartable_service_calls_total{service="school",operation="week",outcome="no_answer"} 1`,
		`cartable_service_calls_total{service="wallet",operation="balance",outcome="failed"} 1`,
		`cartable_service_calls_total{service="wallet",operation="balance",outcome="wrong_code"} 1`,
		"# TYPE cartable_service_call_duration_seconds histogram\n",
		`cartable_service_call_duration_seconds_count{service="school",operation="week"} 2`,
		"# TYPE cartable_updates_total counter\n",
		`cartable_updates_total{platform="matrix",kind="messages"} 40`,
		`cartable_updates_total{platform="matrix",kind="unreadable"} 2`,
		"# TYPE cartable_queue_messages gauge\n", "cartable_queue_messages 3", "cartable_outbox_letters 4", "cartable_login_pauses 5",
		`cartable_damaged_records{room="rights"} 1`,
		`cartable_build_info{version="` + version + `"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	counts["messages"] = 41
	if text := scrape(m); !strings.Contains(text, `kind="messages"} 41`) {
		t.Error("a later count is not taken over")
	}
	types := regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(text, -1)
	seen := map[string]bool{}
	for _, family := range types {
		if seen[family[1]] {
			t.Errorf("%s has two types", family[1])
		}
		seen[family[1]] = true
	}
	if strings.Contains(text, "0611") {
		t.Error("an error's text is told")
	}
}

// TestLabelsAreOurs has words that came from outside: none is told.
func TestLabelsAreOurs(t *testing.T) {
	m := newMeters(func() []platform { return nil })
	for _, word := range []string{"@ana:example.org", `x"} 1` + "\nhacked 1", "ÉCOLE", "", "12345", strings.Repeat("a", 100)} {
		m.handled(word, word, 0)
		m.observe(word)(word, 0, nil)
	}
	text := scrape(m)
	if n := strings.Count(text, "cartable_commands_total{"); n != 1 || !strings.Contains(text, `cartable_commands_total{command="other",outcome="other"} 6`) {
		t.Errorf("told\n%s", text)
	}
	if strings.Contains(text, "ana") || strings.Contains(text, "hacked") {
		t.Errorf("told\n%s", text)
	}
}
