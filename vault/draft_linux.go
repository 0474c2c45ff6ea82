package vault

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// openUnnamed makes a file without a name in a folder, which path opens again. It is nil where the file system has none,
// or /proc is not there.
func openUnnamed(dir string) (file *os.File, path string) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, ""
	}
	file, path = os.NewFile(uintptr(fd), dir), unnamedPath(fd)
	ours, err1 := file.Stat()
	there, err2 := os.Stat(path)
	if err1 != nil || err2 != nil || !os.SameFile(ours, there) {
		_ = file.Close() // nothing is in it
		return nil, ""
	}
	return file, path
}

func unnamedPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// linkUnnamed gives a file of openUnnamed a name that nothing has.
func linkUnnamed(file *os.File, path string) error {
	from := unnamedPath(int(file.Fd()))
	if err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.LinkError{Op: "link", Old: from, New: path, Err: err}
	}
	return nil
}

// lockFolder tells others that something is being written in a folder, as far as the file system can.
func lockFolder(dir string) (unlock func()) {
	unlock, _ = flockFolder(dir, unix.LOCK_SH)
	return unlock
}

// lockFolderAlone does so if nobody else does, else it fails with errBusy.
func lockFolderAlone(dir string) (unlock func(), err error) {
	return flockFolder(dir, unix.LOCK_EX)
}

func flockFolder(dir string, how int) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}, err
	}
	unlock = func() { _ = f.Close() } // only locked
	for {
		err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			err = errBusy
		}
		return unlock, err
	}
}
