package izly

import (
	"encoding/xml"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// soapCall is a call whose common arguments are there.
type soapCall struct {
	args   map[string]string
	bearer string
	entry  *Request
}

// soapMethod is one remote method. Unless it is open it needs a session, and gets its account.
type soapMethod struct {
	name string
	args []string // its own, for the WSDL
	need []string // those that must not be empty
	open bool
	run  func(*Server, *account, soapCall) (any, error)
}

var soapMethods = []soapMethod{
	{
		name: "Logon", open: true,
		args: []string{"user", "password", "passOTP", "actCode", "smoneyClientType", "rooted"},
		need: []string{"user", "smoneyClientType"},
		run:  (*Server).logon,
	},
	{
		name: "GetStatement",
		args: []string{"firstId", "nbItems", "filter"},
		need: []string{"firstId", "nbItems", "filter"},
		run:  (*Server).getStatement,
	},
	{name: "MoneyInCbCbList", run: (*Server).cardList},
	{
		name: "MoneyInCb",
		args: []string{"cardId", "amount", "engagementId"},
		need: []string{"cardId", "amount"},
		run:  (*Server).prepare,
	},
	{
		name: "MoneyInCbConfirm",
		args: []string{"cardId", "amount", "engagementId", "passOTP", "print"},
		need: []string{"cardId", "amount", "passOTP", "print"},
		run:  (*Server).confirm,
	},
}

// common are the arguments of every call and the only values known (seed-izly II.a).
var common = [][2]string{{"format", "T"}, {"channel", "AIZ"}, {"model", "A"}}

func (s *Server) serveSOAP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.EqualFold(r.URL.RawQuery, "wsdl") {
		s.serveWSDL(w, r)
		return
	}
	entry := Request{Method: "SOAP"}
	if r.Method != http.MethodPost {
		s.turnAway(w, entry, soapFault(http.StatusMethodNotAllowed, "soap:Client", "Use POST."), "not a POST")
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "text/xml" {
		s.turnAway(w, entry, soapFault(http.StatusUnsupportedMediaType, "soap:Client", "Use text/xml."), "Content-Type is not text/xml")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.turnAway(w, entry, soapFault(http.StatusRequestEntityTooLarge, "soap:Client", "Too long."), "body is too long or was cut")
		return
	}
	env, err := parseEnvelope(body)
	if err != nil {
		s.turnAway(w, entry, soapFault(http.StatusInternalServerError, "soap:Client", "Unable to read the envelope."), "unreadable envelope")
		return
	}
	i := slices.IndexFunc(soapMethods, func(m soapMethod) bool { return m.name == env.Method })
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	if i < 0 || action != "" && action != serviceSpace+"/"+env.Method {
		s.turnAway(w, entry, soapFault(http.StatusInternalServerError, "soap:Client",
			"Server did not recognize the value of HTTP Header SOAPAction."), "unknown method, or SOAPAction names another one")
		return
	}
	s.exchange(w, r, env.Method, soapNotation{s}, func(entry *Request) (any, error) {
		return s.dispatch(soapMethods[i], env, bearerOf(r), entry)
	})
}

// dispatch checks what all calls have in common (izly-today §1.1) and runs the method.
func (s *Server) dispatch(m soapMethod, env envelope, bearer string, entry *Request) (any, error) {
	if env.EnvelopeSpace != envelopeSpace || env.MethodSpace != serviceSpace {
		s.violate("%s: wrong XML namespace", m.name)
	}
	for _, c := range common {
		if env.Args[c[0]] != c[1] {
			s.violate("%s: argument %s is not %q", m.name, c[0], c[1])
			return nil, errBadRequest
		}
	}
	for _, name := range m.need {
		if env.Args[name] == "" {
			s.violate("%s: argument %s is missing", m.name, name)
			return nil, errBadRequest
		}
	}
	call := soapCall{env.Args, bearer, entry}
	if m.open {
		return m.run(s, nil, call)
	}
	a, err := s.authorize(m.name, bearer, env.Args["userId"])
	if err != nil {
		return nil, err
	}
	if err := s.checkSID(m.name, a.device, env.Args["sessionId"]); err != nil {
		return nil, err
	}
	return m.run(s, a, call)
}

func bearerOf(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// soapNotation writes answers as izly-today §1.2 shows them: one string that is an encoded document. The
// caller holds mu.
type soapNotation struct{ s *Server }

// entities encodes markup as clients search for it: no CDATA and no hexadecimal entities.
var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

const (
	soapHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n" +
		`<soap:Envelope xmlns:soap="` + envelopeSpace + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>`
	soapTail = `</soap:Body></soap:Envelope>`
)

func (n soapNotation) result(method string, v any) reply {
	inner, err := xml.Marshal(v)
	if err != nil {
		return n.failure()
	}
	filled, around := without(string(inner), n.s.omitted), ""
	if n.s.attack.Method == method {
		filled, around = n.s.attack.fill(filled, n.s.lastID), n.s.attack.around()
		n.s.lastID += int64(n.s.attack.Size) // so that no number comes twice
	}
	doc := entities.Replace(filled)
	return reply{http.StatusOK, "text/xml; charset=utf-8", soapHead + around +
		"<" + method + `Response xmlns="` + serviceSpace + `"><` + method + "Result>" + doc +
		"</" + method + "Result></" + method + "Response>" + soapTail}
}

// errorDoc is /E (izly-today §1.3). What Error holds is not known.
type errorDoc struct {
	XMLName xml.Name `xml:"E"`
	Error   string
	Code    int
	Msg     string
	Prio    int
	Title   string
}

func (n soapNotation) refusal(method string, r *refusal) reply {
	return n.result(method, errorDoc{Error: "ERROR", Code: r.Code, Msg: r.Msg, Prio: r.Prio, Title: "Erreur"})
}

func (soapNotation) failure() reply {
	return soapFault(http.StatusInternalServerError, "soap:Server", "Server was unable to process request.")
}

func soapFault(status int, code, text string) reply {
	return reply{status, "text/xml; charset=utf-8", soapHead + "<soap:Fault><faultcode>" + code + "</faultcode><faultstring>" +
		text + "</faultstring><detail/></soap:Fault>" + soapTail}
}

// without takes the elements of some names out of a document of ours, which has no attributes but NB.
func without(doc string, names map[string]bool) string {
	for name := range names {
		for {
			from := strings.Index(doc, "<"+name+">")
			to := strings.Index(doc, "</"+name+">")
			if from < 0 || to < from {
				break
			}
			doc = doc[:from] + doc[to+len(name)+3:]
		}
	}
	return doc
}
