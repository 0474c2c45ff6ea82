// Package towntest writes the vault of a bot that many people use, to measure with: on a phone's platform, with the
// identifiers that sim/telegram gives out, so that a test can speak as any of them.
package towntest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/talk"
	"cartable/core/wallet"
	"cartable/core/watch"
)

// Town says how large it is. Four of five chats are the private ones of a person, the others are groups. Each person
// has an account, and every fourth two: two of three are of a school, the others of Izly.
type Town struct {
	Chats    int
	Choices  int       // buttons that are remembered, of all chats; half of them have expired
	Readings int       // of all school accounts; a third are too old to be kept
	Now      time.Time // what all of it is dated by
}

// Full is the town that the goals of docs/performance.md are about.
func Full(now time.Time) Town {
	return Town{Chats: 10_000, Choices: 200_000, Readings: 50_000, Now: now}
}

// portion is how many chats are written in one transaction.
const portion = 250

// firstPerson is the number of person 0 on the platform, firstGroup that of group 0, from which they go down.
const (
	firstPerson = 100_000
	firstGroup  = -1001700000001
)

// People is how many there are.
func (t Town) People() int { return t.Chats * 4 / 5 }

// Groups is how many there are. In group n an account of person n is shown.
func (t Town) Groups() int { return t.Chats - t.People() }

// PersonID is the number of person n on Telegram.
func PersonID(n int) int64 { return firstPerson + int64(n) }

// Home is the private chat of person n.
func Home(n int) chat.ChatID {
	return chat.ChatID{Platform: "telegram", ID: strconv.FormatInt(PersonID(n), 10)}
}

// Group is the chat of group n.
func Group(n int) chat.ChatID {
	return chat.ChatID{Platform: "telegram", ID: strconv.FormatInt(firstGroup-int64(n), 10)}
}

// Choice is the identifier of the nth of a chat's buttons. All of them run /langue.
func Choice(c chat.ChatID, n int) string {
	return fmt.Sprintf("%016s%016x", strings.TrimPrefix(c.ID, "-"), n)
}

// Account is the identifier of an account of person n: the first, or the second.
func Account(person, n int) string { return fmt.Sprintf("%030x%02x", person, n) }

func person(n int) chat.PersonID { return chat.PersonID(Home(n)) }

