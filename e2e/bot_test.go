//go:build goolm

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/proc"
)

// botStopTime is how long `docker stop` waits.
const botStopTime = 10 * time.Second

const botPassword = "the bot's own password"

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
	hs.Register("cartable", botPassword)
	b := &bot{t: t, path: path, ID: "@cartable:" + homeserver.Name, Data: t.TempDir(), secrets: []string{botPassword}}
	b.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.Data,
		"CARTABLE_DATA=" + b.Data,
		"CARTABLE_MATRIX_HOMESERVER=" + hs.URL,
		"CARTABLE_MATRIX_USER=" + b.ID.String(),
		"CARTABLE_MATRIX_PASSWORD=" + botPassword,
		"CARTABLE_ACCESS=open",
		"CARTABLE_ALLOW_PRIVATE_NETWORKS=1",
		"CARTABLE_LISTEN_INTERNAL=127.0.0.1:0",
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
	b.waitLogged("msg=connected", 1)
}

// waitLogged waits until the log of this run of the bot has a text in it n times.
func (b *bot) waitLogged(text string, n int) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); b.logged(text) < n; time.Sleep(20 * time.Millisecond) {
		select {
		case <-b.process.Ended():
			b.t.Fatal("the bot has ended")
		default:
		}
		if time.Now().After(end) {
			b.t.Fatalf("the bot's log has %q %d times; want %d", text, b.logged(text), n)
		}
	}
}

// logged is how often the log of this run of the bot has a text in it.
func (b *bot) logged(text string) int { return strings.Count(b.process.Output(), text) }

// vaultSize is how large the vault's file is, in bytes; 0 if there is none.
func (b *bot) vaultSize() int64 {
	info, err := os.Stat(filepath.Join(b.Data, "vault.db"))
	if err != nil {
		return 0
	}
	return info.Size()
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

// run runs another command of the program on the bot's data, which a running bot holds. It gives all that is
// printed.
func (b *bot) run(args ...string) (printed string, err error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Env, cmd.Dir = b.env, b.Data
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustRun is run for a command that has to work.
func (b *bot) mustRun(args ...string) string {
	b.t.Helper()
	out, err := b.run(args...)
	if err != nil {
		b.t.Fatalf("bot %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// loseVault is a disk that fails.
func (b *bot) loseVault() {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.Data, "vault.db")); err != nil {
		b.t.Fatal(err)
	}
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
