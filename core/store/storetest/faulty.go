package storetest

import (
	"errors"
	"sync"

	"cartable/core/store"
)

// ErrFault is what a Faulty store fails with, as a full disk would.
var ErrFault = errors.New("storetest: failed on purpose")

// Faulty is a store that can be told to fail, once. A test that wants each write of a scenario to fail counts up
// until the scenario ends and Failed says no. It counts every run of a closure, so it does not go before Twice.
type Faulty struct {
	store.Store

	mu      sync.Mutex
	writes  int // until one fails; 0: none
	commits int
	failed  bool
}

// FailWrite makes the n-th write from now on fail, and the Update that it is in, whatever the closure makes of that.
func (f *Faulty) FailWrite(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes, f.failed = n, false
}

// FailCommit makes the n-th Update from now on fail that ends without an error.
func (f *Faulty) FailCommit(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits, f.failed = n, false
}

// Failed tells whether what was asked for last has happened.
func (f *Faulty) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// Update implements store.Store.
func (f *Faulty) Update(fn func(store.Tx) error) error {
	return f.Store.Update(func(tx store.Tx) error {
		t := &faultyTx{Tx: tx, f: f}
		err := fn(t)
		switch {
		case err != nil:
			return err
		case t.failed || f.due(&f.commits):
			return ErrFault
		}
		return nil
	})
}

// due counts one down and tells whether it is the one that fails.
func (f *Faulty) due(left *int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *left == 0 {
		return false
	}
	*left--
	f.failed = f.failed || *left == 0
	return *left == 0
}

type faultyTx struct {
	store.Tx
	f      *Faulty
	failed bool
}

func (t *faultyTx) write(do func() error) error {
	if t.f.due(&t.f.writes) {
		t.failed = true
		return ErrFault
	}
	return do()
}

func (t *faultyTx) Put(bucket, group, name string, value []byte) error {
	return t.write(func() error { return t.Tx.Put(bucket, group, name, value) })
}

func (t *faultyTx) Delete(bucket, group, name string) error {
	return t.write(func() error { return t.Tx.Delete(bucket, group, name) })
}

func (t *faultyTx) DeleteGroup(bucket, group string) error {
	return t.write(func() error { return t.Tx.DeleteGroup(bucket, group) })
}