// Write writes the town into an empty store.
func (t Town) Write(s store.Store) error {
	if err := store.Migrate(s, core.StepsName, core.Steps()); err != nil {
		return err
	}
	for first := 0; first < t.Chats; first += portion {
		if err := s.Update(func(tx store.Tx) error {
			for n := first; n < min(first+portion, t.Chats); n++ {
				if err := t.settle(tx, n); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("towntest: %w", err)
		}
	}
	return nil
}

// settle writes one chat: a person's, or a group's.
func (t Town) settle(tx store.Tx, n int) error {
	if n >= t.People() {
		g := n - t.People()
		if err := rights.PutGrant(tx, rights.Grant{
			Group: Group(g), Account: Account(g, 0), Pages: []rights.Page{rights.Timetable, rights.Homework}, Since: t.Now,
		}); err != nil {
			return err
		}
		return t.furnish(tx, Group(g))
	}
	if err := rights.PutPerson(tx, person(n), t.Now); err != nil {
		return err
	}
	if n%20 == 0 {
		if err := rights.PutUsedInvitation(tx, Account(n, 0), t.Now.Add(time.Duration(n%14-7)*24*time.Hour)); err != nil {
			return err
		}
	}
	accounts := 1
	if n%4 == 0 {
		accounts = 2
	}
	for i := range accounts {
		if err := t.link(tx, n, i); err != nil {
			return err
		}
	}
	return t.furnish(tx, Home(n))
}

// furnish writes what a chat has chosen, and its buttons.
func (t Town) furnish(tx store.Tx, c chat.ChatID) error {
	if err := talk.PutPrefs(tx, c, talk.Prefs{Lang: "fr"}); err != nil {
		return err
	}
	// As core/talk writes them.
	type choice struct {
		Person  chat.PersonID `json:"person"`
		Private bool          `json:"private,omitempty"`
		Action  string        `json:"action"`
		Arg     string        `json:"arg,omitempty"`
		Account string        `json:"account,omitempty"`
		Expires time.Time     `json:"expires"`
	}
	each := t.Choices / t.Chats
	for i := range each {
		ends := t.Now.Add(12 * time.Hour * time.Duration(2*i+1-each) / time.Duration(each))
		if err := (store.Table[choice]{Bucket: "choices"}).Put(tx, c.Key(), Choice(c, i), choice{Action: "run", Arg: "/langue", Expires: ends}); err != nil {
			return err
		}
		if err := (store.Due{Bucket: "choices_due"}).Note(tx, ends, c.Key()); err != nil {
			return err
		}
	}
	return nil
}

// link writes an account of person n.
func (t Town) link(tx store.Tx, n, i int) error {
	a := rights.Account{
		ID: Account(n, i), Kind: rights.School, Name: "CITÉ SCOLAIRE", Label: "PRONOTE – CITÉ SCOLAIRE",
		Owner: person(n), Home: Home(n), Since: t.Now.Add(time.Duration(i) * time.Second),
	}
	var err error
	if n%3+i == 2 {
		a.Kind, a.Name, a.Label = rights.Wallet, "Izly", "Izly – …3344"
		err = t.purse(tx, a)
	} else {
		err = t.school(tx, n, a)
	}
	if err != nil {
		return err
	}
	if err := rights.PutAccount(tx, a); err != nil {
		return err
	}
	return watch.Import(tx, a, t.Now)
}

// purse writes an account of Izly, with top-ups of some days.
func (t Town) purse(tx store.Tx, a rights.Account) error {
	var orders wallet.ImportedOrders
	for i := range 3 {
		orders.List = append(orders.List, wallet.Order{
			ID: fmt.Sprintf("%032x", i), Chat: a.Home, By: a.Owner, Amount: 2000, CardID: "1", Card: "CB …1111",
			State: wallet.Done, Created: t.Now.Add(-time.Duration(i) * 30 * time.Hour), Expires: t.Now,
		})
	}
	phone := "33" + a.Owner.ID
	return wallet.Import(tx, a.ID, izly.Account{Phone: phone, FirstName: "Camille", LastName: "MARTIN"}, nil, "", orders)
}

// school writes an account of PRONOTE with two children.
func (t Town) school(tx store.Tx, n int, a rights.Account) error {
	profile := school.Profile{Name: "DUPONT Marc", School: a.Name, FirstDay: t.Now.AddDate(0, -3, 0), LastDay: t.Now.AddDate(0, 7, 0)}
	for child := range 2 {
		profile.Pupils = append(profile.Pupils, school.Pupil{
			Key: fmt.Sprintf("%s-%d", a.ID, child), Name: []string{"DUPONT Léa", "DUPONT Hugo"}[child], Class: "4B", School: a.Name,
			Periods: []school.Period{
				{Key: "T1", Name: "Trimestre 1", From: profile.FirstDay, To: t.Now},
				{Key: "T2", Name: "Trimestre 2", From: t.Now, To: t.Now.AddDate(0, 3, 0)},
				{Key: "T3", Name: "Trimestre 3", From: t.Now.AddDate(0, 3, 0), To: profile.LastDay},
			},
		})
	}
	in := family.Imported{
		Provider: pronote.Provider{}, Profile: profile, LoggedIn: t.Now, Used: t.Now,
		Login: pronote.PasswordLogin(pronote.Credentials{
			Address: pronote.Address(fmt.Sprintf("https://%07d.town.invalid/pronote", n)), Space: pronote.SpaceParent,
			Username: a.Owner.ID, Password: secret.New("x"),
		}),
	}
	if n%50 == 0 {
		in.Host = family.ImportedPause{Until: t.Now}
	}
	if err := family.Import(tx, a.ID, in); err != nil {
		return err
	}
	schools := max(1, t.Chats*2/3)
	for i := range (t.Readings + schools - 1) / schools {
		at := t.Now.AddDate(0, 0, -(n+i*7)%21)
		what, value := t.reading(profile.Pupils[i%2].Key, i, at)
		if err := family.ImportReading(tx, a.ID, what, at, value); err != nil {
			return err
		}
	}
	return nil
}

// reading is the ith thing that a school said of a pupil.
func (t Town) reading(pupil string, i int, at time.Time) (what []string, value any) {
	subjects := []string{"FRANÇAIS", "MATHÉMATIQUES", "HISTOIRE-GÉOGRAPHIE", "ANGLAIS LV1", "SCIENCES VIE & TERRE", "ÉD.PHYSIQUE & SPORT"}
	day := at.AddDate(0, 0, -7*(i/6))
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	switch i % 3 {
	case 0:
		week := school.Week{Number: 12, Monday: monday}
		for n := range 30 {
			start := monday.AddDate(0, 0, n/6).Add(time.Duration(8+n%6) * time.Hour)
			week.Lessons = append(week.Lessons, school.Lesson{
				Key: fmt.Sprintf("%x", n), Start: start, End: start.Add(55 * time.Minute), Subject: subjects[n%len(subjects)],
				Teachers: []string{"MARTIN C."}, Rooms: []string{fmt.Sprint("S", 100+n)},
			})
		}
		return []string{"week", pupil, monday.Format(time.DateOnly)}, week
	case 1:
		grades := school.Grades{Period: school.Period{Key: "T1", Name: "Trimestre 1"}, Average: school.Mark{Value: "14.2"}}
		for n := range 25 {
			grades.Grades = append(grades.Grades, school.Grade{
				Key: fmt.Sprintf("%x", n), Date: at, Subject: subjects[n%len(subjects)], Title: "Contrôle n° " + fmt.Sprint(n),
				Mark: school.Mark{Value: "15"}, Scale: school.Mark{Value: "20"}, Coefficient: "1", Class: school.Mark{Value: "12.4"},
			})
		}
		return []string{"grades", pupil, fmt.Sprint("T", i/6+1)}, grades
	default:
		var work []school.Homework
		for n := range 10 {
			work = append(work, school.Homework{
				Key: fmt.Sprintf("%x", n), Subject: subjects[n%len(subjects)], Due: monday.AddDate(0, 0, n/2), Given: at,
				Text: "Lire les pages 12 à 17 du manuel, et faire les exercices 3 et 4 sur une feuille.",
			})
		}
		return []string{"homework", pupil, monday.Format(time.DateOnly), monday.AddDate(0, 0, 6).Format(time.DateOnly)}, work
	}
}
