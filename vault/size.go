package vault

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// Size is how many bytes the file uses, and how many of them wait to be used again. A vault that only grows while
// nothing is free has more in it than before.
func (v *Vault) Size() (file, free int64, err error) {
	err = guard(func() error {
		return v.db.View(func(tx *bbolt.Tx) error {
			stats := v.db.Stats()
			file = tx.Size()
			if v.db.IsReadOnly() { // the engine has no list then
				free = v.free
				return nil
			}
			free = int64(stats.FreePageN+stats.PendingPageN) * int64(v.db.Info().PageSize)
			return nil
		})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("vault: size: %w", err)
	}
	return file, free, nil
}
