package matrix

// Tx is one transaction of a Vault: an alias of the same unnamed type as store.Tx of the core, see there.
// All records here are in the group "".
type Tx = interface {
	Get(bucket, group, name string) ([]byte, error)
	Put(bucket, group, name string, value []byte) error
	Delete(bucket, group, name string) error
	DeleteGroup(bucket, group string) error
	Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error)
	All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error)
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
	return v.Update(func(tx Tx) error { return tx.Put(mainBucket, "", keyCopied, nil) })
}
