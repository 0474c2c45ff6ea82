package core_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core"
)

// file is the one that came with the last answer.
func (c *chat) file() *core.File {
	c.t.Helper()
	for _, reply := range c.replies {
		if reply.File != nil {
			return reply.File
		}
	}
	c.t.Fatal("no file came")
	return nil
}

func TestMyDataWithoutAccounts(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("anna")
	c.Say("/langue fr")
	c.wants(c.Say("/mesdonnees"), "Aucun compte n'est relié.", "la langue choisie")
	if data := c.file().Data; !bytes.Contains(data, []byte(`"language": "fr"`)) || bytes.Contains(data, []byte("admitted")) {
		t.Errorf("the file holds %s", data)
	}
}

// TestMyDataIsInOrder has top-ups by time, and every time in the school's zone whatever the clock's.
func TestMyDataIsInOrder(t *testing.T) {
	r := newRig(t, rigOptions{at: tuesday.UTC()})
	c := r.chat("anna")
	c.linkWallet(true)
	for _, amount := range []string{"20", "30", "15", "25"} {
		c.Say("/recharger " + amount)
		c.Press("Annuler")
		r.clock.advance(time.Minute)
	}
	c.Say("/mesdonnees")
	var data struct {
		Accounts []struct {
			Linked string
			TopUps []struct {
				At    string
				Cents int
			}
		}
	}
	if err := json.Unmarshal(c.file().Data, &data); err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, topUp := range data.Accounts[0].TopUps {
		order = append(order, topUp.Cents)
		if !strings.HasSuffix(topUp.At, "+01:00") {
			t.Errorf("a top-up at %s", topUp.At)
		}
	}
	if want := []int{2000, 3000, 1500, 2500}; !slices.Equal(order, want) || !strings.HasSuffix(data.Accounts[0].Linked, "+01:00") {
		t.Errorf("top-ups %v in an account linked at %s, want %v", order, data.Accounts[0].Linked, want)
	}
}

// lockingStore has a writer wait for the readers, and readers for the writer, as a store may.
type lockingStore struct {
	core.Store
	lock    sync.RWMutex
	reading func() // is called as the records of a person are read
	writing func() // is called before an Update waits
}

func (s *lockingStore) View(fn func(core.Tx) error) error {
	s.lock.RLock()
	defer s.lock.RUnlock()
	return s.Store.View(func(tx core.Tx) error { return fn(watchedTx{tx, s.reading}) })
}

func (s *lockingStore) Update(fn func(core.Tx) error) error {
	s.writing()
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.Store.Update(fn)
}

type watchedTx struct {
	core.Tx
	reading func()
}

func (t watchedTx) Get(bucket, group, name string) ([]byte, error) {
	if bucket == "admissions" {
		t.reading()
	}
	return t.Tx.Get(bucket, group, name)
}

// Whoever reads from the store waits for no account, which may be waiting to be stored.
func TestMyDataWhileAnAccountIsStored(t *testing.T) {
	store := &lockingStore{reading: func() {}, writing: func() {}}
	r := newRig(t, rigOptions{store: func(s core.Store) core.Store {
		store.Store = s
		return store
	}})
	c := r.chat("anna")
	c.linkParent()
	opened := r.chat("anna")
	opened.id.ID = "opened later"
	var moving, moved sync.WaitGroup
	moving.Add(1)
	store.writing = sync.OnceFunc(moving.Done)
	store.reading = func() {
		moved.Go(func() { opened.Say("/aide") }) // takes the account there
		moving.Wait()
	}
	answered := make(chan string)
	go func() { answered <- c.Say("/mesdonnees") }()
	select {
	case answer := <-answered:
		c.wants(answer, "tout ce qui est gardé")
	case <-time.After(20 * time.Second):
		t.Fatal("the file and the account wait for each other")
	}
	moved.Wait()
}

func TestMyDataHoldsEverythingButSecrets(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("anna")
	c.linkParent()
	wallet := c.linkWallet(true)
	c.Say("/edt")
	c.Say("/enfant hugo")
	c.Say("/recharger 20")
	c.Press("Confirmer")
	c.wants(c.Say("/mesdonnees"), "tout ce qui est gardé")
	file := c.file()
	var data map[string]any
	if err := json.Unmarshal(file.Data, &data); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ROUSSEL Léa", "MARTIN P.", wallet.Phone, `"cents": 2000`, `"main_cents": 3234`, `"status": "done"`, "secret code", `"default_child"`} {
		if !bytes.Contains(file.Data, []byte(part)) {
			t.Errorf("no %q in the file", part)
		}
	}
	for _, hidden := range []string{r.school.Accounts()[0].Password, wallet.SecretCode, "access_token", "hotp"} {
		if bytes.Contains(bytes.ToLower(file.Data), bytes.ToLower([]byte(hidden))) {
			t.Errorf("a secret of %d characters is in the file", len(hidden))
		}
	}
}
