package vault

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// What is written beside a vault is a draft until it is whole: a vault, a copy, a key. Where the system can, a draft has no
// name, so that nothing is left of it when the process is killed. Elsewhere, and for the moment in which it replaces
// another file, it has one of these, and the next Open in that folder removes it.
const draftPrefix = ".vault-draft-"

var draftName = regexp.MustCompile("^" + regexp.QuoteMeta(draftPrefix) + "[0-9]+$")

// draft is a new file, for its owner only.
type draft struct {
	path    string   // to open it by; without a name of use to this process alone
	name    string   // in its folder, "" for none
	unnamed *os.File // keeps a draft without a name
	unlock  func()   // tells sweep that nobody is writing any more
}

// newDraft makes an empty draft in a folder.
func newDraft(dir string) (*draft, error) {
	d := &draft{unlock: lockFolder(dir)}
	if d.unnamed, d.path = openUnnamed(dir); d.unnamed != nil {
		return d, nil
	}
	if err := d.create(dir); err != nil {
		return nil, err
	}
	return d, nil
}

// newScratch makes a draft that is only used here, in the folder for temporary files where dir cannot be written to.
func newScratch(dir string) (*draft, error) {
	d, err := newDraft(dir)
	if err == nil {
		return d, nil
	}
	if d, other := newDraft(os.TempDir()); other == nil {
		return d, nil
	}
	return nil, err
}

// create makes a draft with a name.
func (d *draft) create(dir string) error {
	file, err := os.CreateTemp(dir, draftPrefix+"*") // mode 0600
	if err == nil {
		d.path, d.name = file.Name(), file.Name()
		err = file.Close() // Windows moves no file that is open
	}
	if err != nil {
		return errors.Join(err, d.close())
	}
	return nil
}

// close removes the draft, but for what it has become elsewhere.
func (d *draft) close() (err error) {
	defer d.unlock()
	if d.unnamed != nil {
		err = d.unnamed.Close()
	}
	if d.name != "" {
		if gone := os.Remove(d.name); !errors.Is(gone, fs.ErrNotExist) { // else it has moved
			err = errors.Join(err, gone)
		}
	}
	return err
}

// link makes it the file at path, where nothing may be.
func (d *draft) link(path string) error {
	if d.name == "" {
		return linkUnnamed(d.unnamed, path)
	}
	err := os.Link(d.name, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return claim(d.name, path) // a USB stick has no links
}

// giveName gives it a name in its folder, which a rename takes.
func (d *draft) giveName(dir string) error {
	for d.name == "" {
		name := filepath.Join(dir, draftPrefix+strconv.FormatUint(rand.Uint64(), 10))
		err := linkUnnamed(d.unnamed, name)
		if err == nil {
			d.name = name
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// install makes a new file at path of what write puts into a draft beside it, which write must sync and close.
// A crash leaves nothing at path or a whole file, and of two processes at once, one gets fs.ErrExist.
func install(path string, write func(draft string) error) error {
	return place(path, write, func(d *draft) error { return d.link(path) })
}

// replace does so where a file may be, with rename.
func replace(path string, write func(draft string) error, rename func(from, to string) error) error {
	return place(path, write, func(d *draft) error {
		if err := d.giveName(filepath.Dir(path)); err != nil {
			return err
		}
		return rename(d.name, path)
	})
}

// place lets write fill a draft beside path, and move bring it there, durably.
func place(path string, write func(draft string) error, move func(*draft) error) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	d, err := newDraft(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := write(d.path); err != nil {
		return err
	}
	if err := move(d); err != nil {
		return err
	}
	return syncDir(dir)
}

// claim moves a draft to a path where nothing is, on a file system without links. There a crash may leave an
// empty file at path.
func claim(draft, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path)) // it is ours
	}
	return nil
}

// staleDraft is the age at which a draft is nobody's any more where folders cannot be locked.
const staleDraft = time.Hour

// sweep removes the drafts of processes that were killed. What cannot be removed is left to the next time.
func sweep(dir string) {
	files, _ := os.ReadDir(dir) // as many as can be read
	files = slices.DeleteFunc(files, func(file fs.DirEntry) bool {
		return !draftName.MatchString(file.Name()) || !file.Type().IsRegular()
	})
	if len(files) == 0 {
		return
	}
	unlock, err := lockFolderAlone(dir)
	defer unlock()
	if errors.Is(err, errBusy) {
		return
	}
	for _, file := range files {
		info, gone := file.Info()
		if gone != nil || err != nil && time.Since(info.ModTime()) < staleDraft {
			continue
		}
		_ = os.Remove(filepath.Join(dir, file.Name()))
	}
}

// errBusy says that somebody writes a draft in a folder.
var errBusy = errors.New("vault: a draft is being written")
