package izly

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	activationLife  = 15 * time.Minute // G
	activationTries = 5                // wrong OTPs before a code is dead; G
)

// activation is the code of the newest SMS.
type activation struct {
	code    string
	actCode string // what the link hands out; equal to code unless Config.DistinctActCode
	expires time.Time
	tries   int
}

type message struct{ phone, link string }

// sendSMS makes a new code, which kills the one before, and puts its link into the outbox.
func (s *Server) sendSMS(a *account) {
	code := activationCode()
	a.activation = &activation{code: code, actCode: code, expires: s.now().Add(activationLife)}
	if s.cfg.DistinctActCode {
		a.activation.actCode = activationCode()
	}
	link := s.cfg.SiteURL + "/tools/Activation/" + a.Phone + "/" + code
	a.links = append(a.links, link)
	s.outbox = append(s.outbox, message{a.Phone, link})
}

// activationCode makes eight characters that are base64 of six bytes, so that the same SMS serves both
// worlds (izly-today §11).
func activationCode() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz234567"
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// pending is the account's activation while it can be used, or nil.
func (s *Server) pending(a *account) *activation {
	if a.activation == nil || !s.now().Before(a.activation.expires) {
		return nil
	}
	return a.activation
}

// serveActivation redirects to the app while the code is good (izly-today §2.3). The seed's world knows no
// redirect: its link is only there to be read.
func (s *Server) serveActivation(w http.ResponseWriter, r *http.Request) {
	target := s.appLink(r.PathValue("phone"), r.PathValue("code"))
	out := page(http.StatusOK, "Ce lien n'est pas ou plus valable.")
	switch {
	case s.cfg.SeedWorld:
		out = page(http.StatusOK, "Ouvrez ce lien sur le téléphone qui porte l'application.")
	case target != "":
		w.Header().Set("Location", target)
		out = page(http.StatusFound, "Ouverture de l'application.")
	}
	s.record(Request{Method: "Activation", Status: out.status})
	out.writeTo(w)
}

func (s *Server) appLink(phone, code string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(phone)
	if a == nil {
		return ""
	}
	p := s.pending(a)
	if p == nil || p.code != code {
		return ""
	}
	return "izly://SBSCR/" + a.Phone + "/" + p.actCode
}

// serveOutbox shows the SMS, one a line: phone, space, link; newest last.
func (s *Server) serveOutbox(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	var b strings.Builder
	for _, m := range s.outbox {
		fmt.Fprintf(&b, "%s %s\n", m.phone, m.link)
	}
	s.mu.Unlock()
	reply{http.StatusOK, "text/plain; charset=utf-8", b.String()}.writeTo(w)
}

// page is a little HTML page; content is HTML of ours.
func page(status int, content string) reply {
	return reply{status, "text/html; charset=utf-8", "<!DOCTYPE html><html lang=\"fr\"><meta charset=\"utf-8\">" +
		"<title>Izly (simulateur)</title><body>" + content + "</body></html>\n"}
}
