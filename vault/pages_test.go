package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// mixedVault is the closed file of a vault with pages of all kinds, free ones too, and its records.
func mixedVault(t *testing.T) (whole []byte, model map[spot]string) {
	t.Helper()
	v, path := newVault(t)
	rng := rand.New(rand.NewPCG(3, 4))
	model = map[spot]string{}
	for range 9 {
		must(t, v.Update(func(tx Tx) error {
			for range 40 {
				mutate(t, tx, rng, model)
			}
			for range 16 {
				at := spot{"large", fmt.Sprint("group", rng.IntN(9)), fmt.Sprint(rng.IntN(1000))}
				model[at] = "value"
				must(t, tx.Put(at.bucket, at.group, at.name, []byte("value")))
			}
			return nil
		}))
	}
	at := spot{"bucket0", "", "longer than a page"}
	model[at] = string(bytes.Repeat([]byte("x"), 3*os.Getpagesize()))
	must(t, v.Update(func(tx Tx) error { return tx.Put(at.bucket, at.group, at.name, []byte(model[at])) }))
	used := 0
	must(t, v.db.View(func(tx *bbolt.Tx) error { used = int(tx.Size()); return nil }))
	must(t, v.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	return whole[:used], model
}

// TestWalkAgreesWithTheEngine about what is in the pages.
func TestWalkAgreesWithTheEngine(t *testing.T) {
	whole, model := mixedVault(t)
	found, err := walkPages(bytes.NewReader(whole), int64(len(whole)))
	must(t, err)
	path := filepath.Join(t.TempDir(), "vault.db")
	must(t, os.WriteFile(path, whole, 0o600))
	v := mustOpen(t, path)
	want := map[string]int{}
	for at := range model {
		want[string(v.keys.bucketID(at.bucket))]++
	}
	maps.DeleteFunc(found.records, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(found.records, want) {
		t.Errorf("%d buckets, want %d", len(found.records), len(want))
	}
	if free := v.db.Stats().FreePageN; free == 0 || int(found.free) != free || found.loose != 0 || found.pageSize != int64(os.Getpagesize()) {
		t.Errorf("found %+v, and the engine %d free pages", found, free)
	}
	if last, err := lastTransaction(v.db); err != nil || last != found.txid {
		t.Errorf("the last transaction is %d, %v; found %d", last, err, found.txid)
	}
}

// TestDamagedPages changes one thing of a page after the other, in a vault whose values are all whole.
func TestDamagedPages(t *testing.T) {
	whole, _ := mixedVault(t)
	order, size := binary.NativeEndian, os.Getpagesize()
	m, err := readMeta(bytes.NewReader(whole), int64(len(whole)))
	must(t, err)
	page := func(b []byte, id uint64) []byte { return b[int(id)*size:][:size] }
	w := walker{file: bytes.NewReader(whole)}
	must(t, w.begin(int64(len(whole))))
	must(t, w.freelist())
	must(t, w.tree(branch{page: w.meta.root}, within{}))
	find := func(kind uint16, overflow bool) uint64 { // in use, not what an old transaction has left
		for id := uint64(2); id < m.pages; id++ {
			h := parsePageHeader(page(whole, id))
			if w.used.has(id) && h.id == id && h.kind == kind && h.count > 2 && (h.overflow > 0) == overflow {
				return id
			}
		}
		t.Fatalf("there is no page of kind %d", kind)
		return 0
	}
	branchID, leafID := find(branchPage, false), find(leafPage, false)
	list := m.freelist
	first := int(order.Uint64(page(whole, list)[pageHeaderSize:])) // a free page
	last := m.pages - 1                                            // of those in use
	for !w.used.has(last) || parsePageHeader(page(whole, last)).id != last {
		last--
	}
	keys := keysOf(t, whole)
	rootOf := func(b []byte, bucket string) (found [][]byte) { // its page, on each page that has it or had it
		id := keys.bucketID(bucket)
		for at := 0; ; {
			next := bytes.Index(b[at:], id)
			if next < 0 {
				return found
			}
			at += next + len(id)
			found = append(found, b[at:][:8])
		}
	}
	put16, put32, put64 := order.PutUint16, order.PutUint32, order.PutUint64
	for what, harm := range map[string]func(b []byte){
		"number":               func(b []byte) { put64(page(b, leafID), leafID+1) },
		"kind":                 func(b []byte) { put16(page(b, leafID)[8:], branchPage) },
		"no kind":              func(b []byte) { put16(page(b, leafID)[8:], 0) },
		"one entry less":       func(b []byte) { p := page(b, leafID); put16(p[10:], order.Uint16(p[10:])-1) },
		"no entries":           func(b []byte) { put16(page(b, leafID)[10:], 0) },
		"one entry more":       func(b []byte) { p := page(b, leafID); put16(p[10:], order.Uint16(p[10:])+1) },
		"longer":               func(b []byte) { put32(page(b, leafID)[12:], 1) },
		"far longer":           func(b []byte) { put32(page(b, leafID)[12:], 1<<31) },
		"position":             func(b []byte) { put32(page(b, leafID)[pageHeaderSize+4:], 17) },
		"empty key":            func(b []byte) { put32(page(b, leafID)[pageHeaderSize+8:], 0) },
		"long value":           func(b []byte) { put32(page(b, leafID)[pageHeaderSize+12:], 1<<30) },
		"entry kind":           func(b []byte) { put32(page(b, leafID)[pageHeaderSize:], 2) },
		"value as bucket":      func(b []byte) { page(b, leafID)[pageHeaderSize] ^= 1 }, // or the reverse
		"branch: count":        func(b []byte) { put16(page(b, branchID)[10:], 0) },
		"branch: out of range": func(b []byte) { put64(page(b, branchID)[pageHeaderSize+8:], m.pages) },
		"branch: head":         func(b []byte) { put64(page(b, branchID)[pageHeaderSize+8:], 1) },
		"branch: circle":       func(b []byte) { put64(page(b, branchID)[pageHeaderSize+8:], branchID) },
		"branch: free page":    func(b []byte) { put64(page(b, branchID)[pageHeaderSize+8:], uint64(first)) },
		"branch: twice": func(b []byte) {
			p := page(b, branchID)[pageHeaderSize+8:]
			put64(p, order.Uint64(p[elementSize:]))
		},
		"branch: swapped": func(b []byte) {
			p := page(b, branchID)[pageHeaderSize+8:]
			one, two := order.Uint64(p), order.Uint64(p[elementSize:])
			put64(p, two)
			put64(p[elementSize:], one)
		},
		"last, longer": func(b []byte) { put32(page(b, last)[12:], 1<<31) },
		"bucket: another's page": func(b []byte) {
			for _, root := range rootOf(b, "large") {
				for _, other := range rootOf(whole, "bucket0") {
					if w.used.has(order.Uint64(other)) {
						copy(root, other)
					}
				}
			}
		},
		"bucket: as a small one": func(b []byte) {
			for _, root := range rootOf(b, "large") {
				clear(root)
			}
		},
		"bucket: as a value": func(b []byte) {
			for id := range m.pages {
				p := page(b, id)
				for at := pageHeaderSize; at < pageHeaderSize+4*elementSize && order.Uint16(p[8:]) == leafPage; at += elementSize {
					if order.Uint32(p[at:]) == bucketEntry {
						put32(p[at:], 0)
					}
				}
			}
		},
		"list: kind":        func(b []byte) { put16(page(b, list)[8:], leafPage) },
		"list: number":      func(b []byte) { put64(page(b, list), list+1) },
		"list: more":        func(b []byte) { p := page(b, list); put16(p[10:], order.Uint16(p[10:])+1) },
		"list: far more":    func(b []byte) { put16(page(b, list)[10:], manyFree-1) },
		"list: without end": func(b []byte) { put16(page(b, list)[10:], manyFree) },
		"list: longer":      func(b []byte) { put32(page(b, list)[12:], uint32(m.pages)) },
		"list: page in use": func(b []byte) { put64(page(b, list)[pageHeaderSize:], leafID) },
		"list: itself":      func(b []byte) { put64(page(b, list)[pageHeaderSize:], list) },
		"list: a head":      func(b []byte) { put64(page(b, list)[pageHeaderSize:], 0) },
		"list: beyond":      func(b []byte) { put64(page(b, list)[pageHeaderSize:], m.pages) },
		"list: twice":       func(b []byte) { p := page(b, list)[pageHeaderSize:]; put64(p, order.Uint64(p[8:])) },
		"keys out of order": func(b []byte) {
			p := page(b, leafID)
			at := pageHeaderSize + int(order.Uint32(p[pageHeaderSize+4:]))
			p[at] = 0xff
			if bytes.Equal(p, page(whole, leafID)) {
				p[at] = 0
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			broken := bytes.Clone(whole)
			harm(broken)
			path := filepath.Join(t.TempDir(), "vault.db")
			must(t, os.WriteFile(path, broken, 0o600))
			_, err := Open(path, testKey(t, 1))
			if !errors.Is(err, ErrPages) || !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, broken) {
				t.Errorf("the file was changed, %v", err)
			}
			expectOnly(t, filepath.Dir(path), "vault.db")
		})
	}
}

// keysOf opens a vault for its keys.
func keysOf(t *testing.T, file []byte) *keyring {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.db")
	must(t, os.WriteFile(path, file, 0o600))
	return mustOpen(t, path).keys
}

// TestFlippedBits flips one bit of a vault. What opens then can be written to, and loses nothing by that: at most the
// record with the bit cannot be opened, or a loss is told. VAULT_ALL_FLIPS=1 takes a bit of every byte, which is some minutes.
func TestFlippedBits(t *testing.T) {
	whole, model := mixedVault(t)
	rng := rand.New(rand.NewPCG(5, 6))
	f := flips{t: t, whole: whole, model: model, path: filepath.Join(t.TempDir(), "vault.db"), key: testKey(t, 1)}
	if os.Getenv("VAULT_ALL_FLIPS") != "" {
		for at := range whole {
			f.try(at, byte(1)<<rng.IntN(8))
		}
	} else {
		const heads = 32 // bytes of a page that are likely to be of the engine
		for range 300 {
			f.try(rng.IntN(len(whole)/os.Getpagesize())*os.Getpagesize()+rng.IntN(heads), byte(1)<<rng.IntN(8))
		}
		for range 150 {
			f.try(rng.IntN(len(whole)), byte(1)<<rng.IntN(8))
		}
	}
	t.Logf("of those refused: %d are rescued whole, %d in part, %d not", f.rescued, f.partly, f.lost)
	t.Logf("%d refused, %d lose their record, %d tell of a loss, %d go back by a transaction, %d have everything", f.refused, f.damaged, f.told, f.older, f.untouched)
	if f.rescued == 0 || f.partly == 0 || f.refused == 0 || f.damaged == 0 || f.untouched == 0 {
		t.Error("the damage is not of all kinds")
	}
}

type flips struct {
	t     *testing.T
	whole []byte
	model map[spot]string
	path  string
	key   Key

	refused, damaged, told, older, untouched int
	rescued, partly, lost                    int // of the refused ones
}

func (f *flips) try(at int, bit byte) {
	f.t.Helper()
	broken := bytes.Clone(f.whole)
	broken[at] ^= bit
	must(f.t, os.WriteFile(f.path, broken, 0o600))
	fail := func(what string, args ...any) {
		f.t.Helper()
		f.t.Errorf("bit %#x of byte %d of page %d: %s", bit, at%os.Getpagesize(), at/os.Getpagesize(), fmt.Sprintf(what, args...))
	}
	v, err := Open(f.path, f.key)
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrNewer) {
			fail("%v", err)
		}
		f.refused++
		if errors.Is(err, ErrPages) {
			f.rescue(fail)
		}
		return
	}
	defer func() { must(f.t, v.Close()) }()
	v.db.NoSync = true
	before, _, err := readable(v)
	if err != nil {
		fail("read: %v", err)
	}
	for at, value := range before {
		if f.model[at] != value {
			fail("%v has %d bytes, not %d", at, len(value), len(f.model[at]))
		}
	}
	inHead := at%os.Getpagesize() >= pageHeaderSize && at%os.Getpagesize() < pageHeaderSize+metaSize && at < 2*os.Getpagesize()
	if v.LastChangeLost() != inHead {
		fail("the last change is told to be lost: %t", !inHead)
	}
	switch lost := len(f.model) - len(before); {
	case v.LastChangeLost():
		f.older++
	case len(v.Losses()) > 0 && lost > 1: // the name of a bucket: nothing else is found by it
		f.told++
	case lost > 1 || lost < 0:
		fail("%d records are lost", lost)
	case lost == 1:
		f.damaged++
	default:
		f.untouched++
	}
	for i := range 8 { // so that free pages are used
		must(f.t, v.Update(func(tx Tx) error {
			return errors.Join(tx.Put("new", "", fmt.Sprint(i), make([]byte, 2000)), tx.Put("large", "new", fmt.Sprint(i), nil))
		}))
	}
	after, _, err := readable(v)
	if err != nil || len(after) != len(before)+16 {
		fail("after writing: %d records of %d, %v", len(after), len(before)+16, err)
	}
	for at, value := range before {
		if after[at] != value {
			fail("%v was destroyed by writing", at)
		}
	}
	file, err := os.ReadFile(f.path)
	must(f.t, err)
	if _, err := walkPages(bytes.NewReader(file), int64(len(file))); err != nil {
		fail("after writing: %v", err)
	}
}

