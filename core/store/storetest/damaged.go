package storetest

import "cartable/core/store"

// Damageable is a store whose records can be damaged, as bytes of the file may be. What is written over or deleted
// is whole again.
type Damageable struct{ store.Store }

// Damage makes a record one that nobody can open, whether it was there or not.
func (d Damageable) Damage(bucket, group, name string) error {
	return d.Store.Update(func(tx store.Tx) error { return tx.Put(bucket, group, name, []byte(damage)) })
}

// damage stands for a record that cannot be opened.
const damage = "\x00storetest: damaged"

type damagedError struct{}

func (damagedError) Error() string    { return "storetest: the record is damaged" }
func (damagedError) Unreadable() bool { return true }

// View implements store.Store.
func (d Damageable) View(fn func(store.Tx) error) error {
	return d.Store.View(func(tx store.Tx) error { return fn(damageableTx{tx}) })
}

// Update implements store.Store.
func (d Damageable) Update(fn func(store.Tx) error) error {
	return d.Store.Update(func(tx store.Tx) error { return fn(damageableTx{tx}) })
}

type damageableTx struct{ store.Tx }

func (t damageableTx) Get(bucket, group, name string) ([]byte, error) {
	value, err := t.Tx.Get(bucket, group, name)
	if err == nil && string(value) == damage {
		return nil, damagedError{}
	}
	return value, err
}

func (t damageableTx) Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error) {
	lost := 0
	damaged, err = t.Tx.Scan(bucket, group, func(name string, value []byte) error {
		if string(value) == damage {
			lost++
			return nil
		}
		return fn(name, value)
	})
	return damaged + lost, err
}

func (t damageableTx) All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error) {
	lost := 0
	damaged, err = t.Tx.All(bucket, func(group, name string, value []byte) error {
		if string(value) == damage {
			lost++
			return nil
		}
		return fn(group, name, value)
	})
	return damaged + lost, err
}
