package pronote

import (
	"strings"
	"time"
)

// Account is a made-up person who can log in, for `bot sim` to print and for tests.
type Account struct {
	Space    string // "parent" or "eleve"
	Page     string // page of the space, "parent.html"
	Username string
	Password string
	Name     string // as the server shows it
}

// account is an Account with what the login exchange needs. A parent's pupils are the children, in order; a pupil's is
// the pupil.
type account struct {
	Account
	id        string // name of the object behind the identifier
	foldLogin bool   // modeCompLog: the name is compared in lower case
	foldPass  bool   // modeCompMdp: so is the password
	pupils    []string
	tokens    map[string]string // by device; each works once (pronote-today §5.5)
	qrToken   string            // of the last QR code that was not used
	qrUntil   time.Time
	connected string
}

// newAccounts gives each account another pair of case rules, so that a client has to follow them.
func newAccounts() []*account {
	accounts := []*account{
		{
			Account: Account{"parent", "parent.html", "Claire.ROUSSEL", "Tilleul-2611", "Mme ROUSSEL Claire"},
			id:      "claire", foldLogin: true, pupils: []string{"lea", "hugo"},
		},
		{
			Account: Account{"eleve", "eleve.html", "Lea.Roussel", "Marelle-44", "ROUSSEL Léa"},
			id:      "lea", foldLogin: true, foldPass: true, pupils: []string{"lea"},
		},
		{
			Account: Account{"eleve", "eleve.html", "hugo.roussel", "Escalade-77", "ROUSSEL Hugo"},
			id:      "hugo", pupils: []string{"hugo"},
		},
	}
	for _, a := range accounts {
		a.tokens = map[string]string{}
	}
	return accounts
}

// Accounts lists who can log in.
func (s *Server) Accounts() []Account {
	var all []Account
	for _, a := range s.accounts {
		all = append(all, a.Account)
	}
	return all
}

// byLogin finds an account by the name that a client sent.
func (s *Server) byLogin(name string) *account {
	for _, a := range s.accounts {
		if a.Username == name || a.foldLogin && strings.EqualFold(a.Username, strings.TrimSpace(name)) {
			return a
		}
	}
	return nil
}
