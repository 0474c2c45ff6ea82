package izly

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// Paths of the 3-D Secure page (izly-today §7.5). Those of the bank are ours.
const (
	pathValidate   = "/tools/PaymentCB/ValidatePayment3DSDalenys"
	pathBank       = "/tools/PaymentCB/SimulatedBank"
	pathBankDone   = "/tools/PaymentCB/RetourRechargement"
	pathBankFailed = "/tools/PaymentCB/ErreurRechargement"
)

// challenge is a top-up that waits for its owner at the bank's page.
type challenge struct {
	operation int64
	url       string
}

// challenge opens one and gives RDURL and RDPARAMS.
func (s *Server) challenge(a *account, o Operation) (url, params string) {
	url, params = s.cfg.SiteURL+pathBank, reference()
	a.challenges[params] = &challenge{o.ID, url}
	return url, params
}

var bankPage = template.Must(template.New("bank").Parse(`<h1>Banque de démonstration</h1>
<p>Rechargement de {{.Amount}} € avec la carte « {{.Card}} ».</p>
<form method="post" action="` + pathBank + `"><input type="hidden" name="data" value="{{.Data}}">
<button name="decision" value="accept">Accepter</button> <button name="decision" value="refuse">Refuser</button></form>`))

// serveBankPage takes the form that an app posts: actionUrl=<RDURL>&data=<RDPARAMS>.
func (s *Server) serveBankPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	data := r.PostFormValue("data")
	s.mu.Lock()
	defer s.mu.Unlock()
	a, c := s.findChallenge(data)
	if a == nil || r.PostFormValue("actionUrl") != c.url {
		s.violate("3-D Secure: actionUrl and data are not those of a top-up in progress")
		page(http.StatusBadRequest, "Paiement inconnu.").writeTo(w)
		return
	}
	o := a.operation(c.operation)
	var b strings.Builder
	// A strings.Builder takes every write and the template is ours: there is no error to have.
	_ = bankPage.Execute(&b, struct{ Amount, Card, Data string }{decimal(o.Credit), o.Party, data})
	page(http.StatusOK, b.String()).writeTo(w)
}

// serveBankDecision ends a challenge, once, and redirects to the page whose name the app looks for.
func (s *Server) serveBankDecision(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	target := pathBankFailed
	if s.settle(r.PostFormValue("data"), r.PostFormValue("decision") == "accept") {
		target = pathBankDone
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// settle credits or fails the top-up of a challenge. It tells whether money moved.
func (s *Server) settle(params string, accepted bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, c := s.findChallenge(params)
	if a == nil {
		return false
	}
	delete(a.challenges, params)
	o := a.operation(c.operation)
	if !accepted || a.balance+o.Credit > maxBalance {
		o.Status = statusFailed
		return false
	}
	o.Status = statusDone
	a.balance += o.moved()
	a.updated = s.now()
	return true
}

func (s *Server) serveBankDone(w http.ResponseWriter, r *http.Request) {
	text := "Le rechargement est fait."
	if r.URL.Path == pathBankFailed {
		text = "Le rechargement n'a pas eu lieu."
	}
	page(http.StatusOK, text).writeTo(w)
}

func (s *Server) findChallenge(params string) (*account, *challenge) {
	for _, a := range s.accounts {
		if c := a.challenges[params]; c != nil {
			return a, c
		}
	}
	return nil, nil
}

// operation is the one with an id that must exist.
func (a *account) operation(id int64) *Operation {
	i := slices.IndexFunc(a.operations, func(o Operation) bool { return o.ID == id })
	return &a.operations[i]
}
