package pronote

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// channel is one end of a session as the server sees it: names, keys and the count of requests. It turns
// payloads into bodies and back; sending them is Session's part. Keys and IV are kept as the material of
// which the cipher hashes them, pronote-today §2.1.
type channel struct {
	dialect dialect
	codec   cipher.Codec
	space   string      // the page's a
	id      secret.Text // the page's h
	key, iv secret.Text // material
	next    int         // number of the next request; the server's answers have the even ones
}

// request is a numbered call, ready to be sent and, should its answer get lost, to be sent again.
type request struct {
	op       string
	number   int
	order    string
	envelope map[string]any
}

// seal makes the next request. secured goes into the envelope as the page's flags demand.
func (c *channel) seal(op string, secured map[string]any) (request, error) {
	plain, err := json.Marshal(secured)
	if err != nil {
		return request{}, fmt.Errorf("pronote: %s: encode: %w", op, err)
	}
	key, iv := c.material()
	sealed, err := c.codec.Seal(key, iv, plain)
	if err != nil {
		return request{}, fmt.Errorf("pronote: %s: encode: %w", op, err)
	}
	r := request{op: op, number: c.next, order: cipher.EncryptHex(key, iv, strconv.Itoa(c.next))}
	r.envelope = map[string]any{
		"session":          json.Number(c.id.Reveal()),
		c.dialect.function: op,
		c.dialect.order:    r.order,
		c.dialect.secured:  sealed,
	}
	c.next += 2
	return r, nil
}

// path is where the request goes, below the school's address.
func (c *channel) path(r request) string {
	return "/appelfonction/" + c.space + "/" + c.id.Reveal() + "/" + r.order
}

// body is the envelope. A repeated one differs by its marker alone, pronote-today §2.3.
func (r request) body(repeated bool) ([]byte, error) {
	if repeated {
		r.envelope["echecReseau"] = true
	}
	return json.Marshal(r.envelope)
}

// open checks an answer and gives its payload, nil when it has none. The error is an *Error when the server
// refused, and a *ReplyError when the answer is not one to r: then the two ends no longer agree.
func (c *channel) open(r request, body []byte) (json.RawMessage, error) {
	limits := boundsOf(r.op)
	if !cipher.IsObject(body) || !json.Valid(body) {
		return nil, &ReplyError{r.op, "answer is not a JSON object"}
	}
	if err := limits.check(body); err != nil {
		return nil, &ReplyError{r.op, err.Error()}
	}
	reply := parts(body, "Erreur", "session", c.dialect.order, c.dialect.function, c.dialect.secured)
	if err := refusalIn(r.op, reply["Erreur"]); err != nil {
		return nil, err
	}
	if err := c.check(r, reply); err != nil {
		return nil, err
	}
	sealed, found := reply[c.dialect.secured]
	if !found {
		return nil, nil
	}
	key, iv := c.material()
	plain, err := c.codec.Open(key, iv, sealed, limits.bytes)
	if err == nil {
		err = limits.check(plain)
	}
	if err != nil {
		return nil, &ReplyError{r.op, err.Error()}
	}
	secured := parts(plain, "Erreur", c.dialect.signature, c.dialect.payload)
	if err := refusalIn(r.op, secured["Erreur"]); err != nil {
		return nil, err
	}
	if err := softRefusalIn(r.op, secured[c.dialect.signature]); err != nil {
		return nil, err
	}
	return secured[c.dialect.payload], nil
}

// parts gives the members of those names, as parts of a valid object.
func parts(object []byte, names ...string) map[string]json.RawMessage {
	found := make(map[string]json.RawMessage, len(names))
	members(object, func(name, value []byte) {
		if i := slices.Index(names, string(name)); i >= 0 {
			found[names[i]] = value
		}
	})
	return found
}

// check compares session, number and name with the request's, pronote-today §2.3.
func (c *channel) check(r request, reply map[string]json.RawMessage) error {
	var session, order, function text
	for name, field := range map[string]*text{
		"session": &session, c.dialect.order: &order, c.dialect.function: &function,
	} {
		if raw := reply[name]; raw != nil && field.UnmarshalJSON(raw) != nil {
			return &ReplyError{r.op, "unreadable envelope"}
		}
	}
	key, iv := c.material()
	number, err := cipher.DecryptHex(key, iv, string(order))
	switch {
	case string(session) != c.id.Reveal() && session != "0":
		return &ReplyError{r.op, "answer of another session"}
	case err != nil || string(number) != strconv.Itoa(r.number+1):
		return &ReplyError{r.op, "order number does not match"}
	case function != "" && string(function) != r.op:
		return &ReplyError{r.op, "answer of another function"}
	}
	return nil
}

func (c *channel) material() (key, iv []byte) {
	return []byte(c.key.Reveal()), []byte(c.iv.Reveal())
}

// refusalIn reads an error object, which stands in the envelope or at the root of the secured part,
// pronote-today §5.8. None gives nil.
func refusalIn(op string, raw json.RawMessage) error {
	var present truth
	if err := present.UnmarshalJSON(raw); err != nil || !bool(present) {
		return err
	}
	var e struct {
		G       number
		Titre   text
		Message text
	}
	if json.Unmarshal(raw, &e) != nil {
		return refusal(op, CodeNone, "")
	}
	return refusal(op, Code(e.G.N), string(e.Titre)+" "+string(e.Message))
}

// softRefusalIn reads the form of an error that sits in the signature.
func softRefusalIn(op string, raw json.RawMessage) error {
	var signature struct {
		Erreur        truth
		MessageErreur text
	}
	if json.Unmarshal(raw, &signature) != nil || !bool(signature.Erreur) {
		return nil
	}
	return refusal(op, CodeNone, string(signature.MessageErreur))
}
