package izly

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"strings"
)

// maxFailures is how many wrong codes or OTPs in a row block an account. The real number is unknown.
const maxFailures = 3

// userData says that an SMS was sent (seed-izly III.a).
type userData struct {
	XMLName xml.Name `xml:"UserData"`
	UID     string
	SALT    string
}

// upDoc is a balance (izly-today §3).
type upDoc struct {
	BAL     string
	CASHBAL string
	LUD     string
}

// logonDoc is a full Logon answer (izly-today §3). The empty fields are those that the seed's world lacks.
type logonDoc struct {
	XMLName      xml.Name `xml:"Logon"`
	UID          string
	UserID       int64  `xml:"USER_ID"`
	PublicID     string `xml:"USER_PUBLIC_ID,omitempty"`
	SID          string
	AccessToken  string `xml:"OAUTH>ACCESS_TOKEN"`
	TokenType    string `xml:"OAUTH>TOKEN_TYPE"`
	ExpiresIn    int    `xml:"OAUTH>EXPIRES_IN"`
	RefreshToken string `xml:"OAUTH>REFRESH_TOKEN"`
	Seed         string `xml:"SEED,omitempty"`
	NSSE         string `xml:"NSSE,omitempty"`
	QRKey        string `xml:"QR_CODE_PRIVATE_KEY,omitempty"`
	UP           upDoc
	CUR          string

	MONEYINMIN, MONEYINMAX       string
	MONEYOUTMIN, MONEYOUTMAX     string
	P2PPAYMIN, P2PPAYMAX         string
	P2PPAYPARTMIN, P2PPAYPARTMAX string

	FNAME, LNAME, EMAIL, ALIAS, TOKEN string
}

// logon serves the four forms of Logon, told apart by what is there: actCode ends an enrolment in the
// current world, passOTP alone in the seed's; password with passOTP refreshes; password alone sends an SMS.
func (s *Server) logon(_ *account, c soapCall) (any, error) {
	password, passOTP, actCode := c.args["password"], c.args["passOTP"], c.args["actCode"]
	if c.args["smoneyClientType"] != "PART" {
		s.violate("Logon: smoneyClientType is not PART")
		return nil, errBadRequest
	}
	a := s.find(c.args["user"])
	if a == nil {
		return nil, errWrongCode // who exists is not told
	}
	if a.blocked {
		return nil, errBlocked
	}
	switch {
	case actCode != "":
		c.entry.Kind = "activation"
		return s.activateCurrent(a, actCode)
	case passOTP != "" && password == "":
		c.entry.Kind = "activation"
		return s.activateSeed(a, passOTP)
	case passOTP != "":
		c.entry.Kind = "refresh"
		return s.refreshSOAP(a, password, passOTP)
	case password != "":
		c.entry.Kind = "password"
		return s.askForSMS(a, password)
	}
	s.violate("Logon: neither password, passOTP nor actCode")
	return nil, errBadRequest
}

func (s *Server) askForSMS(a *account, password string) (any, error) {
	if password != a.SecretCode {
		return nil, s.failed(a, errWrongCode)
	}
	a.failures = 0
	s.sendSMS(a)
	return userData{UID: a.Phone, SALT: salt()}, nil
}

// activateSeed ends an enrolment with an OTP of the SMS code, which is the key from now on (seed-izly III.b).
func (s *Server) activateSeed(a *account, given string) (any, error) {
	p := s.pending(a)
	if p == nil {
		return nil, errBadLink
	}
	key, err := base64.StdEncoding.DecodeString(p.code)
	if err != nil {
		return nil, err
	}
	c := counter{key: key}
	if !c.accept(given, s.cfg.Window) {
		if p.tries++; p.tries >= activationTries {
			a.activation = nil
		}
		return nil, errBadOTP
	}
	d := s.enrol(a, key)
	d.counter = c
	return s.logonAnswer(d, false)
}

