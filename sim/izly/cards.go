package izly

import "encoding/xml"

// cardsDoc is RCBL (izly-today §6). It never had commas.
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

func (s *Server) cardList(a *account, _ soapCall) (any, error) {
	doc := cardsDoc{Steps: []int{10, 20, 50}, UP: s.up(a)}
	for _, c := range a.cards {
		preferred := "False"
		if c.Default {
			preferred = "True"
		}
		doc.CBL.CB = append(doc.CBL.CB, cardDoc{c.ID, c.Label, c.Network, c.Hint, preferred})
	}
	return doc, nil
}
