package main

import (
	"fmt"
	"runtime/debug"
)

// version is that of the newest section of CHANGELOG.md.
const version = "0.2.0"

type versionCmd struct{}

// Run prints the version, the commit where the build knows it, and the Go release.
func (versionCmd) Run(p *program) error {
	commit, release := "", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		release = info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = " (" + s.Value[:min(len(s.Value), 12)] + ")"
			}
		}
	}
	_, err := fmt.Fprintf(p.stdout, "cartable %s%s, %s\n", version, commit, release)
	return err
}
