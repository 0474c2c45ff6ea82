package pronote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// functionParameters is the first function of every session.
const functionParameters = "FonctionParametres"

// call is one request being served.
type call struct {
	srv  *Server
	ses  *session
	name string // of the function
	in   secured
	// pupil is the child that the request is about: the pupil of the account, or the one that a parent named.
	pupil *pupil
}

// function is one remote function: when it may be called, from which tab, and what it does.
type function struct {
	from, to stage
	tab      int // 0: none needed
	handle   func(*call) (object, *refusal)
}

// functions is the table of what this school answers. Anything else is code 21.
var functions = map[string]function{
	functionParameters:             {stageOpened, stageOpened, 0, (*call).parameters},
	"Identification":               {stageAgreed, stageIdentified, 0, (*call).identification},
	"Authentification":             {stageIdentified, stageIdentified, 0, (*call).authentification},
	"SecurisationCompteDoubleAuth": {stageSecuring, stageSecuring, 0, (*call).secondFactor},
	"ParametresUtilisateur":        {stageSecuring, stageLoggedIn, 0, (*call).userParameters},
	"Presence":                     {stageLoggedIn, stageLoggedIn, tabHome, (*call).keepAlive},
	"Navigation":                   {stageLoggedIn, stageLoggedIn, tabHome, (*call).keepAlive},
	"JetonAppliMobile":             {stageLoggedIn, stageLoggedIn, tabHome, (*call).appToken},
	"SaisieDeconnexion":            {stageAgreed, stageLoggedIn, 0, (*call).logout},
	"PageEmploiDuTemps":            {stageLoggedIn, stageLoggedIn, tabTimetable, (*call).timetable},
	"DernieresNotes":               {stageLoggedIn, stageLoggedIn, tabGrades, (*call).lastGrades},
	"PageCahierDeTexte":            {stageLoggedIn, stageLoggedIn, tabHomework, (*call).workToDo},
	"SaisieTAFFaitEleve":           {stageLoggedIn, stageLoggedIn, tabHomework, (*call).tickWork},
}

// answer is what goes back over HTTP: a body with status 200, another status, or a cut connection.
type answer struct {
	body   []byte
	status int
	drop   bool
}

// serveCall is the endpoint appelfonction/<space>/<session>/<order>. Everything is done and written down before the first
// byte goes back, so that whoever has the answer finds the session free and the journals complete.
func (s *Server) serveCall(w http.ResponseWriter, r *http.Request, path string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	rec := Request{Method: r.Method, Body: digest(body)}
	out := answer{status: http.StatusRequestEntityTooLarge}
	if err == nil {
		out = s.accept(r, path, body, &rec)
	}
	s.record(rec)
	attack, hostile := s.attackOn(rec.Function)
	switch {
	case out.drop:
		panic(http.ErrAbortHandler)
	case out.status != 0:
		http.Error(w, "", out.status)
	case hostile && attack.write(w):
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(out.body) // a client that went away may ask for it again
	}
}

// accept finds the session of a request and serves it there.
func (s *Server) accept(r *http.Request, path string, body []byte, rec *Request) answer {
	parts := strings.Split(path, "/")
	if r.Method != http.MethodPost || len(parts) != 4 {
		s.violation("%s %s: a POST to appelfonction/space/session/order was wanted", r.Method, path)
		return answer{status: http.StatusNotFound}
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		s.violation("Content-Type %q: application/json was wanted", r.Header.Get("Content-Type"))
	}
	kind, errKind := strconv.Atoi(parts[1])
	number, errNumber := strconv.Atoi(parts[2])
	env, err := parseEnvelope(s.dialect, body)
	rec.Function, rec.Session, rec.Repeated = env.function, number, env.repeated
	if err != nil {
		s.violation("%v", err)
		return refuse(codeCannotShow).answer()
	}
	ses := s.session(number)
	if errKind != nil || errNumber != nil || ses == nil {
		return refuse(codeExpired).answer()
	}
	if kind != ses.space.kind || env.session != number {
		s.violation("%s: space %d, session %d in the envelope: the page gave space %d, session %d",
			env.function, kind, env.session, ses.space.kind, number)
		return ses.endWith(refuse(codeExpired))
	}
	if !ses.mu.TryLock() {
		s.violation("%s: two requests at a time in one session", env.function)
		return ses.endWith(refuse(codeExpired))
	}
	defer ses.mu.Unlock()
	return s.serveInSession(ses, env, parts[3], body, rec)
}

func (s *Server) session(number int) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[number]
}

