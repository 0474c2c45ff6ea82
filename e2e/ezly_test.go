package e2e

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"cartable/sim/izly"
)

// ezlyHeard is what ezly.mjs prints: the wallet as the client of others understood it.
type ezlyHeard struct {
	WrongCode string // how a refused login reads
	Elsewhere string // and a call of a phone after another was enrolled

	UID      string
	Balance  float64
	TopUps   []ezlyOperation
	Payments []ezlyOperation

	Information struct {
		Profile struct{ FirstName, LastName string }
	}
	Limits  json.RawMessage
	Contact json.RawMessage
	Crous   json.RawMessage
	Events  []json.RawMessage

	SessionChanged      bool
	BalanceAfterRefresh float64
	Counter             int
	PaymentCode         string
}

type ezlyOperation struct {
	ID       int64
	Amount   float64
	Date     time.Time
	IsCredit bool
	Message  *string
}

// TestEzly logs in with ezly, twice, as two phones do; reads what it can read, refreshes and draws a payment code. Against the
// simulator in this process, what it heard is compared with what the simulator holds; with CARTABLE_BOT
// set, the simulator is `bot sim` as people run it.
func TestEzly(t *testing.T) {
	if bot := os.Getenv("CARTABLE_BOT"); bot != "" {
		heard := runEzly(t, botSim(t, bot, "izly"), izly.New(izly.Config{}).Accounts()[0])
		checkEzly(t, heard)
		return
	}
	sim := izly.New(izly.Config{})
	web := httptest.NewServer(sim)
	defer web.Close()
	account := sim.Accounts()[0]
	heard := runEzly(t, web.URL, account)
	checkEzly(t, heard)

	if want := float64(sim.Balance(account.Phone)) / 100; heard.Balance != want {
		t.Errorf("balance is %v; the wallet holds %v", heard.Balance, want)
	}
	checkEzlyOperations(t, heard.Payments, sim.Operations(account.Phone))
	checkEzlyOperations(t, heard.TopUps, sim.Operations(account.Phone))
	if err := sim.Pay(heard.PaymentCode, 3_30); err != nil {
		t.Errorf("payment code: %v", err)
	}
	if broken := sim.Violations(); len(broken) > 0 {
		t.Errorf("violations: %q", broken)
	}
}

func checkEzly(t *testing.T, heard ezlyHeard) {
	t.Helper()
	if heard.UID != "33611223344" || heard.Balance <= 0 || heard.BalanceAfterRefresh != heard.Balance {
		t.Errorf("account %s with %v, and %v after the refresh", heard.UID, heard.Balance, heard.BalanceAfterRefresh)
	}
	if len(heard.Payments) != 15 || len(heard.TopUps) == 0 || len(heard.Events) != 10 {
		t.Errorf("%d payments, %d top-ups, %d events", len(heard.Payments), len(heard.TopUps), len(heard.Events))
	}
	if !heard.SessionChanged || heard.Counter != 1 {
		t.Errorf("after the refresh: session changed %t, counter %d", heard.SessionChanged, heard.Counter)
	}
	if !strings.Contains(heard.WrongCode, "code secret est incorrect") || !strings.Contains(heard.Elsewhere, "(571)") {
		t.Errorf("refusals read %q and %q", heard.WrongCode, heard.Elsewhere)
	}
	if n := strings.Count(heard.PaymentCode, ";"); n != 5 {
		t.Errorf("payment code has %d semicolons", n)
	}
}

// checkEzlyOperations compares each operation with the wallet's own of the same id.
func checkEzlyOperations(t *testing.T, heard []ezlyOperation, held []izly.Operation) {
	t.Helper()
	byID := map[int64]izly.Operation{}
	for _, o := range held {
		byID[o.ID] = o
	}
	for _, got := range heard {
		want, ok := byID[got.ID]
		cents := max(want.Credit, want.Debit)
		if !ok || got.Amount != float64(cents)/100 || !got.Date.Equal(want.At.Truncate(time.Millisecond)) || got.IsCredit != (want.Direction == 1) {
			t.Errorf("operation %+v; the wallet holds %+v", got, want)
		}
	}
}

// runEzly runs ezly.mjs in Node and reads what it prints.
func runEzly(t *testing.T, base string, account izly.Account) (heard ezlyHeard) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "node", "ezly.mjs", base, account.Phone, account.SecretCode)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ezly.mjs: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &heard); err != nil {
		t.Fatalf("ezly.mjs printed no JSON: %v\n%s", err, out)
	}
	return heard
}

// botSim starts `bot sim` and gives the address on the first line that speaks of name. The program ends
// with the test.
func botSim(t *testing.T, bot, name string) string {
	t.Helper()
	out := &addressFinder{name: name, found: make(chan string, 1)}
	cmd := exec.CommandContext(t.Context(), bot, "sim")
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }() // an interrupted program may say so
	t.Cleanup(func() { <-ended })
	select {
	case address := <-out.found:
		return address
	case <-ended:
		t.Fatalf("bot sim ended without an address for %s", name)
		return ""
	}
}

var loopback = regexp.MustCompile(`http://(127\.0\.0\.1|localhost|\[::1\]):\d+`)

// addressFinder is the output of a program. It sends the loopback address of the first whole line that
// has one and speaks of name.
type addressFinder struct {
	name  string
	line  []byte
	found chan string
}

func (f *addressFinder) Write(p []byte) (int, error) {
	f.line = append(f.line, p...)
	for {
		line, rest, whole := bytes.Cut(f.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		f.line = rest
		address := loopback.Find(line)
		if address == nil || !bytes.Contains(bytes.ToLower(line), []byte(f.name)) {
			continue
		}
		select {
		case f.found <- string(address):
		default: // one is enough
		}
	}
}
