//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// diskFree is how many bytes may be written to the disk that has path, -1 if the system does not say.
func diskFree(path string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
