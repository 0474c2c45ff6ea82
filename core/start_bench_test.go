package core_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/wallet"
	"cartable/core/watch"
	"cartable/vault"
)

// town is a vault of 10,000 linked accounts: two of three are schools.
func town(tb testing.TB) (path string, key vault.Key) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "vault.db")
	key, err := vault.NewKey(nil)
	if err != nil {
		tb.Fatal(err)
	}
	v, err := vault.Open(path, key)
	if err != nil {
		tb.Fatal(err)
	}
	defer v.Close()
	if err := store.Migrate(v, core.StepsName, core.Steps()); err != nil {
		tb.Fatal(err)
	}
	const accounts, portion = 10_000, 500
	for first := 0; first < accounts; first += portion {
		if err := v.Update(func(tx store.Tx) error {
			for n := first; n < first+portion; n++ {
				if err := settle(tx, n); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			tb.Fatal(err)
		}
	}
	return path, key
}

// settle writes one account.
func settle(tx store.Tx, n int) error {
	id, who := fmt.Sprintf("%032x", n), fmt.Sprint("person ", n/3)
	a := rights.Account{
		ID: id, Kind: rights.School, Name: "CITÉ SCOLAIRE", Label: "PRONOTE – CITÉ SCOLAIRE", Since: tuesday,
		Owner: chat.PersonID{Platform: "test", ID: who}, Home: chat.ChatID{Platform: "test", ID: who},
	}
	var err error
	if n%3 == 2 {
		a.Kind, a.Name = rights.Wallet, "Izly"
		err = wallet.Import(tx, id, izly.Account{Phone: fmt.Sprint(33600000000 + n), FirstName: "Camille"}, nil, "", wallet.ImportedOrders{})
	} else {
		profile := school.Profile{Name: "DUPONT", School: a.Name, FirstDay: tuesday, LastDay: tuesday.AddDate(0, 7, 0)}
		for child := range 2 {
			profile.Pupils = append(profile.Pupils, school.Pupil{Key: fmt.Sprint(n, child), Name: "DUPONT Léa", Class: "4B", Periods: make([]school.Period, 3)})
		}
		err = family.Import(tx, id, family.Imported{
			Provider: pronote.Provider{}, Profile: profile, Used: tuesday,
			Login: pronote.PasswordLogin(pronote.Credentials{
				Address: pronote.Address(fmt.Sprintf("https://%07d.example/pronote", n)), Space: pronote.SpaceParent,
				Username: who, Password: secret.New("x"),
			}),
		})
	}
	if err != nil {
		return err
	}
	if err := rights.PutAccount(tx, a); err != nil {
		return err
	}
	return watch.Import(tx, a, tuesday)
}

// BenchmarkStart opens the vault of a town and makes the rooms; "MiB" is what they hold then.
func BenchmarkStart(b *testing.B) {
	path, key := town(b)
	client, err := izly.New(izly.Config{})
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		v, err := vault.Open(path, key)
		if err != nil {
			b.Fatal(err)
		}
		opened := time.Now()
		engine, err := core.New(core.Config{Store: v, School: pronote.New(pronote.Config{}), Wallet: client})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(opened).Milliseconds()), "ms-rooms")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(engine)
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
