package izly

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Groups, types and statuses of operations in REST, which are not those of SOAP (izly-today §9, notes).
const (
	groupTopUps   = 0
	groupPayments = 2

	restPayment = 2
	restTopUp   = 7
	restRefund  = 56

	restDone     = 0
	restPending  = 1
	restRefunded = 2
)

// homePageOperations lists the newest operations of a group.
func (s *Server) homePageOperations(a *account, c restCall) (any, error) {
	group, err1 := strconv.Atoi(c.query("transactionGroup"))
	top, err2 := strconv.Atoi(c.query("top"))
	if err1 != nil || err2 != nil || top < 0 {
		s.violate("GetHomePageOperations: transactionGroup or top is no number")
		return nil, errBadRequest
	}
	list := []object{}
	for _, o := range slices.Backward(a.operations) {
		kind, in := restType(o)
		if in != group || o.Type == typeTopUp && o.Status == statusFailed || len(list) == top {
			continue
		}
		list = append(list, s.restOperation(o, kind))
	}
	return object{"Result": list, "UP": s.restUP(a)}, nil
}

// restType is the REST number of an operation's type and its group.
func restType(o Operation) (kind, group int) {
	switch o.Type {
	case typeTopUp:
		return restTopUp, groupTopUps
	case typeRefund:
		return restRefund, groupTopUps
	}
	return restPayment, groupPayments
}

func (s *Server) restOperation(o Operation, kind int) object {
	status, amount := restDone, max(o.Debit, o.Credit)
	switch {
	case kind == restRefund:
		status = restRefunded
	case o.Type == typeTopUp && o.Status == statusPending:
		status = restPending
	}
	var message any
	if o.Text != "" {
		message = o.Text
	}
	return object{
		"Id": o.ID, "Date": s.wcfDate(o.At), "Amount": euros(amount), "IsCredit": o.Direction == directionCredit,
		"OperationType": kind, "Status": status, "Message": message,
	}
}

// contactDetails answers about the caller; nobody else is known.
func (s *Server) contactDetails(a *account, c restCall) (any, error) {
	if c.body.Receiver.Identifier != a.Phone {
		return nil, errBadRequest
	}
	return object{"Result": object{
		"Identifier": a.Phone, "DisplayName": a.first + " " + a.last[:1], "SecondDisplayName": display(a.Phone),
		"ActiveAlias": strings.ToLower(a.first),
		"ActivePhone": object{
			"PhoneDisplayNumber": display(a.Phone), "PhoneInternationalNumber": a.Phone,
			"PhoneDisplayInternationalNumber": "+33 " + strings.TrimPrefix(display(a.Phone), "0"),
		},
		"IsMe": true, "IsBlocked": false, "IsBookmarked": false, "IsSmoneyPro": false, "IsSmoneyUser": true,
		"HasPhoto": false, "CanDisplayPhoto": false, "OptIn": false, "OptInPartners": false,
		"Actions": nil, "Children": []object{}, "Operations": nil, "PreAuthorization": nil, "ProInfos": nil,
		"IzlyProfile": object{
			"CardNumber": "0001", "CodeSociete": 1, "NumeroTarif": 1, "IzlyEmail": a.email,
			"DateValidity": s.wcfDate(s.now().AddDate(1, 0, 0)),
		},
		"Profile": object{
			"Civility": 1, "FirstName": a.first, "LastName": a.last, "Email": a.email,
			"BirthDate": s.wcfDate(time.Date(2006, 1, 1, 0, 0, 0, 0, s.cfg.Location)),
			"Address":   object{"Name": "1 rue Exemple", "ZipCode": "69007", "City": "Lyon", "Country": 1},
		},
	}, "UP": s.restUP(a)}, nil
}

func (s *Server) crousContacts(*account, restCall) (any, error) {
	return object{"Result": object{
		"CrousList":   []object{{"Name": "CROUS EXEMPLE", "Number": 7, "IsDefault": true}},
		"UserContact": object{"Name": "", "Email": "", "Phone": ""},
	}}, nil
}

// userEvents tells the operations as sentences, a page at a time, newest first.
func (s *Server) userEvents(a *account, c restCall) (any, error) {
	if c.body.ItemPerPage < 1 || c.body.Page < 0 {
		s.violate("GetUserEventList: itemPerPage or page is no count")
		return nil, errBadRequest
	}
	list := []object{}
	for i := range a.operations {
		o := a.operations[len(a.operations)-1-i]
		if i/c.body.ItemPerPage == c.body.Page {
			list = append(list, object{
				"EventFormattedDate": o.At.In(s.cfg.Location).Format("le 2/1/2006 à 3:04 PM"),
				"EventMessage":       sentence(o),
			})
		}
	}
	return list, nil
}

func sentence(o Operation) string {
	word := "Paiement"
	switch o.Type {
	case typeTopUp:
		word = "Rechargement"
	case typeRefund:
		word = "Remboursement"
	case typeReceived:
		word = "Réception"
	}
	return fmt.Sprintf("%s de %s", word, strings.Replace(decimal(max(o.Debit, o.Credit)), ".", ",", 1))
}

func (s *Server) myCards(a *account, _ restCall) (any, error) {
	list := []object{}
	for _, c := range a.cards {
		list = append(list, object{
			"SystemPayCardId": c.ID, "Alias": c.Label, "Hint": c.Hint, "Network": c.Network,
			"IsDefault": c.Default, "IsActive": true,
		})
	}
	return list, nil
}
