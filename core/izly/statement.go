package izly

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"cartable/core/visible"
)

// Statement reads the operations, newest first. The first request is the seed's; more are made only where
// the server says that it holds more (izly-today §5.1).
func (w *Wallet) Statement(ctx context.Context) (Statement, error) {
	end, err := w.begin(ctx)
	if err != nil {
		return Statement{}, err
	}
	defer end()
	var s Statement
	var total int
	seen := map[string]bool{}
	first := "-1" // then the newest operation received: an anchor
	for page := range maxPages {
		doc, err := w.call(ctx, opStatement, rootStatement, statementArgs(first, len(seen))...)
		if err != nil {
			return Statement{}, err
		}
		ops, err := w.c.readOperations(doc)
		if err != nil {
			return Statement{}, err
		}
		if len(s.Operations)+len(ops) > maxListed {
			if page == 0 {
				return Statement{}, &ReplyError{opStatement, "too many operations"}
			}
			break // those that were read count; Complete is false
		}
		if page == 0 {
			s.Balance, total = w.c.readBalance(doc), readTotal(doc)
		}
		before := len(seen)
		for _, op := range ops {
			if op.ID == "" && page == 0 || op.ID != "" && !seen[op.ID] {
				s.Operations = append(s.Operations, op)
			}
			if op.ID != "" {
				seen[op.ID] = true
			}
		}
		if len(seen) == before || total <= len(seen) {
			break
		}
		if page == 0 {
			first = newest(ops)
		}
	}
	s.Complete = total <= len(s.Operations)
	slices.SortStableFunc(s.Operations, func(a, b Operation) int { return b.At.Compare(a.At) })
	return s, nil
}

// statementArgs asks for all kinds of operations. held is an offset, not the size of a page.
func statementArgs(firstID string, held int) []arg {
	return []arg{
		{name: "firstId", value: firstID},
		{name: "nbItems", value: strconv.Itoa(held)},
		{name: "filter", value: "-1"},
	}
}

func newest(ops []Operation) string {
	for _, op := range ops {
		if op.ID != "" {
			return op.ID
		}
	}
	return "-1"
}

// readTotal is NB, an attribute of the list, or 0 where the server does not count (conflict C4).
func readTotal(doc *node) int {
	for n := range doc.all() {
		if text, ok := n.attr("NB"); ok {
			total, _ := strconv.Atoi(text)
			return total
		}
	}
	return 0
}

// readOperations takes every P below the root: /RPL/TOTAL/P or /RPL/PL/P (conflict C4).
func (c *Client) readOperations(doc *node) ([]Operation, error) {
	var ops []Operation
	for p := range doc.named("P") {
		op, err := c.readOperation(p)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// readOperation tolerates the absence of everything, but no amount that cannot be read.
func (c *Client) readOperation(p *node) (Operation, error) {
	op := Operation{ID: visible.Line(p.at("ID")), At: readDate(p.at("DATE"), c.cfg.Location), Type: typeUnknown}
	if n, err := strconv.Atoi(p.at("TYPE")); err == nil {
		op.Type = n
	}
	op.Status = status(op.Type, p.at("STATUS"))
	var sums [3]Cents
	for i, name := range []string{"DEB", "CRED", "COM"} {
		if text := p.at(name); text != "" {
			sum, err := ParseCents(text)
			if err != nil {
				return Operation{}, &ReplyError{opStatement, "an operation's " + name + " is no amount"}
			}
			sums[i] = max(sum, -sum)
		}
	}
	op.Credit, op.Amount = direction(op.Type, p.at("TYPEDIRECTION"), sums[0], sums[1])
	op.Fee = sums[2]
	op.Party, op.Text = party(op.Type, p), visible.Line(p.at("MSG"))
	return op, nil
}

// direction tells which way the money went and how much of it. The direction is the server's where it
// says one. The amount is the side that the application shows for the type, else the side of the
// direction, and the other one where that is missing (izly-today §5.1).
func direction(kind int, direction string, debit, credit Cents) (in bool, amount Cents) {
	showsCredit := slices.Contains(creditTypes, kind)
	showsDebit := slices.Contains(debitTypes, kind)
	switch direction {
	case "1":
		in = true
	case "2":
		in = false
	default:
		in = showsCredit || !showsDebit && debit == 0 && credit != 0
	}
	if first := showsCredit || !showsDebit && in; first && credit != 0 || debit == 0 {
		return in, credit
	}
	return in, debit
}

// Types of which the application shows CRED, and those of which it shows DEB (izly-today §5.1).
var (
	creditTypes = []int{TypeReceived, TypeTopUp, TypeDemand, TypeRefund, TypeTopUpRefunded, TypeTransferBack, 15, TypeCardRefund}
	debitTypes  = []int{TypeSent, TypeTransfer, TypeRequest, TypeShop, TypeTerminal, TypeCommission, 17, TypeCardPayment}
)

// status reads STATUS, whose numbers depend on the type (izly-today §5.1; §7.6 for cash and bank top-ups).
func status(kind int, text string) OperationStatus {
	var pending, done, failed []string
	switch kind {
	case TypeTopUp, TypeTransfer, TypeCashTopUp, TypeBankTopUp:
		pending, done, failed = []string{"0"}, []string{"1"}, []string{"2"}
	case TypeReceived, TypeSent, TypeRequest, TypeDemand:
		pending, done, failed = []string{"0", "5"}, []string{"3"}, []string{"1", "2", "4"}
	}
	switch {
	case slices.Contains(pending, text):
		return StatusPending
	case slices.Contains(done, text):
		return StatusDone
	case slices.Contains(failed, text):
		return StatusFailed
	}
	return StatusUnknown
}

// party names the other side. For a top-up that is the label of the card, in USERID.
func party(kind int, p *node) string {
	name := visible.Name(p.at("USERFNAME") + " " + p.at("USERLNAME"))
	id := visible.Name(p.at("USERID"))
	if name == "" || id != "" && kind == TypeTopUp {
		return id
	}
	return strings.TrimSpace(name)
}
