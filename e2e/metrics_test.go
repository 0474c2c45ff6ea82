package e2e

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"cartable/e2e/proc"
	"cartable/sim/telegram"
)

// TestMetricsAreGood has Prometheus's own check of names and types read what the bot tells of itself.
func TestMetricsAreGood(t *testing.T) {
	path := os.Getenv("CARTABLE_BOT")
	if path == "" {
		t.Skip("CARTABLE_BOT names no binary")
	}
	tg := telegram.Start(t, telegram.Config{})
	cmd := exec.Command(path, "run")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"HOME=" + cmd.Dir, "CARTABLE_DATA=" + cmd.Dir, "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0", "CARTABLE_ACCESS=open",
		"CARTABLE_TELEGRAM_TOKEN=" + tg.Token(), "CARTABLE_TELEGRAM_API=" + tg.URL,
	}
	bot := proc.Start(t, cmd)
	anna := tg.User(1001, "Anna", "fr").Private()
	for range 2 {
		anna.Say("/aide")
		anna.WaitFor("/connexion") // it serves, and has something to count
	}
	found := regexp.MustCompile(`internal=(http://\S+)`).FindStringSubmatch(bot.Output())
	if found == nil {
		t.Fatalf("no address in\n%s", bot.Output())
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(found[1] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(strings.NewReader(string(text))).Lint()
	if err != nil {
		t.Fatalf("not what Prometheus reads: %v\n%s", err, text)
	}
	own := regexp.MustCompile(`^cartable_`)
	for _, p := range problems {
		if own.MatchString(p.Metric) && p.Text != "no help text" { // the library has none
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if !strings.Contains(string(text), `cartable_updates_total{platform="telegram",kind="messages"} `) {
		t.Errorf("the message is not counted:\n%s", text)
	}
	if err := bot.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
}
