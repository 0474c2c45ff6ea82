package izly

import (
	"errors"
	"net/http"
	"strconv"
)

// reply is an answer ready to be written.
type reply struct {
	status      int
	contentType string
	body        string
}

// notation turns what a method says into an answer: the SOAP way or the REST way.
type notation interface {
	result(method string, v any) reply
	refusal(method string, r *refusal) reply
	failure() reply // HTTP 500
}

// exchange runs one call with the fault that is planned for it, writes the answer and the journal. The
// call runs under mu and gives a value for the notation, or a refusal; any other error is our bug.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, method string, n notation, call func(*Request) (any, error)) {
	entry := Request{Method: method}
	f := s.takeFault(method)
	if f.kind == holdCall {
		select {
		case <-f.release:
		case <-r.Context().Done():
			f.kind = dropBefore
		}
	}
	var out reply
	switch f.kind {
	case dropBefore:
		s.drop(entry)
	case serverFail:
		out = n.failure()
	case refuseCall:
		entry.Code = f.refusal.Code
		out = n.refusal(method, f.refusal)
	default:
		out = s.call(method, n, call, &entry)
	}
	switch f.kind {
	case dropAfter:
		s.drop(entry)
	case cutAnswer:
		out.body = out.body[:len(out.body)/2]
	}
	entry.Status = out.status
	s.record(entry)
	if attack, hostile := s.attackOn(method); hostile {
		if attack.write(w) {
			return
		}
		out.body = attack.fillREST(out.body)
	}
	out.writeTo(w)
}

func (s *Server) call(method string, n notation, call func(*Request) (any, error), entry *Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := call(entry)
	if err == nil {
		return n.result(method, v)
	}
	entry.Code = codeOf(err)
	if r := (*refusal)(nil); errors.As(err, &r) {
		return n.refusal(method, r)
	}
	s.cfg.Log.Error("izly sim: call", "method", method, "err", err)
	return n.failure()
}

// drop ends the connection.
func (s *Server) drop(entry Request) {
	s.record(entry)
	panic(http.ErrAbortHandler)
}

// turnAway answers what never became a call, and notes why.
func (s *Server) turnAway(w http.ResponseWriter, entry Request, out reply, why string) {
	s.mu.Lock()
	s.violate("%s: %s", entry.Method, why)
	s.mu.Unlock()
	entry.Status = out.status
	s.record(entry)
	out.writeTo(w)
}

func (p reply) writeTo(w http.ResponseWriter) {
	w.Header().Set("Content-Type", p.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(p.body)))
	w.Header().Set("Cache-Control", "private, max-age=0")
	w.WriteHeader(p.status)
	_, _ = w.Write([]byte(p.body)) // the client may be gone
}
