package pronote

import (
	"html"
	"net/http"
	"strings"
)

// page is what opening a space tells: the session that the server made and how to talk to it.
type page struct {
	start   start
	version version
	dialect dialect
}

// readPage understands the answer to the request for a space's page, or says what else it is. serverHeader is
// the HTTP header Server.
func readPage(status int, serverHeader, body string) (page, error) {
	st, err := findStart(body)
	if err != nil || status != http.StatusOK {
		return page{}, whatPage(status, body)
	}
	p := page{start: st, version: parseVersion(pageVersionPattern, body)}
	if p.version == (version{}) {
		p.version = parseVersion(versionPattern, serverHeader)
	}
	p.dialect = chooseDialect(p.version, st)
	return p, nil
}

// pageSigns are texts of pages that are not the login page, most telling first, pronote-today §3.5.
var pageSigns = []struct {
	text string // in lower case
	err  error
}{
	{"adresse ip est provisoirement suspendue", ErrSuspended},
	{"ip address is temporarily suspended", ErrSuspended},
	{"le site est momentanément indisponible", ErrBusy},
	{"le site n'est pas disponible", ErrUnavailable},
	{`type="password"`, ErrNeedsENT},
	{`type='password'`, ErrNeedsENT},
	{"type=password", ErrNeedsENT},
	{"navigateur", ErrBrowserRefused},
	{"browser", ErrBrowserRefused},
}

// whatPage names a page without Start. A foreign page may well contain one of the words: those about the
// browser count only where PRONOTE speaks.
func whatPage(status int, body string) error {
	body = strings.ReplaceAll(strings.ToLower(html.UnescapeString(body)), "’", "'")
	ours := strings.Contains(body, "pronote")
	for _, sign := range pageSigns {
		if strings.Contains(body, sign.text) && (ours || sign.err != ErrBrowserRefused) {
			return sign.err
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status == http.StatusServiceUnavailable:
		return ErrUnavailable
	case status >= http.StatusInternalServerError:
		return ErrServer
	case !ours || status == http.StatusNotFound:
		return ErrNotPronote
	}
	return &ReplyError{opPage, errNoStart.Error()}
}

// opPage names the request for a space's page in errors, where functions have their own name.
const opPage = "page"
