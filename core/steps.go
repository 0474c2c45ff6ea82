package core

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/linking"
	"cartable/core/outbox"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/talk"
	"cartable/core/wallet"
	"cartable/core/watch"
)

// StepsName names the list of steps in the store.
const StepsName = "core"

// Steps are the changes of what is stored since version 0.1, in order. The list only grows at its end.
func Steps() []store.Step {
	return []store.Step{
		{Name: "one record of an account for each room", Do: splitLinks},
	}
}

// Pending tells how many steps a store has had, and how many it has not. Its errors are those of store.Pending.
func Pending(s store.Store) (had, pending int, err error) {
	pending, err = store.Pending(s, StepsName, Steps())
	return len(Steps()) - pending, pending, err
}

// The records of version 0.1, as they were written then. These types never change.
type (
	oldLink struct {
		ID      string         `json:"id"`
		Chat    chat.ChatID    `json:"chat"`
		Owner   chat.PersonID  `json:"owner"`
		Created time.Time      `json:"created"`
		School  *oldSchoolLink `json:"school"`
		Wallet  *oldWalletLink `json:"wallet"`
	}
	oldSchoolLink struct {
		Address  string          `json:"address"`
		Space    string          `json:"space"`
		Username secret.Stored   `json:"username"`
		Password secret.Stored   `json:"password"`
		Token    *pronote.Token  `json:"token"`
		Previous *pronote.Token  `json:"previous"`
		Account  oldProfile      `json:"account"`
		Login    time.Time       `json:"login"`
		State    json.RawMessage `json:"state"`
		Used     time.Time       `json:"used"`
		Stopped  string          `json:"stopped"`
	}
	oldProfile struct {
		Name, School, Version, Space string
		FirstDay, LastDay            time.Time
		Holidays                     []school.Holiday
		Children                     []oldChild
	}
	oldChild struct {
		Key, Name, Class, School string
		Periods                  []school.Period
		Current                  int
	}
	oldWalletLink struct {
		Account izly.Account   `json:"account"`
		Code    *secret.Stored `json:"code"`
		Stopped string         `json:"stopped"`
	}
	oldOrder struct {
		ID        string        `json:"id"`
		Link      string        `json:"link"`
		Chat      chat.ChatID   `json:"chat"`
		Owner     chat.PersonID `json:"owner"`
		Amount    izly.Cents    `json:"amount"`
		Fee       izly.Cents    `json:"fee"`
		CardID    string        `json:"card_id"`
		Card      string        `json:"card"`
		State     string        `json:"state"`
		Created   time.Time     `json:"created"`
		Expires   time.Time     `json:"expires"`
		Sent      time.Time     `json:"sent"`
		Known     []string      `json:"known"`
		Checks    int           `json:"checks"`
		NextCheck time.Time     `json:"next_check"`
	}
	oldShowing struct {
		Group  chat.ChatID `json:"group"`
		Link   string      `json:"link"`
		Grades bool        `json:"grades"`
		Since  time.Time   `json:"since"`
	}
	oldAdmission struct {
		Admitted bool        `json:"admitted"`
		Since    time.Time   `json:"since"`
		Tries    []time.Time `json:"tries"`
	}
	oldInvitation struct {
		Until time.Time `json:"until"`
	}
	oldSettings struct {
		Lang        string       `json:"lang"`
		Child       string       `json:"child"`
		SecretUntil time.Time    `json:"secret_until"`
		Gone        bool         `json:"gone"`
		ShowIn      *chat.ChatID `json:"show_in"`
		ShowInTitle string       `json:"show_in_title"`
	}
	oldGate struct {
		Holds int       `json:"holds"`
		Until time.Time `json:"until"`
	}
)

// Tables of version 0.1.
const (
	oldLinks     = "links"
	oldOrders    = "proposals"
	oldShowings  = "showings"
	oldAdmitted  = "admissions"
	oldUsed      = "used_invitations"
	oldReadings  = "snapshots"
	oldChats     = "chats"
	oldGates     = "gates"
	oldChoices   = "choices"
	oldNoticed   = "converted" // where the new file format left word, under oldLost, that it lacks damaged records
	oldLost      = "lost"
	oldSeparator = "\x00" // within the names of records
)

func (l oldLink) whole() bool {
	return l.ID != "" && l.Owner.ID != "" && (l.School == nil) != (l.Wallet == nil)
}

