package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

// oldData is a data folder of version 0.1.
func oldData(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	for from, to := range map[string]string{"0.1.db": "vault.db", "0.1.key": "vault.key"} {
		content, err := os.ReadFile(filepath.Join("../../core/testdata/vaults", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, to), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

// expectVault opens a vault by the key of its folder and wants this format, the records of version 0.1, and a mark
// if it is a copy.
func expectVault(t *testing.T, data, file string, format int, copied bool) {
	t.Helper()
	key, err := config{data: data}.vaultKey(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(data, file), key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if v.Format() != format {
		t.Errorf("%s has format %d, want %d", file, v.Format(), format)
	}
	accounts, mark := 0, []byte(nil)
	if err := v.View(func(tx vault.Tx) (err error) {
		if mark, err = tx.Get("matrix", "", "copied"); err != nil {
			return err
		}
		for _, bucket := range []string{"links", "accounts"} { // before and after
			if _, err := tx.All(bucket, func(string, string, []byte) error { accounts++; return nil }); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if accounts != 6 || (mark != nil) != copied {
		t.Errorf("%s has %d accounts, marked as a copy: %t", file, accounts, mark != nil)
	}
}

// elsewhere are settings under which the accounts of the old vault reach nobody.
var elsewhere = []string{
	"CARTABLE_IZLY_SOAP_URL=http://127.0.0.1:1/", "CARTABLE_IZLY_REST_URL=http://127.0.0.1:1/", "CARTABLE_IZLY_SITE_URL=http://127.0.0.1:1/",
}

func TestTheChatConvertsAnOldVault(t *testing.T) {
	data := oldData(t)
	chat := func() (out, log string, err error) {
		var stdout, stderr bytes.Buffer
		err = run(t.Context(), []string{"chat"}, append(elsewhere, "CARTABLE_DATA="+data), strings.NewReader("/aide\n"), &stdout, &stderr)
		return stdout.String(), stderr.String(), err
	}
	out, log, err := chat()
	if err != nil || !strings.Contains(out, "/connexion") || !strings.Contains(log, "new file format") || !strings.Contains(log, "vault-0.1.db") {
		t.Errorf("%q, %q, %v", out, log, err)
	}
	expectVault(t, data, "vault.db", vault.NewestFormat, false)
	expectVault(t, data, "vault-0.1.db", 1, true)
	if out, log, err := chat(); err != nil || !strings.Contains(out, "/connexion") || strings.Contains(log, "format") {
		t.Errorf("once more: %q, %q, %v", out, log, err)
	}
}

func TestTheBotConvertsAnOldVault(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be asked to stop here")
	}
	tg := simtelegram.Start(t, simtelegram.Config{})
	data := oldData(t)
	bot := startBot(t, append(elsewhere, "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0", "CARTABLE_TELEGRAM_TOKEN="+tg.Token(), "CARTABLE_TELEGRAM_API="+tg.URL, "CARTABLE_DATA="+data)...)
	bot.stop()
	if !strings.Contains(bot.log.String(), "new file format") {
		t.Errorf("the log says nothing:\n%s", bot.log)
	}
	expectVault(t, data, "vault.db", vault.NewestFormat, false)
	expectVault(t, data, "vault-0.1.db", 1, true)
}

// TestAConversionOverwritesNothing where a vault was kept before, as after an old backup was put back.
func TestAConversionOverwritesNothing(t *testing.T) {
	data := oldData(t)
	kept := filepath.Join(data, "vault-0.1.db")
	if err := os.WriteFile(kept, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"chat"}, append(elsewhere, "CARTABLE_DATA="+data), strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "vault-0.1.db is there already; move it away first") {
		t.Errorf("got %v", err)
	}
	expectVault(t, data, "vault.db", 1, false)
	if content, err := os.ReadFile(kept); err != nil || string(content) != "precious" {
		t.Errorf("the kept file has %q, %v", content, err)
	}
}

// TestCommandsLeaveTheFormatAlone backs up, restores and rekeys vaults of both formats.
func TestCommandsLeaveTheFormatAlone(t *testing.T) {
	for format := 1; format <= vault.NewestFormat; format++ {
		data := oldData(t)
		command := func(args ...string) {
			t.Helper()
			if err := run(t.Context(), args, append(elsewhere, "CARTABLE_DATA="+data), strings.NewReader(""), io.Discard, io.Discard); err != nil {
				t.Fatalf("%s: %v", args, err)
			}
		}
		if format > 1 {
			command("chat")
		}
		file := filepath.Join(t.TempDir(), "copy.db")
		command("rekey")
		expectVault(t, data, "vault.db", format, false)
		command("backup", file)
		if err := os.Remove(filepath.Join(data, "vault.db")); err != nil {
			t.Fatal(err)
		}
		command("restore", file)
		expectVault(t, data, "vault.db", format, true)
		if _, err := os.Stat(filepath.Join(data, "vault-0.1.db")); (err == nil) != (format > 1) {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
