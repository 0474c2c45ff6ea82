package core

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"cartable/vault"
)

// Whatever comes at once, one step of a proposal is taken once: this is what keeps a double tap, a replay and
// a second process from spending twice.
func TestProposalMovesOnce(t *testing.T) {
	t.Parallel()
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	e := &Engine{cfg: Config{Store: v}}
	if err := v.Update(func(tx Tx) error {
		return proposals.put(tx, "p", proposal{ID: "p", State: topUpProposed})
	}); err != nil {
		t.Fatal(err)
	}
	var moves atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p, moved, err := e.move("p", topUpProposed, to(topUpPreparing))
			if err != nil || p.State != topUpPreparing {
				t.Errorf("%v, %v", p.State, err)
			}
			if moved {
				moves.Add(1)
			}
		})
	}
	wg.Wait()
	if n := moves.Load(); n != 1 {
		t.Errorf("moved %d times", n)
	}
	if _, moved, err := e.move("gone", topUpProposed, to(topUpPreparing)); moved || err != nil {
		t.Errorf("a proposal that is not there: %t, %v", moved, err)
	}
}
