package pronote

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"text/template"
)

// space is one kind of account: a page, and the number that stands in every address and login (pronote-today §3.1).
type space struct {
	page string // file name
	kind int
	who  string // "parent" or "eleve" where the school has accounts, else ""
	name string
}

var spaces = []space{
	{"", 0, "", ""},
	{"mobile.html", 9, "", ""},
	{"direction.html", 16, "", "Espace Direction"},
	{"mobile.direction.html", 17, "", "Espace Direction"},
	{"professeur.html", 1, "", "Espace Professeurs"},
	{"mobile.professeur.html", 8, "", "Espace Professeurs"},
	{"viescolaire.html", 13, "", "Espace Vie scolaire"},
	{"mobile.viescolaire.html", 14, "", "Espace Vie scolaire"},
	{"parent.html", 2, "parent", "Espace Parents"},
	{"mobile.parent.html", 7, "parent", "Espace Parents"},
	{"accompagnant.html", 25, "", "Espace Accompagnants"},
	{"mobile.accompagnant.html", 26, "", "Espace Accompagnants"},
	{"eleve.html", 3, "eleve", "Espace Élèves"},
	{"mobile.eleve.html", 6, "eleve", "Espace Élèves"},
	{"entreprise.html", 4, "", "Espace Entreprise"},
	{"mobile.entreprise.html", 39, "", "Espace Entreprise"},
	{"academie.html", 5, "", "Espace Académie"},
	{"inscription.html", 18, "", "Espace Inscription"},
}

func spaceOf(page string) (space, bool) {
	for _, sp := range spaces {
		if sp.page == page {
			return sp, true
		}
	}
	return space{}, false
}

// pageTemplate is both forms of the page: Start in the body's onload, or in an inline script with a semicolon after it
// (pronote-today §3.3). The footer is what some clients read the version from. It is a text template, since nothing in
// it comes from outside and escaping would change Start.
var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="fr" xmlns="http://www.w3.org/1999/xhtml">
 <head>
  <meta charset="utf-8">
  <title>PRONOTE - {{.School}}</title>
 </head>
 {{if .Script}}<body id="id_body" role="application" class="EspaceIndex">
  <script>
{{.Start}}
  </script>
{{else}}<body id="id_body" role="application" onload="{{.Start}}" class="EspaceIndex">
{{end}}  <h1>{{.School}}</h1>
{{range .Links}}  <p><a href="{{.Page}}">{{.Name}}</a></p>
{{end}}  <footer><a href="#">PRONOTE {{.Version}}</a></footer>
 </body>
</html>
`))

type link struct{ Page, Name string }

// servePage gives a login page, and with it a new session (seed-pronote, Session creation, step 1).
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, page string) {
	sp, known := spaceOf(page)
	if !known {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "", http.StatusMethodNotAllowed)
		return
	}
	s.record(Request{Method: r.Method, Function: cmp.Or(page, "/")})
	if !supported(r.UserAgent()) {
		s.writePage(w, http.StatusOK, incompatiblePage)
		return
	}
	if attack, hostile := s.attackOn(PageFunction); hostile && attack.write(w) {
		return
	}
	ses := s.newSession(sp, clientHost(r), s.clock())
	values := struct {
		School, Version string
		Script          bool
		Start           string
		Links           []link
	}{School: schoolName, Version: s.dialect.version.String(), Script: s.dialect.script, Start: s.startCall(ses)}
	if sp.kind == 0 || sp.kind == 9 {
		values.Links = links(sp.kind == 9)
	}
	var html bytes.Buffer
	if err := pageTemplate.Execute(&html, values); err != nil {
		s.log.Error("page cannot be written", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	s.writePage(w, http.StatusOK, html.String())
}

// startCall is the call that carries the session's parameters. A false flag is left out: some clients take any text for
// true (pronote-today §1.4). Flag "http" is never sent, since only the real servers can read what is encrypted then.
func (s *Server) startCall(ses *session) string {
	if s.dialect.script {
		args := fmt.Sprintf(`"h":%d,"a":%d,"d":false,"g":0`, ses.number, ses.space.kind)
		for _, flag := range s.flags() {
			args += fmt.Sprintf(`,"%s":true`, flag)
		}
		return "try{Start ({" + args + "});}catch(e){messageErreur (e);}"
	}
	args := fmt.Sprintf("h:'%d',a:%d,d:false,g:0", ses.number, ses.space.kind)
	for _, flag := range s.flags() {
		args += "," + flag + ":true"
	}
	if s.dialect.ownRSA {
		args += fmt.Sprintf(",MR:'%X',ER:'%06X'", rsaKey().N, rsaKey().E)
	}
	return "try { Start ({" + args + "}) } catch (e) { messageErreur (e) } "
}

// flags are those that are true on this page.
func (s *Server) flags() []string {
	var flags []string
	if s.dialect.skipFlags {
		if !s.codec.encrypt {
			flags = append(flags, "sCrA")
		}
		if !s.codec.compress {
			flags = append(flags, "sCoA")
		}
		return flags
	}
	if s.codec.encrypt {
		flags = append(flags, "CrA")
	}
	if s.codec.compress {
		flags = append(flags, "CoA")
	}
	return flags
}

func links(mobile bool) []link {
	var links []link
	for _, sp := range spaces {
		if sp.name != "" && strings.HasPrefix(sp.page, "mobile.") == mobile {
			links = append(links, link{sp.page, sp.name})
		}
	}
	return links
}

// supported tells browsers from programs that do not say what they are (seed-pronote, step 1).
func supported(userAgent string) bool {
	return userAgent != "" && !strings.HasPrefix(userAgent, "Go-http-client")
}

func (s *Server) writePage(w http.ResponseWriter, status int, html string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(html)) // a client that went away gets no page
}

// serveInfo is the description that apps read (pronote-today §3.6).
func (s *Server) serveInfo(w http.ResponseWriter, r *http.Request) {
	s.record(Request{Method: r.Method, Function: "InfoMobileApp.json"})
	entries := []object{{"nom": "Espace commun", "URL": "mobile.html"}}
	for _, sp := range spaces {
		if sp.name != "" && strings.HasPrefix(sp.page, "mobile.") {
			entries = append(entries, object{"nom": sp.name, "URL": sp.page, "genreEspace": sp.kind})
		}
	}
	cas := object{"actif": false}
	if to := s.requiredENT(); to != "" {
		cas = object{"actif": true, "casURL": to, "jetonCAS": "0123456789ABCDEF"}
	}
	s.writeJSON(w, object{
		"version": s.dialect.version[:3], "nomEtab": schoolName, "date": s.clock().Format("02/01/2006 15:04:05"),
		"modeModif": false, "collectivite": object{"genreCollectivite": 0}, "espaces": entries, "CAS": cas,
	})
}
