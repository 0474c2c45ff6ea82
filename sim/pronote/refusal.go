package pronote

import "encoding/json"

// Numbers in Erreur.G (pronote-today §5.8).
const (
	codeForbidden     = 3
	codeExpired       = 8
	codeBadOrder      = 11
	codeUndecipher    = 13
	codeUnknownObject = 20
	codeCannotShow    = 21
	codeStaleObject   = 22
	codeTooMany       = 25
)

// refusal is an error answer.
type refusal struct {
	code  int
	title string
	fatal bool // the session is over
}

// titles are the texts beside the numbers. Clients of today read them, not the numbers (pronote-today §5.8).
var titles = map[int]string{
	codeForbidden:     "Accès refusé",
	codeExpired:       "La page a expiré ! (1)",
	codeBadOrder:      "La page a expiré ! (4)",
	codeUndecipher:    "La page a expiré ! (6)",
	codeUnknownObject: "La donnée demandée n'existe pas.",
	codeCannotShow:    "Impossible d'afficher la page (3)",
	codeStaleObject:   "La donnée demandée n'est plus accessible.",
	codeTooMany: "Vous avez dépassé le nombre d'erreurs d'authentification autorisées. " +
		"Veuillez patienter avant de réessayer.",
}

func refuse(code int) *refusal {
	return &refusal{
		code: code, title: titles[code],
		fatal: code == codeExpired || code == codeBadOrder || code == codeUndecipher,
	}
}

func (r *refusal) wire() object {
	return object{"G": r.code, "Titre": r.title, "Message": ""}
}

// answer is a refusal outside any session, or of one that is over: a bare envelope. The status is 200 all the same
// (pronote-today §5.8).
func (r *refusal) answer() answer {
	b, err := json.Marshal(object{"Erreur": r.wire()})
	if err != nil {
		panic(err) // numbers and texts always marshal
	}
	return answer{body: b}
}

// endWith refuses and ends the session.
func (s *session) endWith(r *refusal) answer {
	s.end()
	return r.answer()
}
