package storetest

import (
	"sync"
	"time"

	"cartable/core/store"
)

// Meter is a store that counts what is asked of it, so that a test can tell whether something goes through more
// records the more there are.
type Meter struct {
	store.Store

	mu    sync.Mutex
	usage Usage
}

// Usage is what was asked of a store.
type Usage struct {
	Read    int           // records, each time
	Written int           // and deleted; a group that is deleted is one
	Updates int           // that have ended
	Most    int           // records written by one of them, in its last run
	Longest time.Duration // of an Update, with the wait for others and for the disk
}

// Take gives what was counted since the last call.
func (m *Meter) Take() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.usage
	m.usage = Usage{}
	return u
}

// View implements store.Store.
func (m *Meter) View(fn func(store.Tx) error) error {
	return m.Store.View(func(tx store.Tx) error { return fn(meteredTx{tx, m, new(int)}) })
}

// Update implements store.Store.
func (m *Meter) Update(fn func(store.Tx) error) error {
	start := time.Now()
	var wrote int
	err := m.Store.Update(func(tx store.Tx) error {
		wrote = 0
		return fn(meteredTx{tx, m, &wrote})
	})
	took := time.Since(start)
	m.count(func(u *Usage) { u.Updates++; u.Most = max(u.Most, wrote); u.Longest = max(u.Longest, took) })
	return err
}

func (m *Meter) count(fn func(*Usage)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn(&m.usage)
}

type meteredTx struct {
	store.Tx
	m     *Meter
	wrote *int
}

func (t meteredTx) read() { t.m.count(func(u *Usage) { u.Read++ }) }

func (t meteredTx) written() {
	*t.wrote++
	t.m.count(func(u *Usage) { u.Written++ })
}

func (t meteredTx) Get(bucket, group, name string) ([]byte, error) {
	t.read()
	return t.Tx.Get(bucket, group, name)
}

func (t meteredTx) Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error) {
	return t.Tx.Scan(bucket, group, func(name string, value []byte) error {
		t.read()
		return fn(name, value)
	})
}

func (t meteredTx) All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error) {
	return t.Tx.All(bucket, func(group, name string, value []byte) error {
		t.read()
		return fn(group, name, value)
	})
}

func (t meteredTx) Put(bucket, group, name string, value []byte) error {
	t.written()
	return t.Tx.Put(bucket, group, name, value)
}

func (t meteredTx) Delete(bucket, group, name string) error {
	t.written()
	return t.Tx.Delete(bucket, group, name)
}

func (t meteredTx) DeleteGroup(bucket, group string) error {
	t.written()
	return t.Tx.DeleteGroup(bucket, group)
}
