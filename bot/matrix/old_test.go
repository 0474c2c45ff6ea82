//go:build goolm

package matrix

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"cartable/bot/matrix/cryptostore"
	"cartable/vault"
)

// TestAnOldVaultIsRead opens what version 0.1 wrote, converted. Its README says what is in it.
func TestAnOldVaultIsRead(t *testing.T) {
	const folder = "../../core/testdata/vaults/"
	key := value[vault.Key](t)(vault.ParseKey(string(value[[]byte](t)(os.ReadFile(folder + "0.1.key")))))
	path := filepath.Join(t.TempDir(), "vault.db")
	noError(t, os.WriteFile(path, value[[]byte](t)(os.ReadFile(folder+"0.1.db")), 0o600))
	lost := value[int](t)(vault.Convert(path, key, path+".old", func(v *vault.Vault) error { return cryptostore.MarkCopied(v) }))
	equal(t, lost, 0)

	v := value[*vault.Vault](t)(vault.Open(path, key))
	defer v.Close()
	s := value[*cryptostore.Store](t)(openStore(v, nil))
	rooms, rest := newRooms(v, slog.New(slog.DiscardHandler)), newInbox(v, s)
	record, found, err := rooms.get(direct)
	noError(t, err)
	equal(t, found && record.Direct && record.Person == ana, true)
	rows, lost, err := rest.load()
	noError(t, err)
	equal(t, lost, 0)
	equal(t, len(rows), 1)
	events, lost, err := rest.waiting()
	noError(t, err)
	equal(t, lost, 0)
	equal(t, len(events), 1)
}
