package izly

import "encoding/xml"

// cardsDoc is RCBL (izly-today §6).
type cardsDoc struct {
	XMLName xml.Name `xml:"RCBL"`
	CBL     struct {
		CB []cardDoc
	}
	Steps []int `xml:"STEPS>STEP"`
	UP    upDoc
}

type cardDoc struct {
	ID, ALIAS string
	NWK       int
	HNT       string
	DEFAULT   string // "True" or "False"
}

// cardList is MoneyInCbCbList. Its amounts have a dot even where those of other answers have a comma.
func (s *Server) cardList(a *account, _ soapCall) (any, error) {
	doc := cardsDoc{
		Steps: []int{10, 20, 50},
		UP:    upDoc{BAL: decimal(a.balance), CASHBAL: decimal(0), LUD: s.stamp(a.updated)},
	}
	for _, c := range a.cards {
		preferred := "False"
		if c.Default {
			preferred = "True"
		}
		doc.CBL.CB = append(doc.CBL.CB, cardDoc{c.ID, c.Label, c.Network, c.Hint, preferred})
	}
	return doc, nil
}
