package pronote

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// identification is the answer to the request of that name, pronote-today §5.1.
type identification struct {
	Alea        text   `json:"alea"`
	LowerName   number `json:"modeCompLog"`
	LowerSecret number `json:"modeCompMdp"`
	Challenge   text   `json:"challenge"`
	Login       text   `json:"login"` // when an app asks
}

// authentication is the answer to the last step, pronote-today §5.2.
type authentication struct {
	Access     *number         `json:"Acces"`
	Message    json.RawMessage `json:"AccesMessage"` // decoded by itself: an odd one must not hide the rest
	Key        text            `json:"cle"`
	Name       text            `json:"libelleUtil"`
	TwoFactors text            `json:"actionsDoubleAuth"`
	Token      text            `json:"jetonConnexionAppliMobile"`
}

// authenticate proves the password or the token to the server and takes over the session's key
// (seed-pronote, Login; pronote-today §2.5 to §2.7). A new token is kept before anything else, even if the
// rest of the answer should be of no use.
func (s *Session) authenticate(ctx context.Context, a *attempt) error {
	var id identification
	data := a.way.identification(s.channel.space, a.username.Reveal(), a.device.Reveal())
	if err := s.loginStep(ctx, fnIdentification, data, &id); err != nil {
		return err
	}
	switch {
	case id.Challenge == "":
		return &ReplyError{fnIdentification, "no challenge"}
	case len(id.Login) > maxKept:
		return &ReplyError{fnIdentification, "user name too long"}
	case a.way.asksApp && id.Login != "": // the real name, pronote-today §2.5
		a.username = secret.New(string(id.Login))
	}
	key := cipher.LoginKey(a.username.Reveal(), a.secret.Reveal(), string(id.Alea), id.LowerName.N > 0, id.LowerSecret.N > 0)
	iv := []byte(s.channel.iv.Reveal())
	if a.keep != nil {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("pronote: %s: %w", fnAuthentication, err)
		}
		ctx = context.WithoutCancel(ctx) // hanging up now would spend the token and miss the next one
	}
	var auth authentication
	err := s.loginStep(ctx, fnAuthentication, map[string]any{
		"connexion": 0,
		"challenge": cipher.Solve(key, iv, string(id.Challenge)),
		"espace":    json.Number(s.channel.space),
	}, &auth)
	if lost, is := errors.AsType[*NetworkError](err); is && lost.Sent && a.keep != nil {
		return fmt.Errorf("pronote: %s: %w: %w", fnAuthentication, ErrAnswerLost, err)
	}
	if err != nil {
		return err
	}
	if err := a.refusal(auth); err != nil {
		return err
	}
	if err := a.renew(ctx, auth.Token); err != nil {
		return err
	}
	return s.admit(auth, key, iv)
}

// refusal reads whether the server let the attempt in. Without cle it did not, pronote-today §5.2, but that
// does not blame the secret.
func (a *attempt) refusal(auth authentication) error {
	switch {
	case auth.Access != nil && auth.Access.N == int(AccessWrongPassword) && a.way.wrong != nil:
		return fmt.Errorf("pronote: %s: %w", fnAuthentication, a.way.wrong)
	case auth.Access != nil:
		return &AccessError{Code: AccessCode(auth.Access.N), said: accessMessage(auth.Message)}
	case auth.Key == "":
		return &AccessError{Code: AccessNone}
	}
	return nil
}

// accessMessage reads what the server says to a person whom it refuses, pronote-today §5.2; "" where it says nothing.
func accessMessage(raw json.RawMessage) string {
	var message struct {
		Title text `json:"titre"`
		Text  text `json:"message"`
	}
	if json.Unmarshal(raw, &message) != nil {
		return ""
	}
	return cmp.Or(message.Text.line(), message.Title.line())
}

// admit takes over the session's key, unless the account has something to do first.
func (s *Session) admit(auth authentication, key, iv []byte) error {
	plain, err := cipher.DecryptHex(key, iv, string(auth.Key))
	if err != nil {
		return &ReplyError{fnAuthentication, "session key cannot be decrypted"}
	}
	material, err := cipher.SessionKey(string(plain))
	if err != nil {
		return &ReplyError{fnAuthentication, err.Error()}
	}
	actions, err := decodeDomain(string(auth.TwoFactors))
	if err != nil || len(actions) > 0 {
		return fmt.Errorf("pronote: %s: %w", fnAuthentication, ErrSecondFactor)
	}
	s.channel.key = secret.New(string(material))
	s.family.Holder = auth.Name.name()
	return nil
}

// loginStep is a request that must not be repeated, since a server counts attempts.
func (s *Session) loginStep(ctx context.Context, op string, data, out any) error {
	payload, err := s.call(ctx, op, s.secured(query{data: data}), false)
	if err != nil {
		return err
	}
	return decodePayload(op, payload, out)
}
