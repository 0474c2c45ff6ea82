package vault

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	berrors "go.etcd.io/bbolt/errors"
)

// What Open, Convert and LoadOrCreateKeyFile refuse. Each text gives the cause and what to do, for the person who
// runs the bot; it is always wrapped with the operation, so match with errors.Is. None of these has
// changed or removed anything.
var (
	// ErrWrongKey: the file is a whole vault, and another key or passphrase made it.
	ErrWrongKey = errors.New("wrong key: it does not open this vault; " +
		"give the key or passphrase that the vault was made with")

	// ErrForeign: the file is not ours.
	ErrForeign = errors.New("not a vault; check the path")

	// ErrNewer: the file is ours, in a format that came after this version.
	ErrNewer = errors.New("a newer version of this program wrote the vault; run that one")

	// ErrNoRoom: the vault has to be converted, and the disk has no room for that.
	ErrNoRoom = errors.New("no room on the disk; the vault is as it was, and to convert it takes twice its size beside it")

	// ErrLocked: the file is open in another process (or a second time in this one).
	ErrLocked = errors.New("another process is using this vault; " +
		"stop it first, or give this one a data folder of its own")

	// ErrKeyMissing: the vault is there and its key file is not, so that a new key would be of no use.
	ErrKeyMissing = errors.New("the vault exists but its key file is missing, and a new key could not open it; " +
		"put the key file back, or move the vault away to start with an empty one")
)

// ErrDamaged says that bytes of the file are not what was written: cut off, overwritten, or moved from
// one record to another. From Open it concerns the whole file; from a transaction only the record that
// was asked for, and the others can still be read, written and deleted. Which record it was is not said:
// names are hidden.
var ErrDamaged error = damage("the vault is damaged: bytes were lost or changed since they were written; " +
	"keep a copy of the file and restore a backup, or link the account concerned again")

// ErrPages says that the file is damaged below the records, in what the engine finds them by: to write to it could
// destroy whole ones. It matches ErrDamaged too.
var ErrPages error = pagesDamage("the file of the vault is damaged, and to use it could destroy what is still whole; nothing was changed. " +
	"`bot doctor` tells what can still be read, and `bot restore` puts a backup back once the file is moved away")

// errBadCopy is ErrPages of what was to become a vault.
var errBadCopy error = pagesDamage("the copy is damaged or cut off, and is not taken; use another one, or make a new one")

type pagesDamage string

func (d pagesDamage) Error() string      { return string(d) }
func (pagesDamage) Is(target error) bool { return target == ErrDamaged }

// damage is how a caller that cannot name ErrDamaged tells a record that is lost from a store that fails.
type damage string

func (d damage) Error() string  { return string(d) }
func (damage) Unreadable() bool { return true }

// What only a mistake in the calling code can cause.
var (
	errEnded    = errors.New("vault: transaction used after its end")
	errReadOnly = errors.New("vault: write in a read-only transaction")
	errNoGroups = errors.New("vault: a vault of format 1 has no groups")
	errTooLarge = fmt.Errorf("vault: names are limited to %d bytes and values to %d", maxName, maxValue)
	errClosed   = errors.New("vault: closed")
)

// explain gives an error of the engine its meaning here. All others, above all those of the operating
// system, stay as they are.
func explain(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return errClosed
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch):
		return ErrForeign
	case errors.Is(err, berrors.ErrChecksum),
		errors.Is(err, berrors.ErrIncompatibleValue),                       // a bucket where a record should be, or the reverse
		err != nil && strings.Contains(err.Error(), "file size too small"): // it has no value for this one
		return ErrDamaged
	}
	return err
}

// guard calls into the engine. bbolt trusts the pages of its file: where they are damaged it panics or
// reads outside of the file, which would end the process. Here both become ErrDamaged. Callbacks of the
// user never run inside, so that their panics stay theirs.
func guard(call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w (%v)", ErrDamaged, p)
		}
	}()
	return explain(call())
}
