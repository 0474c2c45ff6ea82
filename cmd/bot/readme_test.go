package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme compares the settings that README.md speaks of with those that there are.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`CARTABLE_[A-Z_]+`).FindAllString(string(text), -1)
	var known []string
	for i := range settings {
		s := &settings[i]
		known = append(known, s.variables()...)
		for _, name := range s.variables() {
			if !slices.Contains(named, name) {
				t.Errorf("README.md does not explain %s", name)
			}
		}
	}
	for _, name := range named {
		if !slices.Contains(known, name) {
			t.Errorf("README.md names %s, which is no setting", name)
		}
	}
}

func TestChangelogHasThisVersion(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, newest, _ := strings.Cut(string(text), "\n## ")
	if got := strings.Fields(newest)[0]; got != version {
		t.Errorf("the newest section is about %s, this is %s", got, version)
	}
}
