package izly

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func (c *client) statement(firstID string, nbItems, filter int) []row {
	c.t.Helper()
	a := c.soap("GetStatement", "firstId", firstID, "nbItems", fmt.Sprint(nbItems), "filter", fmt.Sprint(filter))
	c.want(a, "RPL", 0)
	if a.PL != nil {
		return a.PL
	}
	return a.P
}

func TestStatementPages(t *testing.T) {
	for _, list := range []bool{false, true} {
		c := start(t, Config{ListElement: list}).enrol()
		all := c.statement("-1", 0, -1)
		if len(all) != 20 {
			t.Fatalf("first page has %d operations; want 20", len(all))
		}
		// A new operation must not shift the pages: the anchor holds them.
		c.sim.accounts[0].operations = append(c.sim.accounts[0].operations, Operation{ID: 999_999})
		for pages := 1; ; pages++ {
			more := c.statement(all[0].ID, len(all), -1)
			if len(more) == 0 {
				if pages < 3 {
					t.Errorf("%d pages; want several", pages)
				}
				break
			}
			all = append(all, more...)
		}
		held := c.sim.Operations(phone)[1:]
		if len(all) != len(held) {
			t.Fatalf("%d operations; the wallet holds %d", len(all), len(held))
		}
		for i, got := range all {
			o := held[i]
			want := row{
				fmt.Sprint(o.ID), o.At.In(paris()).Format("02-01-2006 15:04:05"), fmt.Sprint(o.Type), fmt.Sprint(o.Direction),
				fmt.Sprint(o.Status), decimal(o.Debit), decimal(o.Credit), o.Party, o.Text,
			}
			if got != want {
				t.Errorf("operation %d is %+v; want %+v", i, got, want)
			}
		}
		c.violations()
	}
}

func TestStatementFilter(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.sim.PageSize(0)
	all := c.statement("-1", 0, -1)
	topUps := c.statement("-1", 0, typeTopUp)
	want := slices.DeleteFunc(slices.Clone(all), func(r row) bool { return r.TYPE != "2" })
	if len(want) == 0 || !slices.Equal(topUps, want) {
		t.Errorf("%d top-ups; want %d", len(topUps), len(want))
	}
	c.want(c.soap("GetStatement", "firstId", "-1", "nbItems", "x", "filter", "-1"), "E", codeBadRequest)
	c.violations("GetStatement: nbItems is not a number of this call")
}

func TestCardList(t *testing.T) {
	c := start(t, Config{}).enrol()
	a := c.soap("MoneyInCbCbList")
	if len(a.CB) != 2 || a.CB[0].ID != card || a.CB[0].DEFAULT != "True" || a.CB[1].DEFAULT != "False" ||
		a.CB[1].HNT != "XXXX XXXX XXXX 0001" || a.BAL != "12.34" {
		t.Errorf("cards %+v, balance %s", a.CB, a.BAL)
	}
}

// TestHistoryAddsUp opens a world on each day of a year: it must be lively, whole and never in the future.
func TestHistoryAddsUp(t *testing.T) {
	for day := range 366 {
		now := time.Date(2026, 1, 1, day%24, 7, 0, 0, paris()).AddDate(0, 0, day)
		s := New(Config{Now: func() time.Time { return now }})
		for _, a := range s.accounts {
			checkHistory(t, now, a)
		}
		student := s.accounts[0]
		if student.updated.Before(now.AddDate(0, 0, -4)) || len(student.operations) < 60 {
			t.Errorf("%s: %d operations, the last on %s", now, len(student.operations), student.updated)
		}
	}
}

func checkHistory(t *testing.T, now time.Time, a *account) {
	t.Helper()
	balance := a.balance
	for i := len(a.operations) - 1; i >= 0; i-- {
		o := a.operations[i]
		if balance < 0 || balance > maxBalance {
			t.Fatalf("%s, %s: balance %d after operation %d", now, a.Name, balance, o.ID)
		}
		balance -= o.moved()
		later := now
		if i < len(a.operations)-1 {
			later = a.operations[i+1].At
		}
		if o.At.After(later) {
			t.Fatalf("%s, %s: operation %d is later than the next", now, a.Name, o.ID)
		}
	}
	if balance < 0 {
		t.Fatalf("%s, %s: opened with %d", now, a.Name, balance)
	}
}

func TestHistoryHasWhatClientsMustBear(t *testing.T) {
	var all strings.Builder
	types := map[int]bool{}
	for _, o := range start(t, Config{}).sim.Operations(phone) {
		all.WriteString(o.Party + o.Text)
		types[o.Type] = true
	}
	for _, want := range []string{"&", "É", "«"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no text with %s", want)
		}
	}
	for _, want := range []int{typeReceived, typeTopUp, typeRefund, typeTerminal} {
		if !types[want] {
			t.Errorf("no operation of type %d", want)
		}
	}
}
