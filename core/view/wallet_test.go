package view_test

import (
	"fmt"
	"testing"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/view"
	"cartable/core/wallet"
)

func TestBalance(t *testing.T) {
	t.Parallel()
	show := func(b izly.Balance) func(view.View) chat.Reply {
		b.At = utc(0, 2)
		return func(v view.View) chat.Reply { return lines(v.Balance(b)...) }
	}
	play(t, "balance", []scene{
		{"main", show(izly.Balance{Main: 1234})},
		{"cash", show(izly.Balance{Main: 100_001_205, Cash: 50})},
		{"owed", show(izly.Balance{Main: -330, Cash: -5})},
	})
}

func TestStatement(t *testing.T) {
	t.Parallel()
	show := func(n int, complete bool, most, mostEver int) func(view.View) chat.Reply {
		s := izly.Statement{Complete: complete}
		for i := range n {
			s.Operations = append(s.Operations, izly.Operation{At: utc(n-i, 0), Type: izly.TypeTerminal, Amount: izly.Cents(330 + i), Party: "RU"})
		}
		return func(v view.View) chat.Reply { return lines(v.Statement(s, most, mostEver)...) }
	}
	play(t, "statement", []scene{
		{"nothing", show(0, true, 10, 50)},
		{"all", show(2, true, 2, 50)},
		{"one more", show(3, true, 2, 50)},
		{"some more", show(9, false, 2, 50)},
		{"more than may be asked for", show(9, true, 2, 5)},
		{"the most that may be asked for", show(4, true, 2, 2)},
		{"older ones", show(2, false, 10, 50)},
	})
}

func TestOperation(t *testing.T) {
	t.Parallel()
	var scenes []scene
	add := func(name string, op izly.Operation) {
		op.At = utc(0, 42)
		scenes = append(scenes, scene{name, func(v view.View) chat.Reply { return lines(v.Operation(op)) }})
	}
	for kind := -1; kind <= 31; kind++ {
		add(fmt.Sprintf("type %d", kind), izly.Operation{Type: kind, Amount: 2000, Credit: kind%2 == 0, Status: izly.StatusDone})
	}
	add("credit", izly.Operation{Type: izly.TypeTopUp, Amount: 2000, Credit: true, Party: "Carte perso", Text: "Bonne rentrée"})
	add("pending", izly.Operation{Type: izly.TypeTerminal, Amount: 330, Party: "RU", Status: izly.StatusPending})
	add("failed with a fee", izly.Operation{Type: izly.TypeTopUp, Amount: 2000, Credit: true, Fee: 25, Status: izly.StatusFailed})
	add("unknown status", izly.Operation{Type: izly.TypeRefund, Amount: 5, Credit: true, Status: izly.StatusUnknown})
	play(t, "operation", scenes)
}

var cards = []izly.Card{
	{Label: "Carte perso", Network: "Visa", Last4: "4242"},
	{Label: "Parents", Last4: "0001"},
	{Network: "Mastercard"},
	{},
}

func TestNamesOfWalletsAndCards(t *testing.T) {
	t.Parallel()
	play(t, "names", []scene{
		{"cards", func(v view.View) chat.Reply { return line(v.CardNames(cards)) }},
		{"one card", func(v view.View) chat.Reply { return line(v.CardNames(cards[:1])) }},
		{"wallet", func(v view.View) chat.Reply {
			return line(v.WalletName(wallet.Holder{FirstName: "Léo", Phone: "33611223344"}))
		}},
		{"short number", func(v view.View) chat.Reply { return line(v.WalletName(wallet.Holder{Phone: "3344"})) }},
		{"linked", func(v view.View) chat.Reply {
			return v.LinkedWallet(wallet.Holder{FirstName: "Léo", LastName: "MARTIN", Phone: "33611223344"})
		}},
		{"linked without a name", func(v view.View) chat.Reply { return v.LinkedWallet(wallet.Holder{Phone: "33611223344"}) }},
	})
}
