// Package homeserver runs a real Matrix homeserver, Dendrite, on loopback for the length of a test.
package homeserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

const module = "github.com/element-hq/dendrite/cmd/dendrite"

// program builds the version that e2e/dendrite/go.mod pins and gives its path. The first time takes a
// minute or two; Go sees to it that it is not built again.
var program = sync.OnceValues(func() (string, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return "", fmt.Errorf("homeserver: no source beside which e2e/dendrite lies")
	}
	root := filepath.Dir(filepath.Dir(here))
	path := filepath.Join(root, "bin", "dendrite")
	build := exec.Command("go", "build", "-o", path, module)
	build.Dir = filepath.Join(root, "dendrite")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("homeserver: build dendrite: %w\n%s", err, out)
	}
	return path, nil
})
