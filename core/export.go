package core

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/talk"
	"cartable/core/wallet"
	"cartable/core/watch"
)

// The file of /mesdonnees: everything that is stored for a person, but for what would open their accounts. Its names
// are part of what people keep; docs/my-data.md tells them, change both with care.
type (
	exportHead struct {
		Generated time.Time `json:"generated"`
		Language  string    `json:"language,omitempty"`
		Child     string    `json:"default_child,omitempty"` // the key of a pupil
		rights.ExportedPerson
	}
	exportAccount struct {
		rights.ExportedAccount
		School *family.Export `json:"school_account,omitempty"`
		Wallet *wallet.Export `json:"wallet_account,omitempty"`
		watch.Export
		Unreadable bool `json:"unreadable,omitempty"` // something is kept that cannot be read, and lacks here
	}
)

// export writes the file, one account after the other, so that it never stands in memory whole.
func (e *Engine) export(w io.Writer, who rights.Who) error {
	out := bufio.NewWriter(w)
	if err := e.exportTo(out, who); err != nil {
		return fmt.Errorf("core: export: %w", err)
	}
	return out.Flush()
}

func (e *Engine) exportTo(w io.Writer, who rights.Who) error {
	head, err := e.exportHead(who)
	if err != nil {
		return err
	}
	start, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s,\n  \"accounts\": [", start[:len(start)-len("\n}")]); err != nil {
		return err
	}
	for i, a := range e.Rights.Owned(who) {
		account, err := e.exportAccount(a)
		if err != nil {
			return err
		}
		body, err := json.MarshalIndent(account, "    ", "  ")
		if err != nil {
			return err
		}
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, "%s\n    %s", comma, body); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "\n  ]\n}\n")
	return err
}

// exportHead gathers what is kept of the person and of the chat.
func (e *Engine) exportHead(who rights.Who) (exportHead, error) {
	head := exportHead{Generated: e.cfg.Now().In(e.cfg.Location)}
	if err := e.cfg.Store.View(func(tx store.Tx) (err error) {
		if prefs, err := talk.PrefsOf(tx, who.Chat); err == nil { // what cannot be read cannot be told
			head.Language, head.Child = prefs.Lang, family.RefKey(prefs.Child)
		}
		head.ExportedPerson, err = e.Rights.ExportPerson(tx, who.Person)
		return err
	}); err != nil {
		return head, err
	}
	if !head.Admitted.IsZero() {
		head.Admitted = head.Admitted.In(e.cfg.Location)
	}
	return head, nil
}

// exportAccount gathers what the rooms keep of an account.
func (e *Engine) exportAccount(a rights.Account) (x exportAccount, err error) {
	err = e.cfg.Store.View(func(tx store.Tx) (err error) {
		x = exportAccount{}
		x.ExportedAccount, err = e.Rights.Export(tx, a.ID)
		switch {
		case store.Unreadable(err), errors.Is(err, rights.ErrNotYours): // what was read of it at the start is told
			x.ExportedAccount = rights.ExportedAccount{Kind: string(a.Kind), Label: a.Label, Linked: a.Since, Home: a.Home}
			x.Unreadable = true
		case err != nil:
			return err
		}
		zone := e.cfg.Location
		x.Linked = x.Linked.In(zone)
		for i := range x.ShownIn {
			x.ShownIn[i].Since = x.ShownIn[i].Since.In(zone)
		}
		if x.Export, err = e.Watch.Export(tx, a.ID); err != nil {
			return err
		}
		for i := range x.Alerts {
			x.Alerts[i].Since = x.Alerts[i].Since.In(zone)
		}
		for i := range x.Seen {
			x.Seen[i].At = x.Seen[i].At.In(zone)
		}
		if a.Kind == rights.School {
			school, err := e.Family.Export(tx, a.ID)
			x.School = &school
			return err
		}
		wallet, err := e.Wallet.Export(tx, a.ID)
		if wallet.Balance != nil {
			wallet.Balance.At = wallet.Balance.At.In(zone)
		}
		for i := range wallet.TopUps {
			wallet.TopUps[i].At = wallet.TopUps[i].At.In(zone)
		}
		x.Wallet = &wallet
		return err
	})
	return x, err
}
