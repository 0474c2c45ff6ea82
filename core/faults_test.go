package core_test

import (
	"bytes"
	"errors"
	"sync"

	"cartable/core/store"
)

// flakyStore is a store that can be told to break: what a crash, a full disk or a bug of ours looks like.
type flakyStore struct {
	store.Store
	mu     sync.Mutex
	refuse []string // texts: writing a record that holds one of them fails
	panics bool     // every Update panics
}

func (f *flakyStore) wrap(s store.Store) store.Store {
	f.Store = s
	return f
}

// refusing makes the writing of records that hold one of the texts fail; without texts it works again.
func (f *flakyStore) refusing(texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = texts
}

func (f *flakyStore) panicking(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.panics = on
}

func (f *flakyStore) Update(fn func(store.Tx) error) error {
	f.mu.Lock()
	refuse, panics := f.refuse, f.panics
	f.mu.Unlock()
	if panics {
		panic("the store is upside down")
	}
	return f.Store.Update(func(tx store.Tx) error { return fn(flakyTx{tx, refuse}) })
}

type flakyTx struct {
	store.Tx
	refuse []string
}

func (t flakyTx) Put(bucket, group, name string, value []byte) error {
	for _, text := range t.refuse {
		if bytes.Contains(value, []byte(text)) {
			return errors.New("disk full")
		}
	}
	return t.Tx.Put(bucket, group, name, value)
}
