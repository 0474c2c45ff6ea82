package core

import (
	"path/filepath"
	"testing"
	"time"

	"cartable/vault"
)

// A question for a secret in private and a command in a group that is answered there run at the same time; neither
// forgets what the other noted of the chat.
func TestSettingsOfTwoTurns(t *testing.T) {
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	e := &Engine{cfg: Config{Store: v}}
	chat := Message{Chat: ChatID{Platform: "test", ID: "anna"}}
	until := time.Now().Add(time.Minute)
	first, second := &turn{e: e, msg: chat}, &turn{e: e, msg: chat}
	for _, err := range []error{
		first.changeSettings(func(s *chatSettings) { s.SecretUntil = until }),
		second.changeSettings(func(s *chatSettings) { s.Child = "hugo" }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := v.View(func(tx Tx) error {
		s, _, err := settings.get(tx, chatKey(chat.Chat))
		if !s.SecretUntil.Equal(until) || s.Child != "hugo" {
			t.Errorf("kept: %+v", s)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
