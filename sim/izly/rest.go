package izly

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of an answer.
type object = map[string]any

// restCall is a REST request whose headers were checked.
type restCall struct {
	header http.Header
	query  func(string) string
	body   restBody
}

// restBody is all that any request may hold.
type restBody struct {
	SessionID string `json:"sessionId"`
	Receiver  struct {
		Identifier string
	} `json:"receiver"`
	ItemPerPage int `json:"itemPerPage"`
	Page        int `json:"page"`
}

// restMethod is one name below PublicService.svc/rest (izly-today §9).
type restMethod struct {
	verb      string
	withSID   bool // the sessionId header must be there
	credences bool // LogonLight: credentials in headers, and any token this device ever had will do
	bare      bool // the answer has no <Name>Result around it
	run       func(*Server, *account, restCall) (any, error)
}

var restMethods = map[string]restMethod{
	"LogonLight":            {verb: "POST", credences: true, run: (*Server).logonLight},
	"IsSessionValid":        {verb: "POST", withSID: true, run: (*Server).isSessionValid},
	"GetLogonInfos":         {verb: "GET", run: (*Server).logonInfos},
	"GetHomePageOperations": {verb: "GET", withSID: true, run: (*Server).homePageOperations},
	"GetCurrentLimits":      {verb: "GET", withSID: true, bare: true, run: (*Server).currentLimits},
	"GetContactDetails":     {verb: "POST", withSID: true, run: (*Server).contactDetails},
	"GetCrousContactList":   {verb: "GET", withSID: true, run: (*Server).crousContacts},
	"GetUserEventList":      {verb: "POST", withSID: true, run: (*Server).userEvents},
	"GetMyCardList":         {verb: "GET", withSID: true, run: (*Server).myCards},
}

func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	m, ok := restMethods[name]
	n := restNotation{m.bare}
	entry := Request{Method: name}
	switch {
	case !ok:
		entry.Method = "REST"
		s.turnAway(w, entry, reply{http.StatusNotFound, "text/html", "Endpoint not found."}, "unknown name")
		return
	case r.Method != m.verb:
		s.turnAway(w, entry, reply{http.StatusMethodNotAllowed, "text/html", "Method not allowed."}, "not a "+m.verb)
		return
	}
	body, err := readRESTBody(w, r)
	if err != nil {
		s.turnAway(w, entry, n.failure(), "body is too long or no JSON")
		return
	}
	call := restCall{r.Header, r.URL.Query().Get, body}
	s.exchange(w, r, name, n, func(*Request) (any, error) {
		a, err := s.admit(name, m, bearerOf(r), r.Header)
		if err != nil {
			return nil, err
		}
		return m.run(s, a, call)
	})
}

// readRESTBody reads JSON; an empty body of whatever type is fine.
func readRESTBody(w http.ResponseWriter, r *http.Request) (body restBody, err error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || len(raw) == 0 {
		return body, err
	}
	return body, json.Unmarshal(raw, &body)
}

// admit checks the headers that all calls have in common.
func (s *Server) admit(name string, m restMethod, bearer string, h http.Header) (*account, error) {
	for _, c := range common {
		if h.Get(c[0]) != c[1] {
			s.violate("%s: header %s is not %q", name, c[0], c[1])
			return nil, errBadRequest
		}
	}
	if m.credences {
		return s.admitFormer(name, bearer, h.Get("userId"))
	}
	a, err := s.authorize(name, bearer, h.Get("userId"))
	if err != nil || !m.withSID {
		return a, err
	}
	return a, s.checkSID(name, a.device, h.Get("sessionId"))
}

// admitFormer is authorize for LogonLight, whose token may be old: an answer that carried a newer one can
// have been lost.
func (s *Server) admitFormer(name, bearer, userID string) (*account, error) {
	d := s.tokens[bearer]
	switch {
	case d == nil:
		s.violate("%s: no bearer token, or one that was never given", name)
		return nil, errBadToken
	case userID != d.owner.Phone:
		s.violate("%s: userId is not the token's", name)
		return nil, errBadToken
	case d.owner.device != d:
		return nil, errElsewhere
	}
	return d.owner, nil
}

// restNotation writes {"<Name>Result": ...}, and errors at the root with HTTP 200 (izly-today §1.3).
type restNotation struct{ bare bool }

func (n restNotation) result(method string, v any) reply {
	if !n.bare {
		v = object{method + "Result": v}
	}
	body, err := json.Marshal(v)
	if err != nil {
		return n.failure()
	}
	return reply{http.StatusOK, "application/json; charset=utf-8", string(body)}
}

func (n restNotation) refusal(_ string, r *refusal) reply {
	return restNotation{bare: true}.result("", object{
		"Code": r.Code, "ErrorMessage": r.Msg, "Priority": r.Prio, "Title": "Erreur",
	})
}

func (restNotation) failure() reply {
	return reply{http.StatusInternalServerError, "text/html; charset=utf-8", "<p>Request Error</p>"}
}

// wcfDate writes a time as WCF does (izly-today §9, notes).
func (s *Server) wcfDate(t time.Time) string {
	return "/Date(" + strconv.FormatInt(t.UnixMilli(), 10) + t.In(s.cfg.Location).Format("-0700") + ")/"
}

// restUP is the balance with numbers, as most answers have it.
func (s *Server) restUP(a *account) object {
	return object{"BAL": euros(a.balance), "CASHBAL": 0, "G7CARDBAL": 0, "LUD": s.stamp(a.updated)}
}

// euros is a JSON number with two decimals, exact.
func euros(cents int64) json.Number { return json.Number(decimal(cents)) }

// display writes a French mobile number as people do: "06 11 22 33 44".
func display(phone string) string {
	national := "0" + strings.TrimPrefix(phone, "33")
	var pairs []string
	for len(national) > 1 {
		pairs = append(pairs, national[:2])
		national = national[2:]
	}
	return strings.Join(pairs, " ")
}
