// Package store keeps records of one type each in buckets of a store: with versions, so that a new program reads
// what an old one wrote, with migrations, and so that one record that cannot be read stands in nobody's way. It
// knows nothing of what a record means.
package store

// Tx is one transaction of a Store. It is an alias of an unnamed type, so that whoever keeps the records can
// declare the same one and fit, without an import in either direction. A Tx is dead once its closure has returned.
//
// A record has a name within a group of its bucket; "" will do for either.
type Tx = interface {
	// Get returns nil when there is no such record. The slice is the caller's. An error with a method Unreadable
	// that says so concerns this record alone; any other is that of the store.
	Get(bucket, group, name string) ([]byte, error)
	Put(bucket, group, name string, value []byte) error
	// Delete is no error when there is no such record.
	Delete(bucket, group, name string) error
	// DeleteGroup removes every record of a group, unreadable ones too.
	DeleteGroup(bucket, group string) error
	// Scan visits the records of a group in any order, and takes as long as the group is large. fn sees the group
	// as it was at the call and may write; its first error ends the scan and is returned. Damaged records are left
	// out and counted; any other error is that of the store.
	Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error)
	// All is Scan for the whole bucket: for what happens at a start or by the hour, never for a message.
	All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error)
}

// Store keeps records, sealed and durable. Both methods block on the disk; an Update has reached it when it returns
// nil, and has changed nothing when it returns an error. An Update may run its closure more than once, and only the
// last run counts: the closure must have no effect besides its transaction, and must set anew whatever it hands out.
// Updates may be committed together: the closure must not wait for a goroutine that may itself be in an Update, as for
// a lock that is held around one.
type Store interface {
	View(fn func(Tx) error) error
	Update(fn func(Tx) error) error
}
