package core_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// file is the one that came with the last answer.
func (c *phone) file() *chat.File {
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
	if data := content(t, c.file()); !bytes.Contains(data, []byte(`"language": "fr"`)) || bytes.Contains(data, []byte("admitted")) {
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
		r.clock.Advance(time.Minute)
	}
	c.Say("/mesdonnees")
	var data struct {
		Accounts []struct {
			Linked string `json:"linked"`
			Wallet struct {
				TopUps []struct {
					At    string `json:"at"`
					Cents int    `json:"cents"`
				} `json:"topups"`
			} `json:"wallet_account"`
		}
	}
	if err := json.Unmarshal(content(t, c.file()), &data); err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, topUp := range data.Accounts[0].Wallet.TopUps {
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
	store.Store
	lock    sync.RWMutex
	reading func() // is called as the records of a person are read
	writing func() // is called before an Update waits
}

func (s *lockingStore) View(fn func(store.Tx) error) error {
	s.lock.RLock()
	defer s.lock.RUnlock()
	return s.Store.View(func(tx store.Tx) error { return fn(watchedTx{tx, s.reading}) })
}

func (s *lockingStore) Update(fn func(store.Tx) error) error {
	s.writing()
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.Store.Update(fn)
}

type watchedTx struct {
	store.Tx
	reading func()
}

func (t watchedTx) Get(bucket, group, name string) ([]byte, error) {
	if bucket == "people" {
		t.reading()
	}
	return t.Tx.Get(bucket, group, name)
}

// Whoever reads from the store waits for no account, which may be waiting to be stored.
func TestMyDataWhileAnAccountIsStored(t *testing.T) {
	locking := &lockingStore{reading: func() {}, writing: func() {}}
	r := newRig(t, rigOptions{store: func(s store.Store) store.Store {
		locking.Store = s
		return locking
	}})
	c := r.chat("anna")
	c.linkParent()
	opened := r.chat("anna")
	opened.id.ID = "opened later"
	var moving, moved sync.WaitGroup
	moving.Add(1)
	locking.writing = sync.OnceFunc(moving.Done)
	locking.reading = func() {
		moved.Go(func() { opened.Say("/aide") }) // takes the account there
		moving.Wait()
	}
	answered := make(chan string)
	go func() {
		answer := c.Say("/mesdonnees")
		content(t, c.file())
		answered <- answer
	}()
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
	c.Press("Payer")
	c.wants(c.Say("/mesdonnees"), "tout ce qui est gardé")
	file := c.file()
	data := content(t, file)
	var parsed map[string]any
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ROUSSEL Léa", "MARTIN P.", wallet.Phone, `"cents": 2000`, `"main_cents": 3234`, `"status": "done"`, "secret code", `"default_child"`} {
		if !bytes.Contains(data, []byte(part)) {
			t.Errorf("no %q in the file", part)
		}
	}
	for _, hidden := range []string{r.school.Accounts()[0].Password, wallet.SecretCode, "access_token", "hotp"} {
		if bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(hidden))) {
			t.Errorf("a secret of %d characters is in the file", len(hidden))
		}
	}
}
