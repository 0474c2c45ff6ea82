// Package homeserver runs a real Matrix homeserver, Dendrite, on loopback for the length of a test.
package homeserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

const module = "github.com/element-hq/dendrite/cmd/dendrite"

// program builds the version that e2e/dendrite/go.mod pins and gives its path. The first time takes a
// minute or two; Go sees to it that it is not built again.
var program = sync.OnceValues(func() (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("homeserver: no source beside which e2e/dendrite lies")
	}
	root := filepath.Dir(filepath.Dir(here))
	path := filepath.Join(root, "bin", "dendrite")
	unlock, err := lock(path + ".lock")
	if err != nil {
		return "", fmt.Errorf("homeserver: %w", err)
	}
	defer unlock()
	build := exec.Command("go", "build", "-o", path, module)
	build.Dir = filepath.Join(root, "dendrite")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("homeserver: build dendrite: %w\n%s", err, out)
	}
	return path, nil
})

// lock waits until no other test binary builds: go test runs several at once.
func lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
