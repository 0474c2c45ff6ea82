package izly

import (
	"encoding/xml"
	"strconv"
)

// statementDoc is RPL (izly-today §5.1). TOTAL is the seed's, PL the app's.
type statementDoc struct {
	XMLName xml.Name `xml:"RPL"`
	TOTAL   *struct {
		P []operationDoc
	}
	PL *struct {
		NB int `xml:",attr"`
		P  []operationDoc
	}
	UP upDoc
}

type operationDoc struct {
	ID                           int64
	DATE                         string
	TYPE, TYPEDIRECTION, STATUS  int
	DEB, CRED, COM               string
	USERID, USERFNAME, USERLNAME string
	MSG                          string
}

// getStatement serves one page, newest first: nbItems operations are skipped from the anchor firstId on.
func (s *Server) getStatement(a *account, c soapCall) (any, error) {
	var n [3]int64
	for i, name := range []string{"firstId", "nbItems", "filter"} {
		var err error
		if n[i], err = strconv.ParseInt(c.args[name], 10, 64); err != nil || n[i] < -1 {
			s.violate("GetStatement: %s is not a number of this call", name)
			return nil, errBadRequest
		}
	}
	all := a.statement(n[0], n[2])
	rest := all[min(max(n[1], 0), int64(len(all))):]
	if s.pageSize > 0 {
		rest = rest[:min(s.pageSize, len(rest))]
	}
	doc := statementDoc{UP: s.up(a)}
	var list []operationDoc
	for _, o := range rest {
		list = append(list, s.operationDoc(o))
	}
	if s.cfg.ListElement {
		doc.PL = &struct {
			NB int `xml:",attr"`
			P  []operationDoc
		}{len(all), list}
	} else {
		doc.TOTAL = &struct{ P []operationDoc }{list}
	}
	return doc, nil
}

// statement lists operations, newest first, up to an anchor and of one type; -1 is no limit.
func (a *account) statement(firstID, filter int64) []Operation {
	var list []Operation
	for i := len(a.operations) - 1; i >= 0; i-- {
		o := a.operations[i]
		if (firstID < 0 || o.ID <= firstID) && (filter < 0 || int64(o.Type) == filter) {
			list = append(list, o)
		}
	}
	return list
}

func (s *Server) operationDoc(o Operation) operationDoc {
	return operationDoc{
		ID: o.ID, DATE: s.stamp(o.At), TYPE: o.Type, TYPEDIRECTION: o.Direction, STATUS: o.Status,
		DEB: s.amount(o.Debit), CRED: s.amount(o.Credit), COM: s.amount(0),
		USERID: o.Party, MSG: o.Text,
	}
}
