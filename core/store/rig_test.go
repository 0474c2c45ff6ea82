package store_test

import (
	"path/filepath"
	"testing"

	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

var (
	_ store.Store = (*vault.Vault)(nil)
	_ store.Store = (*storetest.Faulty)(nil)
)

// newStore is a real vault whose records can be damaged. Each Update runs twice, for the tables and migrations must
// stand that.
func newStore(t testing.TB) storetest.Damageable {
	t.Helper()
	return storetest.Damageable{Store: storetest.Twice(newVault(t))}
}

func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	key, err := vault.NewKey(nil)
	must(t, err)
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raw puts bytes where a table keeps records.
func raw(t testing.TB, s store.Store, bucket, group, name, value string) {
	t.Helper()
	must(t, s.Update(func(tx store.Tx) error { return tx.Put(bucket, group, name, []byte(value)) }))
}
