package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/bbolt"

	"cartable/vault"
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
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"record": scriptRecord, "harm": scriptHarm, "status": scriptStatus},
	})
}

// scriptRecord puts a record into the vault in data: TABLE GROUP NAME VALUE.
func scriptRecord(ts *testscript.TestScript, _ bool, args []string) {
	v, _, err := config{data: ts.MkAbs("data")}.openVault(slog.New(slog.DiscardHandler))
	ts.Check(err)
	ts.Check(v.Update(func(tx vault.Tx) error { return tx.Put(args[0], args[1], args[2], []byte(args[3])) }))
	ts.Check(v.Close())
}

// scriptHarm harms the vault in data: see harm.
func scriptHarm(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(harm(ts.MkAbs("data/vault.db"), args[0], n))
}

// harm does to a vault what a disk may do: "overwrite" changes bytes of a record of the table that has n, "lose" takes
// one of them away, "pages" takes from the page of free pages what it is.
func harm(path, how string, n int) error {
	if how == "pages" {
		return harmPages(path)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	records := []byte("records")
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(records).ForEachBucket(func(id []byte) error {
			table := tx.Bucket(records).Bucket(id)
			if table.Stats().KeyN != n {
				return nil
			}
			name, value := table.Cursor().First()
			if how == "lose" {
				return table.Delete(name)
			}
			value = bytes.Clone(value)
			value[len(value)-1] ^= 1
			return table.Put(name, value)
		})
	})
	return errors.Join(err, db.Close())
}

// harmPages takes the kind of the page with the list of free pages away.
func harmPages(path string) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for at := 0; at+16 < len(file); at += os.Getpagesize() {
		if kind := file[at+8:][:2]; binary.NativeEndian.Uint16(kind) == 0x10 { // older ones too
			clear(kind)
		}
	}
	return os.WriteFile(path, file, 0o600)
}

// scriptStatus runs the program and wants this exit status: N ARGS. It prints what the program prints.
func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("bot", args[1:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}