// rescue wants that nothing is missing without a word.
func (f *flips) rescue(fail func(what string, args ...any)) {
	f.t.Helper()
	v, damaged, err := OpenRescued(f.path, f.key)
	if errors.Is(err, ErrDamaged) {
		f.lost++
		return
	}
	must(f.t, err)
	defer func() { must(f.t, v.Close()) }()
	found, broken, err := readable(v)
	must(f.t, err)
	if len(damaged) == 0 {
		fail("rescued without damage")
	}
	for at, value := range found {
		if f.model[at] != value {
			fail("%v is rescued with %d bytes, not %d", at, len(value), len(f.model[at]))
		}
	}
	switch {
	case len(found) == len(f.model):
		f.rescued++
	case len(v.Losses()) == 0 && broken == 0:
		fail("%d of %d records are rescued, and no loss is told", len(found), len(f.model))
	default:
		f.partly++
	}
}

// readable is what can be opened of a vault, and how many records cannot.
func readable(v *Vault) (found map[spot]string, damaged int, err error) {
	found = map[spot]string{}
	report, err := v.Verify(func(bucket, group, name string, value []byte) error {
		found[spot{bucket, group, name}] = string(value)
		return nil
	})
	for _, b := range report.Buckets {
		damaged += b.Damaged
	}
	return found, damaged, err
}

