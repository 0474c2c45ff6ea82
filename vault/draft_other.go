//go:build !linux

package vault

import (
	"errors"
	"os"
)

// openUnnamed is nil: there are no files without a name here.
func openUnnamed(string) (file *os.File, path string) { return nil, "" }

func linkUnnamed(*os.File, string) error { return errors.ErrUnsupported }

func lockFolder(string) (unlock func()) { return func() {} }

// lockFolderAlone leaves it to the age of a draft whether somebody writes it.
func lockFolderAlone(string) (unlock func(), err error) { return func() {}, errors.ErrUnsupported }
