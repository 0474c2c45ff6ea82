package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"cartable/core"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/vault"
)

// meters are what the bot counts, for Prometheus. A label tells what is done and how it ends; never by whom, where
// or at which school.
type meters struct {
	set       *metrics.Set
	platforms func() []platform

	mu     sync.Mutex // guards totals; held while they and the platforms' counts are taken over
	totals map[*metrics.Counter]func() int
}

// callBuckets are seconds: a school's server may take its time.
var callBuckets = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20, 40, 80}

func newMeters(platforms func() []platform) *meters {
	metrics.ExposeMetadata(true)
	m := &meters{set: metrics.NewSet(), platforms: platforms, totals: make(map[*metrics.Counter]func() int)}
	m.set.NewGauge(`cartable_build_info{version="`+version+`"}`, func() float64 { return 1 })
	return m
}

// handled counts a command and how it ended.
func (m *meters) handled(command, outcome string, took time.Duration) {
	m.set.GetOrCreateCounter(fmt.Sprintf(`cartable_commands_total{command=%q,outcome=%q}`, label(command), label(outcome))).Inc()
	m.set.GetOrCreatePrometheusHistogramExt("cartable_command_duration_seconds", callBuckets).Update(took.Seconds())
}

// observe counts the calls to a service: "school" or "wallet".
func (m *meters) observe(service string) func(op string, took time.Duration, err error) {
	return func(op string, took time.Duration, err error) {
		of := fmt.Sprintf(`service=%q,operation=%q`, label(service), label(op))
		m.set.GetOrCreateCounter(fmt.Sprintf(`cartable_service_calls_total{%s,outcome=%q}`, of, outcomeOf(err))).Inc()
		m.set.GetOrCreatePrometheusHistogramExt("cartable_service_call_duration_seconds{"+of+"}", callBuckets).Update(took.Seconds())
	}
}

// rooms shows how much waits in the rooms, and what they cannot read.
func (m *meters) rooms(e *core.Engine) {
	m.gauge("cartable_queue_messages", e.Talk.Waiting)
	m.total("cartable_messages_set_aside_total", e.Talk.SetAside)
	m.gauge("cartable_outbox_letters", e.Outbox.Len)
	m.total("cartable_outbox_dropped_total", e.Outbox.Dropped)
	m.gauge("cartable_login_pauses", e.Family.Pauses)
	for room, damaged := range map[string]func() int{
		"rights": e.Rights.Damaged, "family": e.Family.Damaged, "wallet": e.Wallet.Damaged, "outbox": e.Outbox.Damaged, "watch": e.Watch.Damaged,
	} {
		m.gauge(fmt.Sprintf(`cartable_damaged_records{room=%q}`, room), damaged)
	}
}

// gauge shows a number that goes up and down, total one that only grows.
func (m *meters) gauge(name string, count func() int) {
	m.set.NewGauge(name, func() float64 { return float64(count()) })
}

func (m *meters) total(name string, count func() int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.totals[m.set.NewCounter(name)] = count
}

// vault shows how large the file is.
func (m *meters) vault(v *vault.Vault) {
	m.set.NewGauge("cartable_vault_file_bytes", func() float64 {
		file, _, _ := v.Size() // 0 of a vault that is closed
		return float64(file)
	})
	m.set.NewGauge("cartable_vault_free_bytes", func() float64 {
		_, free, _ := v.Size()
		return float64(free)
	})
}

// ServeHTTP prints everything in the text format of Prometheus.
func (m *meters) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.takeCounts()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
}

func (m *meters) takeCounts() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for counter, count := range m.totals {
		counter.Set(uint64(count()))
	}
	for _, p := range m.platforms() {
		for kind, n := range p.Counts() {
			m.set.GetOrCreateCounter(fmt.Sprintf(`cartable_updates_total{platform=%q,kind=%q}`, label(p.Name()), label(kind))).Set(n)
		}
	}
}

var labelForm = regexp.MustCompile(`^[a-z][a-z_.]{0,31}$`)

// label is a word of ours. Anything else would be somebody's.
func label(word string) string {
	if !labelForm.MatchString(word) {
		return "other"
	}
	return word
}

// outcomes are the ends that an operator may want to tell apart.
var outcomes = []struct {
	err  error
	word string
}{
	{school.ErrExpired, "expired"},
	{school.ErrWrongPassword, "wrong_password"},
	{school.ErrTokenRefused, "token_refused"},
	{school.ErrSecondFactor, "second_factor"},
	{school.ErrNoAccess, "no_access"},
	{school.ErrPause, "pause"},
	{school.ErrNoAnswer, "no_answer"},
	{school.ErrNotPublished, "not_published"},
	{izly.ErrSessionExpired, "expired"},
	{izly.ErrWrongCode, "wrong_code"},
	{izly.ErrBlocked, "blocked"},
	{izly.ErrMustEnrol, "must_enrol"},
	{izly.ErrTooOld, "too_old"},
	{izly.ErrOutcomeUnknown, "unknown"},
	{izly.ErrNetwork, "no_answer"},
	{context.DeadlineExceeded, "no_answer"},
	{context.Canceled, "cancelled"},
}

func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.word
		}
	}
	return "failed"
}
