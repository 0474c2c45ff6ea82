package pronote

import (
	"fmt"
	"net/http"
	"strings"
)

// Outage is a way for a whole school to be out of reach (pronote-today §3.5).
type Outage int

const (
	OutageNone        Outage = iota
	OutageClosed             // the page says that the site is not available
	OutageBusy               // the page says that too many people are connected
	OutageMaintenance        // HTTP 503
	OutageSuspended          // the page says that the address is suspended
)

const (
	notice = "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>PRONOTE</title></head>" +
		"<body><p>%s</p><footer><a href=\"#\">PRONOTE %s</a></footer></body></html>\n"

	textSuspended = "Votre adresse IP est provisoirement suspendue"
	textClosed    = "Le site n'est pas disponible"
	textBusy      = "Le site est momentanément indisponible"

	incompatiblePage = "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>PRONOTE</title></head>" +
		"<body><p>La version de votre navigateur n'est pas compatible. Veuillez utiliser un navigateur récent.</p>" +
		"</body></html>\n"
)

// fromApp tells requests of an app that logs in with a QR code or a token. Those never see a portal (pronote-today §3.2,
// §5.4).
func fromApp(r *http.Request) bool {
	c, err := r.Cookie("appliMobile")
	return err == nil && c.Value == "1"
}

// outage answers in place of the school when it is out of reach or wants another way in, and tells whether it did.
// Every notice holds the version, without which some clients cannot tell it from a foreign page (pronote-today §3.5).
func (s *Server) outage(w http.ResponseWriter, r *http.Request, path string) bool {
	f := s.currentFaults()
	status, text := http.StatusOK, ""
	switch {
	case s.suspended(clientHost(r)):
		text = textSuspended
	case f.outage == OutageClosed:
		text = textClosed
	case f.outage == OutageBusy:
		text = textBusy
	case f.outage == OutageMaintenance:
		status, text = http.StatusServiceUnavailable, textClosed
	case f.ent != "" && r.Method == http.MethodGet && !strings.EqualFold(path, "InfoMobileApp.json") && !fromApp(r):
		s.record(Request{Method: r.Method, Function: path})
		http.Redirect(w, r, f.ent, http.StatusFound)
		return true
	default:
		return false
	}
	s.record(Request{Method: r.Method, Function: path})
	s.writePage(w, status, fmt.Sprintf(notice, text, s.dialect.version))
	return true
}
