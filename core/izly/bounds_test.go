//go:build linux

package izly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"

	"cartable/core/izly"
	"cartable/core/memtest"
	sim "cartable/sim/izly"
)

// step is one call to a hostile service, in the words of the process that makes it.
type step struct {
	URL     string
	Account izly.Account
	Method  string
}

func TestMain(m *testing.M) { memtest.Main(m, prepareStep) }

func prepareStep(task json.RawMessage) (func() error, error) {
	var s step
	if err := json.Unmarshal(task, &s); err != nil {
		return nil, err
	}
	client, err := izly.New(izly.Config{SOAPURL: s.URL + "/Service.asmx", RESTURL: s.URL + "/Service/PublicService.svc/rest", SiteURL: s.URL})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	w := client.Open(s.Account, func(_ context.Context, a izly.Account) error {
		_, err := json.Marshal(a) // what is stored of an answer counts too
		return err
	})
	run := map[string]func() error{
		"Logon":           func() error { return w.Renew(ctx, code) },
		"GetStatement":    func() error { _, err := w.Statement(ctx); return err },
		"MoneyInCbCbList": func() error { _, err := w.Cards(ctx); return err },
		"MoneyInCb":       func() error { _, err := w.PrepareTopUp(ctx, card, 10_00); return err },
		"IsSessionValid":  func() error { _, err := w.Balance(ctx); return err },
	}[s.Method]
	if s.Method == "MoneyInCbConfirm" {
		prepared, err := w.PrepareTopUp(ctx, card, 10_00)
		return func() error { _, err := w.ConfirmTopUp(ctx, prepared, code); return err }, err
	}
	_, err = w.Cards(ctx) // so that what is measured is not the first connection
	return run, err
}

// sizes are as much as an answer may hold, what fits although its markup is written as entities, and far more.
func sizes(method string, filling sim.Filling) []int {
	all := []int{izly.AnswerBytes(method) - 32<<10}
	switch {
	case filling == sim.FillText, filling == sim.FillCookies, filling == sim.FillPage:
		all = append(all, 16<<20)
	case method == "GetStatement":
		all = append(all, 24<<10, 48<<10, izly.AnswerBytes(method)/2)
	}
	return all
}

// TestHostileAnswersCostLittle lets the service answer every call as badly as it can, over real connections, and
// measures the process that asks.
func TestHostileAnswersCostLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a hundred large answers")
	}
	process := memtest.Start(t)
	most := int64(0)
	for _, method := range sim.Methods {
		for _, filling := range sim.Fillings {
			for _, size := range sizes(method, filling) {
				server, _, kept := enrolled(t, sim.Config{}, izly.Config{})
				web := httptest.NewServer(server)
				if method == "IsSessionValid" {
					server.Omit("UP") // where nobody else tells the balance, REST is asked
				}
				task := step{URL: web.URL, Account: kept.account(t), Method: method}
				peak, err := process.Run(task, func() {
					server.Attack(sim.Attack{Method: method, Filling: filling, Size: size})
				})
				web.Close()
				what := fmt.Sprintf("%s with %d KiB of %s", method, size>>10, filling)
				t.Logf("%5.1f MiB  %s: %v", float64(peak)/(1<<20), what, err)
				if peak > memtest.Allowed {
					t.Errorf("%s takes %d MiB", what, peak>>20)
				}
				most = max(most, peak)
			}
		}
	}
	t.Logf("at most %.1f MiB above idle", float64(most)/(1<<20))
}
