package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

func doctor(t *testing.T, environ ...string) (out string, err error) {
	t.Helper()
	var stdout bytes.Buffer
	err = run(t.Context(), []string{"doctor"}, environ, strings.NewReader(""), &stdout, io.Discard)
	return stdout.String(), err
}

func TestDoctorOfARunningBot(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a socket in the folder of the vault")
	}
	tg := simtelegram.Start(t, simtelegram.Config{})
	data := t.TempDir()
	bot := startBot(t, "CARTABLE_LISTEN=127.0.0.1:0", "CARTABLE_TELEGRAM_TOKEN="+tg.Token(), "CARTABLE_TELEGRAM_API="+tg.URL, "CARTABLE_ACCESS=open", "CARTABLE_DATA="+data)
	anna := tg.User(1001, "Anna", "fr").Private()
	anna.Say("/langue en")
	anna.WaitFor("English")
	out, err := doctor(t, "CARTABLE_DATA="+data)
	if err != nil || !strings.Contains(out, "A bot uses it") || !strings.Contains(out, "\nchats ") || !strings.Contains(out, "All is well") {
		t.Errorf("%s%v", out, err)
	}
	if left, err := filepath.Glob(filepath.Join(data, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	bot.stop()
}

// TestTheBotRunsWithLosses and says so.
func TestTheBotRunsWithLosses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to stop here")
	}
	tg := simtelegram.Start(t, simtelegram.Config{})
	data := t.TempDir()
	v, _, err := config{data: data}.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = v.Update(func(tx vault.Tx) error {
		return errors.Join(tx.Put("orders", "", "1", []byte("{}")), tx.Put("orders", "", "2", []byte("{}")))
	})
	if err := errors.Join(err, v.Close(), harm(filepath.Join(data, "vault.db"), "lose", 2)); err != nil {
		t.Fatal(err)
	}
	bot := startBot(t, "CARTABLE_LISTEN=127.0.0.1:0", "CARTABLE_TELEGRAM_TOKEN="+tg.Token(), "CARTABLE_TELEGRAM_API="+tg.URL, "CARTABLE_ACCESS=open", "CARTABLE_DATA="+data)
	anna := tg.User(1001, "Anna", "fr").Private()
	anna.Say("/langue en")
	anna.WaitFor("English")
	bot.stop()
	if log := bot.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "table=orders want=2 have=1") {
		t.Errorf("the log says nothing of it:\n%s", log)
	}
}

// TestDoctorWithoutASocket says what to do where the running bot cannot give a copy.
func TestDoctorWithoutASocket(t *testing.T) {
	data := t.TempDir()
	v, _, err := config{data: data}.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	_, err = doctor(t, "CARTABLE_DATA="+data)
	if err == nil || exitStatus(err) != cannotLook || !strings.Contains(err.Error(), "gives no copy to look at; stop it, and try again") {
		t.Error(err)
	}
	if left, err := filepath.Glob(filepath.Join(data, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestDoctorOfAnOldVault leaves its format alone.
func TestDoctorOfAnOldVault(t *testing.T) {
	data := oldData(t)
	before, err := os.ReadFile(filepath.Join(data, "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := doctor(t, "CARTABLE_DATA="+data)
	if err != nil || !strings.Contains(out, "format 1, which the next start of the bot brings up to date") || !strings.Contains(out, "All is well") {
		t.Errorf("%s%v", out, err)
	}
	if after, err := os.ReadFile(filepath.Join(data, "vault.db")); err != nil || !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
}

func TestDoctorReadsTheClock(t *testing.T) {
	data := oldData(t)
	later := time.Now().Add(2 * time.Minute)
	if err := os.Chtimes(filepath.Join(data, "vault.db"), later, later); err != nil {
		t.Fatal(err)
	}
	out, err := doctor(t, "CARTABLE_DATA="+data)
	if exitStatus(err) != 1 || !strings.Contains(out, "The clock is wrong: it says 20") || !strings.Contains(out, "and the vault was written at 20") {
		t.Errorf("%s%v", out, err)
	}
}

// TestFindings are those that take a sick machine.
func TestFindings(t *testing.T) {
	well := examination{file: 1 << 20, disk: 1 << 30}
	for what, tt := range map[string]struct {
		change func(e *examination)
		want   string // "" for none
	}{
		"well":             {func(*examination) {}, ""},
		"unknown disk":     {func(e *examination) { e.disk = -1 }, ""},
		"full disk":        {func(e *examination) { e.disk = 65 << 20 }, "The disk is nearly full: 65.0 MiB are free."},
		"large vault":      {func(e *examination) { e.file = 1 << 29 }, "The disk is nearly full: 1.0 GiB are free."},
		"slow clock":       {func(e *examination) { e.newest = e.now.Add(time.Second) }, ""},
		"cut off":          {func(e *examination) { e.tables = []*table{{name: "orders", cutOff: true}} }, "Table orders could not be gone through to its end: the file is damaged there."},
		"cut off, no name": {func(e *examination) { e.tables = []*table{{cutOff: true}} }, "A table whose name is lost could not be gone through to its end: the file is damaged there."},
		"pages":            {func(e *examination) { e.pages = make([]vault.PageDamage, 3) }, "The file is damaged below its records, on page 0 () and 2 others. The bot does not start on it: to write to it could destroy what is whole. What is told here is of what can still be read."},
		"head":             {func(e *examination) { e.older = true }, "One of the two heads of the file is damaged: the last change may be lost."},
		"no count":         {func(e *examination) { e.losses = []vault.Loss{{Bucket: "orders", Want: -1, Have: 3}} }, "Table orders may have lost records: 3 are there, and how many there should be is lost."},
		"too many":         {func(e *examination) { e.losses = []vault.Loss{{Bucket: "orders", Want: 2, Have: 3}} }, "Table orders has 3 records, and should have 2."},
		"no table":         {func(e *examination) { e.losses = []vault.Loss{{Want: -1}} }, "A whole table may be lost; nothing is left to tell which."},
		"no steps":         {func(e *examination) { e.lostSteps = 1 }, "Records of steps that the vault has had cannot be read: 1."},
		"raw records":      {func(e *examination) { e.tables = []*table{{name: "telegram.1.inbox", versions: map[int]int{0: 1}}} }, ""},
	} {
		e := well
		tt.change(&e)
		got := ""
		for _, f := range e.findings() {
			if got += f.what; f.advice == "" {
				t.Errorf("%s: nothing to do about it", what)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestExitStatus(t *testing.T) {
	cause := errors.New("cause")
	for err, want := range map[error]int{cause: 1, statusError{cannotLook, cause}: 2} {
		if got := exitStatus(err); got != want || err.Error() != "cause" || !errors.Is(err, cause) {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}
