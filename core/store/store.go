// Package store keeps typed records. THIS FILE STANDS IN for the real package, which comes from the branch vault
// with the same names.
package store

import "encoding/json"

type Tx = interface {
	Get(bucket, group, name string) ([]byte, error)
	Put(bucket, group, name string, value []byte) error
	Delete(bucket, group, name string) error
	DeleteGroup(bucket, group string) error
	Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error)
	All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error)
}

type Store interface {
	View(fn func(Tx) error) error
	Update(fn func(Tx) error) error
}

type Upgrade func(old json.RawMessage) (json.RawMessage, error)

type Table[T any] struct {
	Bucket   string
	Upgrades []Upgrade
}

func (t Table[T]) Get(tx Tx, group, name string) (record T, found bool, err error) { panic("later") }
func (t Table[T]) Put(tx Tx, group, name string, record T) error                   { panic("later") }
func (t Table[T]) Delete(tx Tx, group, name string) error                          { panic("later") }
func (t Table[T]) DeleteGroup(tx Tx, group string) error                           { panic("later") }
func (t Table[T]) DeleteIf(tx Tx, group string, match func(T) bool) error          { panic("later") }
func (t Table[T]) Each(tx Tx, group string, fn func(name string, record T) error) (skipped int, err error) {
	panic("later")
}
func (t Table[T]) All(tx Tx, fn func(group, name string, record T) error) (skipped int, err error) {
	panic("later")
}
