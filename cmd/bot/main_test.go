package main

import (
	"fmt"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"bot": main}) }

// TestScripts runs the program as people do; each file of testdata/script tells one story.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(cond string) (bool, error) {
			if cond != "goolm" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return matrixInside, nil
		},
	})
}
