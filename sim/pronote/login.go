package pronote

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
)

// Codes of Acces in the answer of Authentification (pronote-today §5.2).
const (
	accessBadCredentials = 1
	accessMessage        = 9
	accessNotThisSpace   = 2
)

// attempt is a login under way: a challenge waits for its solution.
type attempt struct {
	account  *account // nil for a name that nobody has
	key      []byte   // AES key of the challenge
	solution []byte   // what the client has to encrypt
	device   string   // uuidAppliMobile
	wantsApp bool     // a token is wanted for the next login
}

// identificationFields are what every client sends (seed-pronote, Login step 1).
var identificationFields = []string{
	"genreConnexion", "genreEspace", "identifiant", "pourENT", "enConnexionAuto", "demandeConnexionAuto",
	"demandeConnexionAppliMobile", "demandeConnexionAppliMobileJeton", "uuidAppliMobile", "loginTokenSAV",
}

// identification answers with a challenge that only the right secret solves (pronote-today §5.1). A name that nobody has
// gets an answer that looks the same.
func (c *call) identification() (object, *refusal) {
	if missing := c.in.missing(append([]string(nil), identificationFields...)...); len(missing) > 0 {
		c.srv.violation("Identification: without %s", strings.Join(missing, ", "))
	}
	var kind int
	if !c.in.read(&kind, "genreEspace") || kind != c.ses.space.kind {
		c.srv.violation("Identification: genreEspace is not %d, the space of the page", c.ses.space.kind)
		return nil, refuse(codeForbidden)
	}
	if c.srv.tooManyFailures(c.ses.host) {
		c.srv.noteFailure(c.ses.host)
		return nil, refuse(codeTooMany)
	}
	var name, device string
	var app, qr, token bool
	c.in.read(&name, "identifiant")
	c.in.read(&device, "uuidAppliMobile")
	c.in.read(&app, "demandeConnexionAppliMobile")
	c.in.read(&qr, "demandeConnexionAppliMobileJeton")
	c.in.read(&token, "enConnexionAppliMobile")

	who := c.srv.byLogin(name)
	try := &attempt{account: who, device: device, wantsApp: app || qr || token}
	secret, foldLogin, foldPass := rand.Text(), true, false
	if who != nil {
		secret = c.srv.secretOf(who, device, qr, token)
		foldLogin, foldPass = who.foldLogin, who.foldPass
	}
	out := object{"modeCompLog": flag(foldLogin), "modeCompMdp": flag(foldPass)}
	if try.wantsApp {
		out["login"] = name // the name as sent: see pronote-today §2.5
	}
	if foldLogin {
		name = strings.ToLower(strings.TrimSpace(name))
	}
	if foldPass {
		secret = strings.ToLower(secret)
	}
	c.challenge(try, name, secret, out)
	c.ses.login, c.ses.stage = try, stageIdentified
	return out, nil
}

// challenge makes the challenge in the form of the dialect (pronote-today §2.6).
func (c *call) challenge(try *attempt, name, secret string, out object) {
	if c.srv.dialect.nonce {
		nonce := strings.ToUpper(hex.EncodeToString(randomBytes(16)))
		try.key, try.solution = loginKey(name, "", secret), []byte(nonce)
		out["challenge"] = nonce
		return
	}
	alea := strings.ToUpper(hex.EncodeToString(randomBytes(8)))
	clear := rand.Text() + rand.Text()[:6] // 32 characters
	try.key, try.solution = loginKey(name, alea, secret), []byte(clear)
	out["alea"] = alea
	out["challenge"] = encryptHex(try.key, c.ses.iv, []byte(interleave(clear)))
}

// secretOf is what the login has to prove: the password, the device's token, or what the QR code held. Where there is
// none, it is something nobody knows.
func (s *Server) secretOf(a *account, device string, qr, token bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := a.Password
	switch {
	case qr:
		secret = ""
		if s.now().Before(a.qrUntil) {
			secret = a.qrToken
		}
	case token:
		secret = a.tokens[device]
	}
	if secret == "" {
		return rand.Text()
	}
	return secret
}

// authentification checks the solution and gives the key of the session (pronote-today §5.2, §2.7).
func (c *call) authentification() (object, *refusal) {
	var kind, mode int
	if !c.in.read(&kind, "espace") || kind != c.ses.space.kind || !c.in.read(&mode, "connexion") {
		c.srv.violation("Authentification: connexion or espace is missing, or not that of the page")
		return nil, refuse(codeForbidden)
	}
	if c.srv.tooManyFailures(c.ses.host) {
		c.srv.noteFailure(c.ses.host)
		return nil, refuse(codeTooMany)
	}
	try := c.ses.login
	c.ses.login, c.ses.stage = nil, stageAgreed
	var text string
	c.in.read(&text, "challenge")
	solution, err := decryptHex(try.key, c.ses.iv, text)
	if err != nil || try.account == nil || !bytes.Equal(solution, try.solution) {
		c.srv.noteFailure(c.ses.host)
		return object{"Acces": accessBadCredentials}, nil
	}
	c.srv.forgiveFailures(c.ses.host)
	if try.account.Space != c.ses.space.who {
		return object{"Acces": accessNotThisSpace}, nil
	}
	if c.srv.faults.refusal != "" {
		return object{"Acces": accessMessage, "AccesMessage": object{"titre": "Accès refusé", "message": c.srv.faults.refusal}}, nil
	}
	return c.logIn(try), nil
}

func (c *call) logIn(try *attempt) object {
	material := randomBytes(16)
	c.ses.newKey = hash(material)
	c.ses.account, c.ses.stage = try.account, stageLoggedIn
	out := object{
		"libelleUtil": try.account.Name,
		"cle":         encryptHex(try.key, c.ses.iv, []byte(decimalBytes(material))),
	}
	now := c.srv.clock()
	token := c.srv.renew(try, now, out)
	if pin := c.srv.currentFaults().pin; pin != "" && !token {
		c.ses.stage = stageSecuring
		out["actionsDoubleAuth"] = typed(tagSet, "[3]")
		out["modesPossibles"] = typed(tagSet, "[1..3]")
		out["modeSecurisationParDefaut"] = 3
		out["reglesSaisieMDP"] = object{"min": 8, "max": 32, "regles": typed(tagSet, "[0..3]")}
	}
	return out
}

// renew gives the device a new token when it asked for one, and tells whether the device was known before.
func (s *Server) renew(try *attempt, now time.Time, out object) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := try.account
	if a.connected != "" {
		out["derniereConnexion"] = typed(tagDate, a.connected)
	}
	a.connected = now.Format("02/01/2006 15:04:05")
	_, known = a.tokens[try.device]
	if try.wantsApp && try.device != "" {
		token := strings.ToUpper(hex.EncodeToString(randomBytes(24)))
		a.tokens[try.device], a.qrToken = token, ""
		out["jetonConnexionAppliMobile"] = token
	}
	return known
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // never happens: crypto/rand ends the process instead
	}
	return b
}
