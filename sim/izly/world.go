package izly

import (
	"fmt"
	"slices"
	"time"
)

// populate makes the wallets: a student with two cards and a long history, one with a single card, one
// with no card.
func (s *Server) populate() {
	now := s.now()
	s.accounts = []*account{
		{
			Account: Account{Phone: "33611223344", SecretCode: "135790", Name: "Camille MARTIN"},
			first:   "Camille", last: "MARTIN", email: "camille@example.org", userID: 1234567,
			balance: 12_34,
			cards: []Card{
				{ID: "9f2c41d07be845a3b6d1e80c5a7f3e12", Label: "Carte perso", Hint: "XXXX XXXX XXXX 4242", Network: 1, Default: true},
				{ID: "0c77be12a94f4d6f8e3310aa5bd2f901", Label: "Parents", Hint: "XXXX XXXX XXXX 0001", Network: 2},
			},
		},
		{
			Account: Account{Phone: "33622334455", SecretCode: "246801", Name: "Zoé D'ANGELO"},
			first:   "Zoé", last: "D'ANGELO", email: "zoe@example.org", userID: 1234568,
			balance: 241_70,
			cards: []Card{
				{ID: "51b0c9d2e3f4450687a9bacbdcedfe0f", Label: "Compte étudiant & co", Hint: "XXXX XXXX XXXX 1881", Network: 0, Default: true},
			},
		},
		{
			Account: Account{Phone: "33633445566", SecretCode: "112358", Name: "Noël LE GOFF"},
			first:   "Noël", last: "LE GOFF", email: "noel@example.org", userID: 1234569,
			balance: 40,
		},
	}
	s.accounts[0].operations = student(now, s.accounts[0].balance)
	s.accounts[1].operations = saver(now)
	s.accounts[2].operations = beginner(now)
	for _, a := range s.accounts {
		a.updated = a.operations[len(a.operations)-1].At
		a.challenges = map[string]*challenge{}
		for i := range a.operations {
			s.lastID += 3
			a.operations[i].ID = s.lastID
		}
	}
}

const (
	canteen    = "RU Évariste-Galois"
	coffee     = "Cafétéria « L'Éclair & Cie »"
	studentDay = 75 // days of history
)

// student writes the history of somebody who eats at the university restaurant, walking back from balance
// so that it always adds up and never goes below zero.
func student(now time.Time, balance int64) []Operation {
	var newestFirst []Operation
	add := func(o Operation) {
		balance -= o.moved()
		newestFirst = append(newestFirst, o)
	}
	for ago := range studentDay {
		day := now.AddDate(0, 0, -ago)
		for _, o := range studentDayOf(day, ago) {
			if o.At.Before(now) {
				add(o)
			}
		}
		if balance >= 23_00 {
			add(topUp(at(day, 7, 42), 20_00, "Carte perso", statusDone))
		}
	}
	slices.Reverse(newestFirst)
	return newestFirst
}

// studentDayOf lists a day's operations other than top-ups, newest first.
func studentDayOf(day time.Time, ago int) []Operation {
	var list []Operation
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	switch {
	case ago == 9:
		list = append(list, Operation{
			At: at(day, 18, 20), Type: typeRefund, Direction: directionCredit, Status: statusDone,
			Credit: 3_30, Party: canteen, Text: fmt.Sprintf("Remboursement du repas & café du %s", day.Format("02/01")),
		})
	case ago == 16:
		list = append(list, Operation{
			At: at(day, 20, 5), Type: typeReceived, Direction: directionCredit, Status: statusP2PDone,
			Debit: 5_00, Credit: 5_00, Party: "33622334455", Text: "Merci pour la pizza à Noël 🍕",
		})
	case ago == 23:
		list = append(list, topUp(at(day, 19, 11), 50_00, "Parents", statusFailed))
	}
	if weekend {
		return list
	}
	list = append(list, purchase(at(day, 12, 5+ago*7%50), 3_30, canteen))
	if ago%2 == 0 {
		list = append(list, purchase(at(day, 9, 40+ago%15), 60, coffee))
	}
	return list
}

func saver(now time.Time) []Operation {
	return []Operation{
		topUp(now.AddDate(0, -2, 0), 245_00, "Compte étudiant & co", statusDone),
		purchase(now.AddDate(0, 0, -6), 3_30, canteen),
	}
}

func beginner(now time.Time) []Operation {
	return []Operation{
		{
			At: now.AddDate(0, 0, -12), Type: typeReceived, Direction: directionCredit, Status: statusP2PDone,
			Debit: 1_00, Credit: 1_00, Party: "33611223344", Text: "Bienvenue",
		},
		purchase(now.AddDate(0, 0, -3), 60, coffee),
	}
}

func purchase(when time.Time, cents int64, party string) Operation {
	return Operation{
		At: when, Type: typeTerminal, Direction: directionDebit, Status: statusDone,
		Debit: cents, Party: party,
	}
}

func topUp(when time.Time, cents int64, card string, status int) Operation {
	return Operation{
		At: when, Type: typeTopUp, Direction: directionCredit, Status: status,
		Debit: cents, Credit: cents, Party: card,
	}
}

// at is a time of a day, to the second, in the day's zone.
func at(day time.Time, hour, minute int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, minute, (hour*37+minute*13+d*7)%60, 0, day.Location())
}