// serveInSession checks the order and opens the request. The session is locked.
func (s *Server) serveInSession(ses *session, env envelope, segment string, body []byte, rec *Request) answer {
	if !ses.touch(s.clock()) {
		return refuse(codeExpired).answer()
	}
	if sameHex(segment, ses.last.segment) {
		if env.repeated && sameRequest(body, ses.last.body) {
			return answer{body: ses.last.answer}
		}
		s.violation("%s: an order was used twice, and not as the same request marked echecReseau", env.function)
		return ses.endWith(refuse(codeBadOrder))
	}
	if !sameHex(segment, ses.order(ses.next)) || !sameHex(segment, env.order) {
		s.violation("%s: %s", env.function, ses.explainOrder(segment, env.order))
		return ses.endWith(refuse(codeBadOrder))
	}
	plain, err := s.codec.open(ses.key, ses.iv, env.secured)
	if err != nil {
		s.violation("%s: the secured part %v", env.function, err)
		return ses.endWith(refuse(codeUndecipher))
	}
	in, err := parseSecured(s.dialect, env.function, plain)
	if err != nil {
		s.violation("%s: %v", env.function, err)
		return ses.endWith(refuse(codeCannotShow))
	}
	rec.Tab = in.signature.Onglet
	return s.carryOut(ses, env.function, in, exchange{segment: segment, body: body})
}

// explainOrder says in words what is wrong with an order.
func (s *session) explainOrder(segment, inEnvelope string) string {
	if !sameHex(segment, inEnvelope) {
		return "the order in the address is not the one in the envelope"
	}
	plain, err := decryptHex(s.key, s.iv, segment)
	if err != nil {
		return "the order is not encrypted under the key and IV of this moment"
	}
	return fmt.Sprintf("order %.12q where %d was due", plain, s.next)
}

// carryOut runs the function and seals what it says. The request counts, even when it is refused.
func (s *Server) carryOut(ses *session, function string, in secured, ex exchange) answer {
	data, refused := s.run(ses, function, in)
	if refused != nil && refused.fatal {
		return ses.endWith(refused)
	}
	reply, err := s.reply(ses, function, data, refused)
	if err != nil {
		s.log.Error("answer cannot be written", "function", function, "error", err)
		return answer{status: http.StatusInternalServerError}
	}
	ses.next += 2
	ex.answer = reply
	ses.last = ex
	if ses.newKey != nil {
		ses.key, ses.newKey = ses.newKey, nil
	}
	return answer{body: reply, drop: s.take(func(f *faults) map[string]int { return f.dropped }, function)}
}

// run finds the function and checks that it may be called now and from that tab.
func (s *Server) run(ses *session, name string, in secured) (object, *refusal) {
	f, known := functions[name]
	if !known {
		s.violation("%s: no such function", name)
		return nil, refuse(codeCannotShow)
	}
	if ses.stage < f.from || ses.stage > f.to {
		s.violation("%s: called %s", name, ses.stage)
		return nil, refuse(codeExpired)
	}
	c := &call{srv: s, ses: ses, name: name, in: in}
	if ses.account != nil {
		if refused := c.findPupil(); refused != nil {
			return nil, refused
		}
	}
	if f.tab != 0 {
		switch {
		case !in.signed:
			s.violation("%s: no signature", name)
			return nil, refuse(codeForbidden)
		case in.signature.Onglet != f.tab:
			s.violation("%s: tab %d in the signature, its tab is %d", name, in.signature.Onglet, f.tab)
			return nil, refuse(codeForbidden)
		case s.tabHidden(f.tab):
			return nil, refuse(codeForbidden)
		}
	}
	return f.handle(c)
}

// reply is the whole answer as it travels.
func (s *Server) reply(ses *session, function string, data object, refused *refusal) ([]byte, error) {
	n := s.dialect.names
	order := ses.next + 1
	if s.take(func(f *faults) map[string]int { return f.forged }, function) {
		order += 2
	}
	envelope := object{"session": ses.number, n.function: function, n.order: ses.order(order)}
	part := object{"nom": function}
	switch {
	case refused == nil:
		if member := s.omittedMember(function); member != "" {
			delete(data, member)
		}
		if attack, hostile := s.attackOn(function); hostile {
			var err error
			if data, err = attack.fill(data); err != nil {
				return nil, err
			}
			if attack.Filling == FillEnvelope {
				attack.addMembers(envelope)
			}
		}
		part[n.data], part[n.signature] = data, object{}
	case s.dialect.innerErr && ses.stage == stageLoggedIn:
		part["Erreur"] = refused.wire()
	default:
		envelope["Erreur"] = refused.wire()
		return marshalASCII(envelope)
	}
	sealed, err := s.codec.seal(ses.key, ses.iv, part)
	if err != nil {
		return nil, err
	}
	envelope[n.secured] = sealed
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err = enc.Encode(envelope)
	return out.Bytes(), err
}
