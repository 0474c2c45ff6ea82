package matrix

// Tx is one transaction of a Vault: an alias of the same unnamed type as core.Tx, see there.
type Tx = interface {
	Get(bucket, key string) ([]byte, error)
	Put(bucket, key string, value []byte) error
	Delete(bucket, key string) error
	Each(bucket string, fn func(key string, value []byte) error) error
}

// Vault keeps the adapter's records, sealed and durable. Both methods block on the disk; an Update has
// reached it when it returns nil, and has changed nothing when it returns an error.
type Vault interface {
	View(fn func(Tx) error) error
	Update(fn func(Tx) error) error
}

// mainBucket holds the bot's own records, keyCopied of them says that the vault is a copy.
const (
	mainBucket = "matrix"
	keyCopied  = "copied"
)

// MarkCopied marks a vault as a copy, for whoever makes or restores a backup: the next NewStore on it
// forgets the device. It is also the way out where NewStore fails because records of the device are damaged.
func MarkCopied(v Vault) error {
	return v.Update(func(tx Tx) error { return tx.Put(mainBucket, keyCopied, nil) })
}
