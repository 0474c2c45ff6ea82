package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/vault"
)

// oldFacts are those of testdata/vaults/0.1.json that tests compare.
type oldFacts struct {
	Now     time.Time      `json:"now"`
	Records map[string]int `json:"records"`
	Orders  []struct {
		State string `json:"state"`
	} `json:"orders"`
	Matrix, Telegram struct {
		Records map[string]int `json:"records"`
	}
}

func readOldFacts(t *testing.T) (f oldFacts) {
	t.Helper()
	data, err := os.ReadFile("testdata/vaults/0.1.json")
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// oldVault is a copy of the vault of version 0.1, and its key.
func oldVault(t *testing.T) (path string, key vault.Key) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vault.db")
	content, err := os.ReadFile("testdata/vaults/0.1.db")
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/vaults/0.1.key")
	if err == nil {
		key, err = vault.ParseKey(string(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, key
}

// convert brings an old vault to the newest format.
func convert(t *testing.T, path string, key vault.Key) {
	t.Helper()
	if lost, err := vault.Convert(path, key, path+".old", func(*vault.Vault) error { return nil }); err != nil || lost != 0 {
		t.Fatalf("%d records lost, %v", lost, err)
	}
}

// on starts the rig's bot on another vault, half a minute after the last that happened there. Its school cannot be
// reached.
func (r *rig) on(path string, key vault.Key, at time.Time) {
	r.t.Helper()
	r.close()
	client := pronote.NewHTTPClient(true)
	client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network")
	}}
	r.path, r.key = path, key
	r.clients.School = pronote.New(pronote.Config{HTTPClient: client, Now: r.clock.Now, Location: paris})
	r.clients.Access = &core.Access{Invitations: rights.NewInvitations([]byte(strings.Repeat("k", 32)))}
	r.clock.Set(at.Add(30 * time.Second))
	r.open()
}

// oldConversation is what the people of the old vault are told, by who asks what.
func oldConversation(p *platform) map[string]string {
	said := make(map[string]string)
	for _, tt := range []struct {
		seat     seat
		commands []string
	}{
		{p.private("claire"), []string{"/edt Léa", "/edt Hugo", "/edt", "/notes Léa", "/notes Hugo", "/devoirs Léa", "/devoirs", "/mesdonnees", "/aide", "/enfant"}},
		{p.private("hugo"), []string{"/edt", "/notes", "/mesdonnees", "/deconnexion"}},
		{p.private("lea"), []string{"/edt", "/mesdonnees"}},
		{p.private("noel"), []string{"/solde", "/mesdonnees"}},
		{p.private("nora"), []string{"/mesdonnees", "hors sujet"}},
		{p.private("samir"), []string{"/start"}},
		{p.group("Famille", "bob"), []string{"/edt", "/notes", "/devoirs"}},
		{p.group("Classe", "bob"), []string{"/timetable Léa", "/grades", "/help"}},
		{p.group("Classe", "claire"), []string{"/disconnect"}},
	} {
		for _, command := range tt.commands {
			answer := ""
			for where, text := range tt.seat.sayAll(command) {
				answer += where.ID + ":\n" + text
			}
			replies := p.replies[tt.seat.chat]
			if command == "/mesdonnees" && len(replies) > 1 && replies[len(replies)-2].File != nil {
				answer += string(content(p.t, replies[len(replies)-2].File))
			}
			said[tt.seat.chat.ID+" "+tt.seat.person.ID+" "+command] = inOrder(answer)
		}
	}
	return said
}

// inOrder sorts the lines of an answer: records come in any order.
func inOrder(answer string) string {
	lines := strings.Split(strings.ReplaceAll(answer, ",\n", "\n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestAnOldVaultIsReadAsBefore(t *testing.T) {
	facts := readOldFacts(t)
	path, key := oldVault(t)
	convert(t, path, key)
	r := newRig(t, rigOptions{})
	r.on(path, key, facts.Now)
	p := r.platform()
	after := oldConversation(p)
	has(t, p.private("claire").say("/recharger 20"), "Je cherche encore") // for one of two
	has(t, after["claire claire /edt Léa"], "Léa – aujourd'hui, mardi 17 novembre", "08:00–09:00")
	has(t, after["claire claire /edt"], "Hugo – aujourd'hui, mardi")
	has(t, after["claire claire /notes Léa"], "Moyenne générale")
	has(t, after["claire claire /devoirs"], "Hugo – devoirs")
	has(t, after["hugo hugo /edt"], "Hugo – aujourd'hui, mardi")
	has(t, after["hugo hugo /deconnexion"], "ROUSSEL Hugo", "Izly")
	has(t, after["lea lea /edt"], "PRONOTE")
	has(t, after["noel noel /solde"], "bloqu")
	has(t, after["nora nora /mesdonnees"], `"admitted": "2026-11-17T08:03:00+01:00"`)
	has(t, after["samir samir /start"], "code d'invitation")
	has(t, after["group Famille bob /notes"], "Moyenne générale")
	has(t, after["group Classe bob /timetable Léa"], "Tuesday")
	lacks(t, after["group Classe bob /grades"], "Average")
	data := after["claire claire /mesdonnees"]
	has(t, data, "Mme ROUSSEL Claire", `"secret code"`, `"main_cents": 8834`)
	for _, order := range facts.Orders {
		state := order.State
		switch state { // what a crash left is settled at the start
		case "preparing":
			state = "failed"
		case "confirming":
			state = "unknown"
		}
		has(t, data, `"status": "`+state+`"`)
	}
	if n := strings.Count(data, `"cents"`); n != len(facts.Orders) {
		t.Errorf("%d orders of %d", n, len(facts.Orders))
	}
}

// TestAConvertedVaultHasEveryRecord of the old one, the adapters' too.
func TestAConvertedVaultHasEveryRecord(t *testing.T) {
	facts := readOldFacts(t)
	path, key := oldVault(t)
	convert(t, path, key)
	for _, file := range []string{path, path + ".old"} {
		v, err := vault.Open(file, key)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if err := v.View(func(tx store.Tx) error {
			for _, counts := range []map[string]int{facts.Records, facts.Matrix.Records, facts.Telegram.Records} {
				for bucket, want := range counts {
					n := 0
					damaged, err := tx.Scan(bucket, "", func(string, []byte) error { n++; return nil })
					if err != nil || damaged != 0 || n != want {
						t.Errorf("%s: %d records of %d, %d damaged, %v", bucket, n, want, damaged, err)
					}
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestOldRecordsThatCannotBeRead stay where they are, and no wallet sends while an order is among them until its
// owner says to have looked.
func TestOldRecordsThatCannotBeRead(t *testing.T) {
	facts := readOldFacts(t)
	for name, spoil := range map[string]func(tx store.Tx) error{
		"none":           func(store.Tx) error { return nil },
		"an order":       func(tx store.Tx) error { return tx.Put("proposals", "", "x", []byte("garbage")) },
		"an empty order": func(tx store.Tx) error { return tx.Put("proposals", "", "x", []byte("{}")) },
		"at the file": func(tx store.Tx) error {
			return tx.Put(vault.LostBucket, "", vault.LostName, []byte(`1 {"records":1}`))
		},
		"an account":      func(tx store.Tx) error { return tx.Put("links", "", "x", []byte("{}")) },
		"what was shown":  func(tx store.Tx) error { return tx.Put("showings", "", "x", []byte("{}")) },
		"an account type": func(tx store.Tx) error { return tx.Put("links", "", "x", []byte(`{"id":"x","owner":{"ID":"y"}}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			path, key := oldVault(t)
			convert(t, path, key)
			v, err := vault.Open(path, key)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(v.Update(spoil), v.Close()); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, rigOptions{})
			r.on(path, key, facts.Now)
			noel := r.platform().private("noel")
			locked := strings.Contains(noel.say("/recharger 20"), "J'ai regardé dans Izly")
			if want := strings.Contains(name, "order") || name == "at the file"; locked != want {
				t.Errorf("locked %t", locked)
			}
			if err := r.vault.View(func(tx store.Tx) error {
				for _, bucket := range []string{"proposals", "links", "showings"} {
					left := 0
					if _, err := tx.All(bucket, func(string, string, []byte) error { left++; return nil }); err != nil {
						return err
					}
					if want := map[string]string{"an order": "proposals", "an empty order": "proposals", "an account": "links", "what was shown": "showings", "an account type": "links"}[name]; (left == 1) != (bucket == want) {
						t.Errorf("%d records are left in %s", left, bucket)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
