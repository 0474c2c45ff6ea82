package izly

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"cartable/core/visible"
)

// restVersion is the version of IsSessionValid (izly-today §9).
const restVersion = "1.0"

// restReply is the answer to IsSessionValid, or a refusal at its root (izly-today §1.3, §9).
type restReply struct {
	Code         int
	ErrorMessage string
	Priority     *int

	IsSessionValidResult *struct {
		UP *struct {
			BAL, CASHBAL restDecimal
			LUD          string
		}
	}
}

// restDecimal is an amount that is written as a number or as a string; both have been met.
type restDecimal string

// UnmarshalJSON keeps the digits as they are.
func (d *restDecimal) UnmarshalJSON(b []byte) error {
	*d = restDecimal(strings.Trim(string(b), `"`))
	return nil
}

// restBalance asks the REST service for the balance, by the one call that serves no other purpose. It is
// nil where the answer has none. Only the current world has this service.
func (w *Wallet) restBalance(ctx context.Context) (*Balance, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	a := w.Account()
	body, err := json.Marshal(map[string]string{"sessionId": a.SessionID.Reveal()})
	if err != nil {
		return nil, &ReplyError{opSessionValid, "session id cannot be sent"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.c.cfg.RESTURL+"/"+opSessionValid, strings.NewReader(string(body)))
	if err != nil {
		return nil, networkError(ctx, opSessionValid, err)
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + a.AccessToken.Reveal(), "Content-Type": "application/json",
		"channel": argChannel, "format": argFormat, "model": argModel, "language": argLanguage,
		"clientVersion": w.c.cfg.Version, "smoneyClientType": clientType, "version": restVersion,
		"userId": a.Phone, "sessionId": a.SessionID.Reveal(),
	} {
		req.Header[name] = []string{value}
	}
	status, text, err := w.c.exchange(ctx, opSessionValid, req)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, &StatusError{Op: opSessionValid, Status: status}
	}
	return w.c.readRESTBalance(text)
}

func (c *Client) readRESTBalance(text string) (*Balance, error) {
	var reply restReply
	if json.Unmarshal([]byte(text), &reply) != nil {
		return nil, &ReplyError{opSessionValid, "not the JSON expected"}
	}
	if reply.ErrorMessage != "" || reply.Code != 0 {
		refused := &Error{Op: opSessionValid, Code: reply.Code, Prio: prioUnknown, Msg: visible.Line(reply.ErrorMessage)}
		if reply.Priority != nil {
			refused.Prio = *reply.Priority
		}
		return nil, refused
	}
	if reply.IsSessionValidResult == nil {
		return nil, &ReplyError{opSessionValid, "no result in it"}
	}
	up := reply.IsSessionValidResult.UP
	if up == nil {
		return nil, nil
	}
	return c.newBalance(string(up.BAL), string(up.CASHBAL), up.LUD), nil
}
