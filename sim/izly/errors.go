package izly

import "errors"

// Codes of refusals that are known (izly-today §1.3).
const (
	codeBlocked        = 102 // on Logon
	codeWrongCode      = 105
	codeRefused        = 120 // a validation, such as an activation code
	codeExpired        = 140 // the session was good once
	codeNoSession      = 141 // it never was
	codeBlockedSession = 506 // blocked, told on other calls
	codeBadOTP         = 512 // and bad print (G)
	codeBadToken       = 570
	codeNotRefreshable = 571
)

// Codes that nobody has seen; the range is ours (izly-today §1.3: "9001-9099 for the rest").
const (
	codeBadRequest  = 9001
	codeBadAmount   = 9002
	codeOutOfBounds = 9003
	codeBalanceCap  = 9004
	codeUnknownCard = 9005
	codeNotPrepared = 9006
	codeBadCode     = 9007 // payment QR code
)

// Priorities of refusals (izly-today §1.3).
const (
	prioFatal    = 1 // the app forgets its tokens
	prioBlocking = 2
	prioInfo     = 3
)

// refusal is a business error: /E in SOAP, an object with Code in REST, both with HTTP status 200.
type refusal struct {
	Code, Prio int
	Msg        string
}

func (r *refusal) Error() string { return r.Msg }

func refuse(code, prio int, msg string) error { return &refusal{code, prio, msg} }

// The refusals that several calls share.
var (
	errWrongCode   = refuse(codeWrongCode, prioBlocking, "Votre code secret est incorrect.")
	errBlocked     = refuse(codeBlocked, prioFatal, "Votre compte est bloqué.")
	errBlockedCall = refuse(codeBlockedSession, prioFatal, "Votre compte est bloqué.")
	errExpired     = refuse(codeExpired, prioBlocking, "Votre session a expiré.")
	errNoSession   = refuse(codeNoSession, prioBlocking, "Votre session est invalide.")
	errBadOTP      = refuse(codeBadOTP, prioBlocking, "Erreur d'authentification.")
	errBadToken    = refuse(codeBadToken, prioFatal, "Votre jeton est invalide.")
	errElsewhere   = refuse(codeNotRefreshable, prioFatal, "Votre compte a été activé sur un autre appareil.")
	errNotPrepared = refuse(codeNotPrepared, prioInfo, "Aucun rechargement n'est en attente de confirmation.")
	errUnknownCard = refuse(codeUnknownCard, prioInfo, "Cette carte bancaire est inconnue.")
	errBadAmount   = refuse(codeBadAmount, prioInfo, "Le montant est illisible.")
	errOutOfBounds = refuse(codeOutOfBounds, prioInfo, "Le montant doit être compris entre 10 € et 250 €.")
	errBalanceCap  = refuse(codeBalanceCap, prioInfo, "Le solde de votre compte dépasserait 250 €.")
	errBadRequest  = refuse(codeBadRequest, prioBlocking, "Requête incomplète.")
	errBadLink     = refuse(codeRefused, prioBlocking, "Ce code d'activation n'est pas valable.")
)

// codeOf is the number a journal shows: 0 for success.
func codeOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return 0
}
