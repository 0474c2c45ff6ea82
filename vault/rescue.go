package vault

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// mostDamage is how many damaged pages are told.
const mostDamage = 100

// Rescue writes what can still be found in a vault that Open refuses with ErrPages to a new file at to, which opens with the
// same key; the vault itself is only read. It returns the damaged pages, at most 100 of them. What was on those is missing
// in the new file, whose Losses tell of that. The errors are those of Copy and OpenReadOnly: with ErrDamaged, nothing is
// left that a vault needs.
func Rescue(path, to string) (damaged []PageDamage, err error) {
	err = toNew(to, func(draft string) error {
		damaged, err = rescue(path, draft)
		return err
	})
	if err != nil {
		return damaged, fmt.Errorf("vault: rescue %s: %w", path, err)
	}
	return damaged, nil
}

// OpenRescued opens, to be read, what Rescue would write. Until it is closed it takes its size of the folder of the
// vault, or of that for temporary files.
func OpenRescued(path string, key Key) (v *Vault, damaged []PageDamage, err error) {
	d, err := newScratch(filepath.Dir(path))
	if err != nil {
		return nil, nil, fmt.Errorf("vault: open rescued: %w", err)
	}
	if damaged, err = rescue(path, d.path); err == nil {
		v, err = openReadOnly(d.path, key)
	}
	if err != nil {
		return nil, damaged, fmt.Errorf("vault: open rescued: %w", errors.Join(err, d.close()))
	}
	v.scratch = d
	return v, damaged, nil
}

// rescue fills an empty file.
func rescue(path, to string) (damaged []PageDamage, err error) {
	from, file, err := openEngineFile(path, bbolt.Options{ReadOnly: true}) // for its lock; it looks at no pages
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(to, 0o600, &bbolt.Options{Timeout: lockTimeout, NoSync: true}) // nobody needs half of it
	if err != nil {
		return nil, err
	}
	w := copier{to: db}
	err = walkDamaged(file, info.Size(), w.put, func(d *PageDamage) {
		if len(damaged) < mostDamage {
			damaged = append(damaged, *d)
		}
	})
	if err == nil {
		err = w.flush()
	}
	if err := errors.Join(aboutHead(err), db.Close()); err != nil {
		return damaged, err
	}
	if err := trim(to); err != nil {
		return damaged, err
	}
	if err := probe(to); err != nil {
		return damaged, fmt.Errorf("%w (what all records are found by is lost)", ErrDamaged)
	}
	return damaged, nil
}

// aboutHead says of the one damage that ends a walk what it means.
func aboutHead(err error) error {
	if damage, ok := errors.AsType[*PageDamage](err); ok {
		return fmt.Errorf("%w (%w)", ErrDamaged, damage)
	}
	return err
}

// copier writes values many at once.
type copier struct {
	to      *bbolt.DB
	waiting []value
	size    int
}

type value struct {
	path    [][]byte
	key     []byte
	content []byte
}

func (c *copier) put(path [][]byte, key []byte, content func() ([]byte, error)) error {
	b, err := content()
	if err != nil {
		return err
	}
	v := value{key: bytes.Clone(key), content: bytes.Clone(b)}
	for _, name := range path {
		v.path = append(v.path, bytes.Clone(name))
	}
	c.waiting = append(c.waiting, v)
	if c.size += len(b); c.size < rewriteSize && len(c.waiting) < rewriteCount {
		return nil
	}
	return c.flush()
}

func (c *copier) flush() error {
	err := c.to.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(recordsBucket); err != nil {
			return err
		}
		for _, v := range c.waiting {
			if err := v.write(tx); err != nil && !errors.Is(err, berrors.ErrIncompatibleValue) { // damage has made a name of it that is taken
				return err
			}
		}
		return nil
	})
	c.waiting, c.size = c.waiting[:0], 0
	return err
}

func (v value) write(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists(v.path[0]) // there are no values at the top
	for _, name := range v.path[1:] {
		if err == nil {
			b, err = b.CreateBucketIfNotExists(name)
		}
	}
	if err == nil {
		err = b.Put(v.key, v.content)
	}
	return err
}