func (o oldOrder) whole() bool {
	return o.ID != "" && o.Link != "" && o.Owner.ID != "" && o.State != ""
}
func (s oldShowing) whole() bool    { return s.Group.ID != "" && s.Link != "" }
func (a oldAdmission) whole() bool  { return true }
func (i oldInvitation) whole() bool { return true }
func (r oldReading) whole() bool    { return true }
func (s oldSettings) whole() bool   { return true }
func (g oldGate) whole() bool       { return true }

// readOld calls fn for every record of a table of version 0.1 that can be read, and removes it when fn has taken it.
// What cannot be read stays where it is: skipped counts it.
func readOld[T interface{ whole() bool }](tx store.Tx, bucket string, fn func(key string, record T) error) (skipped int, err error) {
	type entry struct {
		key    string
		record T
	}
	var all []entry
	damaged, err := tx.All(bucket, func(group, key string, value []byte) error {
		var record T
		switch {
		case group != "": // of this version already
		case json.Unmarshal(value, &record) != nil || !record.whole():
			skipped++
		default:
			all = append(all, entry{key, record})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		if err := errors.Join(tx.Delete(bucket, "", e.key), fn(e.key, e.record)); err != nil {
			return 0, err
		}
	}
	return skipped + damaged, nil
}

// leftBehind counts the records of version 0.1 that could not be read and stayed where they were.
func leftBehind(s store.Store) (n int, err error) {
	err = s.View(func(tx store.Tx) error {
		n = 0
		for _, bucket := range []string{oldLinks, oldOrders, oldShowings, oldAdmitted, oldUsed, oldReadings, oldChats, oldGates} {
			damaged, err := tx.All(bucket, func(group, _ string, _ []byte) error {
				if group == "" {
					n++
				}
				return nil
			})
			if n += damaged; err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// splitLinks makes the records of version 0.1 those of the rooms: the record of a link, which held its owner and
// either account, becomes one for each room. Buttons are not taken along: they last a day.
func splitLinks(tx store.Tx) error {
	orders, lost, err := readOrders(tx)
	if err != nil {
		return err
	}
	gates, kinds := make(map[string]oldGate), make(map[string]rights.Kind)
	if _, err := readOld(tx, oldGates, func(key string, g oldGate) error {
		gates[key] = g
		return nil
	}); err != nil {
		return err
	}
	if _, err := readOld(tx, oldLinks, func(_ string, l oldLink) error {
		if kinds[l.ID] = rights.Wallet; l.School != nil {
			kinds[l.ID] = rights.School
		}
		return splitLink(tx, l, wallet.ImportedOrders{List: orders[l.ID], Lost: lost}, gates)
	}); err != nil {
		return err
	}
	_, failedShowings := readOld(tx, oldShowings, func(_ string, s oldShowing) error { return splitShowing(tx, s, kinds[s.Link]) })
	_, failedPeople := readOld(tx, oldAdmitted, func(key string, a oldAdmission) error {
		if !a.Admitted {
			return nil
		}
		platform, id, _ := strings.Cut(key, oldSeparator)
		return rights.PutPerson(tx, chat.PersonID{Platform: platform, ID: id}, a.Since)
	})
	_, failedUsed := readOld(tx, oldUsed, func(id string, i oldInvitation) error { return rights.PutUsedInvitation(tx, id, i.Until) })
	_, failedReadings := readOld(tx, oldReadings, func(key string, r oldReading) error { return splitReading(tx, key, r) })
	_, failedChats := readOld(tx, oldChats, func(key string, s oldSettings) error { return splitSettings(tx, key, s) })
	return errors.Join(
		failedShowings, failedPeople, failedUsed, failedReadings, failedChats,
		tx.DeleteGroup(oldChoices, ""), tx.Delete(oldNoticed, "", oldLost),
	)
}

// readOrders reads the orders by their account. lost tells that there were others: nobody knows of which account, or
// whether money was under way.
func readOrders(tx store.Tx) (orders map[string][]wallet.Order, lost bool, err error) {
	orders = make(map[string][]wallet.Order)
	skipped, err := readOld(tx, oldOrders, func(_ string, o oldOrder) error {
		orders[o.Link] = append(orders[o.Link], wallet.Order{
			ID: o.ID, Account: o.Link, Chat: o.Chat, By: o.Owner, Amount: o.Amount, Fee: o.Fee,
			CardID: o.CardID, Card: o.Card, State: wallet.State(o.State), Created: o.Created, Expires: o.Expires,
			Sent: o.Sent, Known: o.Known, Checks: o.Checks, NextCheck: o.NextCheck,
		})
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	word, err := tx.Get(oldNoticed, "", oldLost)
	if store.Unreadable(err) {
		return orders, true, nil
	}
	return orders, skipped > 0 || word != nil, err
}

// splitLink writes the records that a link becomes.
func splitLink(tx store.Tx, l oldLink, orders wallet.ImportedOrders, gates map[string]oldGate) error {
	account := rights.Account{ID: l.ID, Owner: l.Owner, Home: l.Chat, Since: l.Created}
	switch {
	case l.School != nil:
		return splitSchool(tx, account, *l.School, gates)
	case l.Wallet != nil:
		account.Kind, account.Name, account.Label = rights.Wallet, linking.WalletName, linking.WalletLabel(l.Wallet.Account.Phone)
		account.Same = wallet.Same(l.Wallet.Account.Phone)
		return errors.Join(
			rights.PutAccount(tx, account), watch.Import(tx, account, l.Created),
			wallet.Import(tx, l.ID, l.Wallet.Account, l.Wallet.Code, wallet.StopReason(l.Wallet.Stopped), orders),
		)
	default:
		return nil
	}
}

func splitSchool(tx store.Tx, account rights.Account, s oldSchoolLink, gates map[string]oldGate) error {
	profile := s.Account.profile()
	kept := family.Imported{
		Provider: pronote.Provider{}, Profile: profile, LoggedIn: s.Login, Used: s.Used, Stopped: family.StopReason(s.Stopped),
	}
	if s.Token != nil {
		kept.Login, kept.Given = pronote.TokenLogin(*s.Token), true
		if s.Previous != nil {
			previous := pronote.TokenLogin(*s.Previous)
			kept.Previous = &previous
		}
	} else {
		kept.Login = pronote.PasswordLogin(pronote.Credentials{
			Address: pronote.Address(s.Address), Space: pronote.Space(s.Space), Username: s.Username.Reveal(), Password: s.Password.Text,
		})
	}
	if len(s.State) > 0 && string(s.State) != "null" {
		kept.State = school.State{Stored: secret.Store(secret.New(string(s.State)))}
	}
	host := gates[oldGateKey("host", s.Address)]
	kept.Host = family.ImportedPause{Row: host.Holds, Until: host.Until}
	account.Kind, account.Name, account.Label = rights.School, profile.School, linking.SchoolLabel(profile)
	account.Same = family.Same(kept.Provider, kept.Login)
	return errors.Join(rights.PutAccount(tx, account), watch.Import(tx, account, account.Since), family.Import(tx, account.ID, kept))
}

func (p oldProfile) profile() school.Profile {
	profile := school.Profile{
		Name: p.Name, School: p.School, Version: p.Version, FirstDay: p.FirstDay, LastDay: p.LastDay, Holidays: p.Holidays,
	}
	for _, c := range p.Children {
		profile.Pupils = append(profile.Pupils, school.Pupil{
			Key: c.Key, Name: c.Name, Class: c.Class, School: c.School, Periods: c.Periods, Current: c.Current,
		})
	}
	return profile
}

// oldGateKey is the name that a gate had.
func oldGateKey(kind string, parts ...string) string {
	h := sha256.New()
	for _, part := range append(parts, kind) {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// splitShowing makes what was shown in a group a grant of pages.
func splitShowing(tx store.Tx, s oldShowing, kind rights.Kind) error {
	g := rights.Grant{Group: s.Group, Account: s.Link, Since: s.Since, Pages: []rights.Page{rights.WalletPage}}
	if kind == rights.School {
		if g.Pages = []rights.Page{rights.Timetable, rights.Homework}; s.Grades {
			g.Pages = append(g.Pages, rights.Grades)
		}
	}
	return rights.PutGrant(tx, g)
}

// splitSettings takes out of what a chat has chosen that it cannot be written to.
func splitSettings(tx store.Tx, key string, s oldSettings) error {
	platform, id, _ := strings.Cut(key, oldSeparator)
	c := chat.ChatID{Platform: platform, ID: id}
	if s.Gone {
		if err := outbox.PutGone(tx, c, time.Time{}); err != nil {
			return err
		}
	}
	return talk.PutPrefs(tx, c, talk.Prefs{
		Lang: s.Lang, Child: s.Child, SecretUntil: s.SecretUntil, ShowIn: s.ShowIn, ShowInTitle: s.ShowInTitle,
	})
}
