package izly

import (
	"encoding/xml"
	"strings"
	"time"
)

// preparationLife is how long a prepared top-up waits for its confirmation; G.
const preparationLife = 10 * time.Minute

// preparation is a top-up that MoneyInCb announced. An account has at most one, the newest.
type preparation struct {
	card    Card
	cents   int64
	expires time.Time
}

// topUpDoc is RMIN or RMINC (izly-today §7.1 and §7.4).
type topUpDoc struct {
	XMLName        xml.Name
	ID             int64
	DATE           string
	CID, CALIAS    string
	CNWK           int
	CHNT           string
	DEB, CRED, COM string
	*redirectDoc
	UP  upDoc
	SID string `xml:",omitempty"`
}

// redirectDoc is in RMINC only; both are empty unless the bank wants 3-D Secure.
type redirectDoc struct{ RDURL, RDPARAMS string }

func (s *Server) topUpDoc(root string, id int64, a *account, card Card, cents int64) topUpDoc {
	return topUpDoc{
		XMLName: xml.Name{Local: root}, ID: id, DATE: s.stamp(s.now()),
		CID: card.ID, CALIAS: card.Label, CNWK: card.Network, CHNT: card.Hint,
		DEB: s.amount(cents), CRED: s.amount(cents), COM: s.amount(0), UP: s.up(a),
	}
}

// prepare is MoneyInCb: it moves nothing.
func (s *Server) prepare(a *account, c soapCall) (any, error) {
	card, cents, err := s.order("MoneyInCb", a, c)
	if err != nil {
		return nil, err
	}
	if cents < minTopUp || cents > maxTopUp {
		return nil, errOutOfBounds
	}
	if a.balance+cents > maxBalance {
		return nil, errBalanceCap
	}
	a.prepared = &preparation{card, cents, s.now().Add(preparationLife)}
	return s.topUpDoc("RMIN", 0, a, card, cents), nil
}

// order reads the card and the amount of either call.
func (s *Server) order(method string, a *account, c soapCall) (Card, int64, error) {
	cents, ok := parseAmount(c.args["amount"])
	if !ok || s.cfg.StrictAmount && c.args["amount"] != shortest(cents) {
		s.violate("%s: amount is not spelt like 10.0 or 12.5", method)
		return Card{}, 0, errBadAmount
	}
	card, ok := a.card(c.args["cardId"])
	if !ok {
		return Card{}, 0, errUnknownCard
	}
	return card, cents, nil
}

// confirm is MoneyInCbConfirm. The OTP is used up even when what follows is refused; the preparation only
// by a success.
func (s *Server) confirm(a *account, c soapCall) (any, error) {
	const method = "MoneyInCbConfirm"
	card, cents, err := s.order(method, a, c)
	if err != nil {
		return nil, err
	}
	if err := s.checkPassOTP(method, a, c.args["passOTP"]); err != nil {
		return nil, err
	}
	if c.entry.Kind = s.printForm(a, c.args); c.entry.Kind == "" {
		s.violate("%s: print does not fit", method)
		return nil, errBadOTP
	}
	switch p := a.prepared; {
	case p == nil:
		s.violate("%s: no top-up is prepared, or it was confirmed before", method)
		return nil, errNotPrepared
	case p.card.ID != card.ID || p.cents != cents:
		s.violate("%s: not the card and amount that were prepared", method)
		return nil, errNotPrepared
	case !s.now().Before(p.expires):
		return nil, errNotPrepared
	case a.balance+cents > maxBalance:
		return nil, errBalanceCap
	}
	a.prepared = nil
	return s.charge(a, card, cents), nil
}

// printForm tells which form of print the client sent, or "" if none that is allowed. The text is signed
// over the arguments as received; a line feed at the end is forgiven (izly-today §7.2).
func (s *Server) printForm(a *account, args map[string]string) string {
	given := strings.TrimSpace(args["print"])
	passOTP := args["passOTP"]
	for _, form := range []struct {
		mode PrintMode
		key  string
	}{{PrintPrefixed, passOTP}, {PrintSeed, strings.TrimPrefix(passOTP, a.SecretCode)}} {
		want := printOf(args["userId"], args["sessionId"], args["cardId"], args["amount"], form.key, args["engagementId"])
		if given == want && (s.cfg.Print == PrintBoth || s.cfg.Print == form.mode) {
			return string(form.mode)
		}
	}
	return ""
}

// charge moves the money, or sends the person to the bank, and changes the SID.
func (s *Server) charge(a *account, card Card, cents int64) any {
	s.lastID++
	o := topUp(s.now(), cents, card.Label, statusDone)
	o.ID = s.lastID
	redirect := &redirectDoc{}
	if s.cfg.ThreeDSecure {
		o.Status = statusPending
		redirect.RDURL, redirect.RDPARAMS = s.challenge(a, o)
	}
	a.operations = append(a.operations, o)
	a.balance += o.moved()
	a.updated = o.At
	a.device.changeSID()
	doc := s.topUpDoc("RMINC", o.ID, a, card, cents)
	doc.redirectDoc, doc.SID = redirect, a.device.sid
	return doc
}
