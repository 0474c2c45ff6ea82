//go:build goolm

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/proc"
)

// botStopTime is how long `docker stop` waits.
const botStopTime = 10 * time.Second

// bot is the built program, serving Matrix.
type bot struct {
	ID   id.UserID
	Data string // its folder, which outlives a crash

	t       *testing.T
	path    string
	env     []string
	secrets []string // that must never be in its log
	logs    []string // of earlier runs
	process *proc.Process
}

// newBot registers the bot's account. env is added to its settings.
func newBot(t *testing.T, hs *homeserver.Server, env ...string) *bot {
	t.Helper()
	path := os.Getenv("CARTABLE_BOT")
	if path == "" {
		t.Skip("CARTABLE_BOT names no binary")
	}
	const password = "the bot's own password"
	hs.Register("cartable", password)
	b := &bot{t: t, path: path, ID: "@cartable:" + homeserver.Name, Data: t.TempDir(), secrets: []string{password}}
	b.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.Data,
		"CARTABLE_DATA=" + b.Data,
		"CARTABLE_MATRIX_HOMESERVER=" + hs.URL,
		"CARTABLE_MATRIX_USER=" + b.ID.String(),
		"CARTABLE_MATRIX_PASSWORD=" + password,
		"CARTABLE_ACCESS=open",
		"CARTABLE_ALLOW_PRIVATE_NETWORKS=1",
		"CARTABLE_LISTEN=127.0.0.1:0",
		"CARTABLE_LOG=debug", // so that there is something to find
	}, env...)
	return b
}

// start runs the bot. At the end of the test it has to stop as it should, and to have kept its secrets.
func (b *bot) start() {
	b.t.Helper()
	cmd := exec.Command(b.path, "run")
	cmd.Env, cmd.Dir = b.env, b.Data
	b.process = proc.Start(b.t, cmd)
	process := b.process
	b.t.Cleanup(func() {
		if b.process == process {
			b.stop()
			b.checkLogs()
		}
	})
}

// waitConnected waits until this run of the bot reads what happens.
func (b *bot) waitConnected() {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(b.process.Output(), "msg=connected"); time.Sleep(20 * time.Millisecond) {
		select {
		case <-b.process.Ended():
			b.t.Fatal("the bot has ended")
		default:
		}
		if time.Now().After(end) {
			b.t.Fatal("the bot does not connect")
		}
	}
}

// stop asks the bot to end, and takes it ill if it does not.
func (b *bot) stop() {
	b.t.Helper()
	if err := b.process.Stop(botStopTime); err != nil {
		b.t.Errorf("bot: stop: %v", err)
	}
	b.logs = append(b.logs, b.process.Output())
}

// kill is a crash.
func (b *bot) kill() {
	b.process.Kill()
	b.logs = append(b.logs, b.process.Output())
}

func (b *bot) checkLogs() {
	for _, log := range b.logs {
		for _, s := range b.secrets {
			if strings.Contains(log, s) {
				b.t.Errorf("the bot's log has %q in it", s)
			}
		}
		if strings.Contains(log, "panic") {
			b.t.Error("the bot's log speaks of a panic")
		}
	}
}