// activateCurrent ends an enrolment with the code of the link; a SEED is the key from now on
// (izly-today §2.3).
func (s *Server) activateCurrent(a *account, actCode string) (any, error) {
	p := s.pending(a)
	if s.cfg.SeedWorld || p == nil || p.actCode != actCode {
		return nil, errBadLink
	}
	key := make([]byte, 20)
	_, _ = rand.Read(key) // never fails
	d := s.enrol(a, key)
	if err := d.equip(); err != nil {
		return nil, err
	}
	return s.logonAnswer(d, true)
}

// refreshSOAP is seed-izly III.c.
func (s *Server) refreshSOAP(a *account, password, passOTP string) (any, error) {
	if password != a.SecretCode {
		return nil, s.failed(a, errWrongCode)
	}
	if a.device == nil {
		return nil, errElsewhere
	}
	if err := s.checkPassOTP("Logon", a, passOTP); err != nil {
		return nil, err
	}
	if a.askActivation {
		a.askActivation = false
		s.sendSMS(a)
		return userData{UID: a.Phone, SALT: salt()}, nil
	}
	s.renew(a.device)
	return s.logonAnswer(a.device, false)
}

// checkPassOTP takes the secret code followed by an OTP, and uses the OTP up. An OTP of a device that was
// replaced is told as such. A success clears the failures.
func (s *Server) checkPassOTP(method string, a *account, passOTP string) error {
	if a.blocked {
		return errBlocked
	}
	if len(passOTP) != codeLength+otpLength {
		s.violate("%s: passOTP is not the secret code and an OTP", method)
		return s.failed(a, errBadOTP)
	}
	given, prefixed := strings.CutPrefix(passOTP, a.SecretCode)
	if !prefixed {
		return s.failed(a, errWrongCode)
	}
	if a.device.accept(given, s.cfg.Window) {
		a.failures = 0
		return nil
	}
	if a.device.replayed(given) {
		s.violate("%s: an OTP was used twice", method)
	} else if s.knownElsewhere(a, given) {
		return errElsewhere
	}
	return s.failed(a, errBadOTP)
}

// knownElsewhere tells whether an OTP belongs to a former device of the account.
func (s *Server) knownElsewhere(a *account, given string) bool {
	for _, d := range s.tokens {
		if d.owner != a || d == a.device {
			continue
		}
		if _, ok := d.find(given, s.cfg.Window); ok {
			return true
		}
	}
	return false
}

// failed counts a wrong code or OTP and gives err, or word that this one blocked the account.
func (s *Server) failed(a *account, err error) error {
	if a.failures++; a.failures >= maxFailures {
		a.blocked = true
		return errBlocked
	}
	return err
}

// logonAnswer writes the full document; fresh adds the key and identity that only an enrolment gives.
func (s *Server) logonAnswer(d *device, fresh bool) (any, error) {
	a := d.owner
	doc := logonDoc{
		UID: a.Phone, UserID: a.userID, SID: d.sid,
		AccessToken: d.token, TokenType: "bearer", ExpiresIn: int(sessionLife.Seconds()), RefreshToken: d.refreshToken,
		NSSE: d.nsse, UP: s.up(a), CUR: "EUR",
		MONEYINMIN: s.amount(minTopUp), MONEYINMAX: s.amount(maxTopUp),
		MONEYOUTMIN: s.amount(1_00), MONEYOUTMAX: s.amount(250_00),
		P2PPAYMIN: s.amount(1), P2PPAYMAX: s.amount(100_00),
		P2PPAYPARTMIN: s.amount(1), P2PPAYPARTMAX: s.amount(100_00),
		FNAME: a.first, LNAME: a.last, EMAIL: a.email, ALIAS: strings.ToLower(a.first), TOKEN: "kx8v2p",
	}
	if !fresh {
		return doc, nil
	}
	var err error
	doc.Seed, doc.PublicID = d.seed, d.publicID
	doc.QRKey, err = d.privateKey()
	return doc, err
}

// amount writes cents for a SOAP answer.
func (s *Server) amount(cents int64) string {
	if s.commas {
		return strings.Replace(decimal(cents), ".", ",", 1)
	}
	return decimal(cents)
}

func (s *Server) up(a *account) upDoc {
	return upDoc{BAL: s.amount(a.balance), CASHBAL: s.amount(0), LUD: s.stamp(a.updated)}
}
