package pronote

import (
	"encoding/hex"
	"strings"
	"time"
)

// qrLife is how long a QR code can be used (pronote-today §5.4).
const qrLife = 10 * time.Minute

// appToken is JetonAppliMobile: what a QR code holds, sealed with a PIN that the person chose (pronote-today §5.4).
func (c *call) appToken() (object, *refusal) {
	var pin string
	if !c.in.read(&pin, "code") || len(pin) != 4 || strings.Trim(pin, "0123456789") != "" {
		c.srv.violation("JetonAppliMobile: code is not a PIN of four digits")
		return nil, refuse(codeCannotShow)
	}
	token := strings.ToUpper(hex.EncodeToString(randomBytes(24)))
	c.srv.mu.Lock()
	c.ses.account.qrToken, c.ses.account.qrUntil = token, c.srv.now().Add(qrLife)
	c.srv.mu.Unlock()
	key := hash([]byte(pin))
	return object{
		"jeton": encryptHex(key, zeroIV(), []byte(token)),
		"login": encryptHex(key, zeroIV(), []byte(c.ses.account.Username)),
	}, nil
}

// secondFactor checks the PIN of a device that is not known yet (pronote-today §5.6).
func (c *call) secondFactor() (object, *refusal) {
	var action int
	if !c.in.read(&action, "action") {
		c.srv.violation("SecurisationCompteDoubleAuth: no action")
		return nil, refuse(codeCannotShow)
	}
	var sealed string
	c.in.read(&sealed, "codePin")
	pin, err := decryptHex(c.ses.key, c.ses.iv, sealed)
	right := err == nil && string(pin) == c.srv.currentFaults().pin
	switch action {
	case 0:
		return object{"result": right}, nil
	case 2:
		return object{"dejaConnu": false}, nil
	case 3:
		if !right {
			return nil, refuse(codeForbidden)
		}
		c.ses.stage = stageLoggedIn
		return object{}, nil
	}
	return nil, refuse(codeCannotShow)
}
