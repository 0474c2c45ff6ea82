// Package cryptostore keeps what the bot's device on Matrix must know again after a restart: its keys and sessions,
// what it knows of other devices and of rooms, how far it has read, and what it has handled. It knows no chats and
// says nothing.
//
// It needs the build tag goolm, as the adapter does. Without the tag there is only MarkCopied, for copies of a vault.
package cryptostore

import "cartable/core/store"

// mainBucket holds the bot's own records, keyCopied of them says that the vault is a copy.
const (
	mainBucket = "matrix"
	keyCopied  = "copied"
)

// MarkCopied marks a vault as a copy, for whoever makes or restores a backup: the next New on it
// forgets the device. It is also the way out where New fails because records of the device are damaged.
func MarkCopied(v store.Store) error {
	return v.Update(func(tx store.Tx) error { return tx.Put(mainBucket, "", keyCopied, nil) })
}
