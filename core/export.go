package core

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
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
		watch.Export
		Unreadable bool           `json:"unreadable,omitempty"` // something is kept that cannot be read, and lacks here
		Wallet     *wallet.Export `json:"wallet_account,omitempty"`
		School     *family.Export `json:"school_account,omitempty"` // the last one: its readings come after it
	}
)

// export writes the file, one account and one reading after the other, so that it never stands in memory whole.
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
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := io.WriteString(w, comma+"\n    "); err != nil {
			return err
		}
		if err := e.writeAccount(w, a.ID, account); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "\n  ]\n}\n")
	return err
}

// writeAccount writes one account, and what its school said at the end of it.
func (e *Engine) writeAccount(w io.Writer, id string, account exportAccount) error {
	body, err := json.MarshalIndent(account, "    ", "  ")
	if err != nil {
		return err
	}
	if account.School == nil {
		_, err = w.Write(body)
		return err
	}
	const end = "\n      }\n    }" // of the school account, and of the account
	body = body[:len(body)-len(end)]
	comma := ",\n        \"readings\": ["
	for r, err := range e.readings(id, *account.School) {
		if err != nil {
			return err
		}
		reading, err := json.MarshalIndent(r, "          ", "  ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s\n          %s", body, comma, reading); err != nil {
			return err
		}
		body, comma = nil, ","
	}
	if body == nil { // there were some
		body = []byte("\n        ]")
	}
	_, err = fmt.Fprintf(w, "%s%s", body, end)
	return err
}

// readings are what a school said, read one by one while others are written.
func (e *Engine) readings(id string, x family.Export) iter.Seq2[family.ExportReading, error] {
	return func(yield func(family.ExportReading, error) bool) {
		for _, name := range x.Readings {
			r, found, err := e.Family.ExportReading(id, name)
			if (found || err != nil) && !yield(r, err) {
				return
			}
		}
	}
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