// FuzzWalkPages never panics, and ends, whatever the pages are.
func FuzzWalkPages(f *testing.F) {
	f.Add([]byte("hello"), 0)
	f.Add([]byte{0, 0, 0, 1}, 4096*3)
	f.Fuzz(func(t *testing.T, harm []byte, at int) {
		_, whole := filledVault(t)
		for i := range harm {
			whole[(max(at, -at-1)+i)%len(whole)] ^= harm[i]
		}
		_, _ = walkPages(bytes.NewReader(whole), int64(len(whole)))
		_ = walkDamaged(bytes.NewReader(whole), int64(len(whole)), func(_ [][]byte, _ []byte, value func() ([]byte, error)) error {
			_, _ = value()
			return nil
		}, func(*PageDamage) {})
	})
}

// BenchmarkOpen is of vaults of 10 and of 600 MB. B/op is the anonymous memory that it takes: the file itself is read
// into the page cache.
func BenchmarkOpen(b *testing.B) {
	for _, megabytes := range []int{10, 600} {
		b.Run(fmt.Sprint(megabytes, "MB"), func(b *testing.B) {
			path := largeVault(b, int64(megabytes)*1_000_000)
			b.ReportAllocs()
			for b.Loop() {
				v, err := Open(path, testKey(b, 1))
				must(b, err)
				if losses := v.Losses(); len(losses) > 0 {
					b.Fatal(losses)
				}
				must(b, v.Close())
			}
		})
	}
}

// largeVault is the closed file of a vault of records of 300 bytes, which are all the same.
func largeVault(b *testing.B, size int64) (path string) {
	b.Helper()
	v, path := newVault(b)
	v.db.NoSync = true
	bucketID, sealed := v.keys.bucketID("b"), v.keys.seal(record{value: make([]byte, 200)})
	rng := rand.New(rand.NewPCG(1, 2))
	for file := int64(0); file < size; {
		must(b, v.Update(func(tx Tx) error {
			for range 10_000 {
				id := make([]byte, groupSize+32)
				for i := 0; i < len(id); i += 8 {
					binary.NativeEndian.PutUint64(id[i:], rng.Uint64())
				}
				must(b, tx.(*transaction).write("put", write{"b", bucketID, id, sealed}))
			}
			return nil
		}))
		file, _, _ = v.Size() // ends the loop one way or the other
	}
	must(b, v.db.Sync())
	must(b, v.Close())
	return path
}
