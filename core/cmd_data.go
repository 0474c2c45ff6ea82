package core

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/pronote"
)

// privacy is /confidentialite: what is stored, why, and how it is protected.
func privacy(_ context.Context, t *turn, _ string) (Reply, error) {
	r := t.plain("privacy.text", "mydata", t.cmd("mesdonnees"), "unlink", t.cmd("deconnexion"))
	r.Title = t.p.T("privacy.title")
	return r, nil
}

// The file of /mesdonnees: everything that is stored for a person, but for what would open their accounts.
// Its names are part of what people keep; change them with care.
type (
	exportFile struct {
		Generated time.Time       `json:"generated"`
		Language  string          `json:"language,omitempty"`
		Child     string          `json:"default_child,omitempty"` // its Key
		Admitted  time.Time       `json:"admitted,omitzero"`       // when an invitation let the person in
		Accounts  []exportAccount `json:"accounts"`
	}
	exportAccount struct {
		Kind     string           `json:"kind"` // "pronote" or "izly"
		Linked   time.Time        `json:"linked"`
		Address  pronote.Address  `json:"address,omitempty"`
		Username string           `json:"username,omitempty"`
		School   *pronote.Account `json:"school,omitempty"`
		Phone    string           `json:"phone,omitempty"`
		Holder   string           `json:"holder,omitempty"`
		Balance  *exportBalance   `json:"balance,omitempty"`
		Secrets  []string         `json:"secrets_kept_encrypted"` // their names only
		ShownIn  int              `json:"shown_in_groups"`
		Readings []exportReading  `json:"readings,omitempty"`
		TopUps   []exportTopUp    `json:"topups,omitempty"`
	}
	exportBalance struct {
		At   time.Time  `json:"at"`
		Main izly.Cents `json:"main_cents"`
		Cash izly.Cents `json:"cash_cents"`
	}
	exportReading struct {
		Fetched time.Time       `json:"fetched"`
		Data    json.RawMessage `json:"data"`
	}
	exportTopUp struct {
		At     time.Time     `json:"at"`
		Cents  izly.Cents    `json:"cents"`
		Card   string        `json:"card"`
		Status proposalState `json:"status"`
	}
)

// myData is /mesdonnees: a file with all that is stored for the person.
func myData(_ context.Context, t *turn, _ string) (Reply, error) {
	zone, mine := t.e.cfg.Location, t.provenOwned()
	file := exportFile{Generated: t.e.now(), Language: t.settings.Lang, Child: t.settings.Child, Accounts: []exportAccount{}}
	err := t.e.cfg.Store.View(func(tx Tx) error {
		admission, _, err := admissions.get(tx, personKey(t.msg.Person))
		if err != nil {
			return err
		}
		if admission.Admitted {
			file.Admitted = admission.Since.In(zone)
		}
		for _, l := range mine {
			account, err := exportLink(tx, l, zone)
			if err != nil {
				return err
			}
			file.Accounts = append(file.Accounts, account)
		}
		return nil
	})
	if err != nil {
		return Reply{}, err
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return Reply{}, err
	}
	r := t.plain("mydata.text", "unlink", t.cmd("deconnexion"))
	if len(mine) == 0 {
		r = t.plain("mydata.no_account")
	}
	r.File = &File{Name: "cartable.json", Type: "application/json", Open: chat.Bytes(append(data, '\n'))}
	return r, nil
}

// exportLink gathers what is stored of one account, with its times in the school's zone.
func exportLink(tx Tx, l link, zone *time.Location) (exportAccount, error) {
	x := exportAccount{Linked: l.Created.In(zone)}
	switch {
	case l.School != nil:
		x.Kind, x.Address, x.School = "pronote", l.School.Address, &l.School.Account
		x.Username = l.School.Username.Reveal()
		x.Secrets = []string{"password or token", "session"}
	case l.Wallet != nil:
		account := l.Wallet.Account
		x.Kind, x.Phone = "izly", account.Phone
		if b := account.Balance; b != nil {
			x.Balance = &exportBalance{b.At.In(zone), b.Main, b.Cash}
		}
		x.Holder = joinParts([]string{account.FirstName + " " + account.LastName})
		x.Secrets = []string{"one-time password key", "session"}
		if l.Wallet.Code != nil {
			x.Secrets = append(x.Secrets, "secret code")
		}
	}
	if err := showings.each(tx, func(_ string, s showing) error {
		if s.Link == l.ID {
			x.ShownIn++
		}
		return nil
	}); err != nil {
		return x, err
	}
	if err := snapshots.each(tx, func(_ string, s snapshot) error {
		if s.Link == l.ID {
			x.Readings = append(x.Readings, exportReading{s.Fetched.In(zone), s.Data})
		}
		return nil
	}); err != nil {
		return x, err
	}
	err := proposals.each(tx, func(_ string, p proposal) error {
		if p.Link == l.ID {
			x.TopUps = append(x.TopUps, exportTopUp{p.Created.In(zone), p.Amount, p.Card, p.State})
		}
		return nil
	})
	slices.SortFunc(x.Readings, func(a, b exportReading) int { return a.Fetched.Compare(b.Fetched) })
	slices.SortFunc(x.TopUps, func(a, b exportTopUp) int { return a.At.Compare(b.At) })
	return x, err
}
