package pronote

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cartable/core/pronote/cipher"
	"cartable/core/visible"
)

var admitTests = []struct {
	name  string
	reply string // KEY stands for a good cle
	want  error  // nil and what false: logged in
	what  bool   // a ReplyError is due
}{
	{name: "good", reply: `{"cle":"KEY","libelleUtil":"DUPONT Léa"}`},
	{name: "no second factor left", reply: `{"cle":"KEY","actionsDoubleAuth":{"_T":26,"V":"[]"}}`},
	{name: "wrong password", reply: `{"Acces":1}`, want: ErrWrongPassword},
	{name: "wrong password as text", reply: `{"Acces":"1"}`, want: ErrWrongPassword},
	{name: "refused although there is a key", reply: `{"Acces":1,"cle":"KEY"}`, want: ErrWrongPassword},
	{name: "blocked", reply: `{"Acces":6}`, want: &AccessError{Code: AccessBlocked}},
	{name: "message", reply: `{"Acces":9,"AccesMessage":{"titre":"x","message":"raison du refus"}}`, want: &AccessError{Code: AccessMessage, said: "raison du refus"}},
	{name: "title alone", reply: `{"Acces":9,"AccesMessage":{"titre":"Compte\nfermé"}}`, want: &AccessError{Code: AccessMessage, said: "Compte fermé"}},
	{name: "long message", reply: `{"Acces":9,"AccesMessage":{"message":"` + strings.Repeat("z", 5000) + `"}}`, want: &AccessError{Code: AccessMessage, said: visible.Line(strings.Repeat("z", 5000))}},
	{name: "odd message", reply: `{"Acces":9,"AccesMessage":[1]}`, want: &AccessError{Code: AccessMessage}},
	{name: "odd message beside a key", reply: `{"cle":"KEY","AccesMessage":7}`},
	{name: "code 0 is an error too", reply: `{"Acces":0,"cle":"KEY"}`, want: &AccessError{Code: AccessNone}},
	{name: "nothing", reply: `{}`, want: &AccessError{Code: AccessNone}},
	{name: "second factor", reply: `{"cle":"KEY","actionsDoubleAuth":{"_T":26,"V":"[3]"}}`, want: ErrSecondFactor},
	{name: "second factor, new form", reply: `{"cle":"KEY","actionsDoubleAuth":{"_T":26,"V":"all"}}`, want: ErrSecondFactor},
	{name: "key of another password", reply: `{"cle":"00112233445566778899aabbccddeeff"}`, what: true},
	{name: "key not hex", reply: `{"cle":"xyz"}`, what: true},
	{name: "key not bytes", reply: `{"cle":"TEXT"}`, what: true},
}

func TestOutcomeOfALogin(t *testing.T) {
	key := []byte("login key")
	good, bad := cipher.EncryptHex(key, vectorIV, "1,2,3"), cipher.EncryptHex(key, vectorIV, "hello")
	for _, tt := range admitTests {
		s := &Session{channel: *testChannel(dialects[3])}
		var auth authentication
		if err := json.Unmarshal([]byte(tt.reply), &auth); err != nil {
			t.Fatal(err)
		}
		switch auth.Key {
		case "KEY":
			auth.Key = text(good)
		case "TEXT":
			auth.Key = text(bad)
		}
		err := (&attempt{way: byPassword}).refusal(auth)
		if err == nil {
			err = s.admit(auth, key, vectorIV)
		}
		_, isReply := errors.AsType[*ReplyError](err)
		wanted, wantAccess := tt.want.(*AccessError)
		access, isAccess := errors.AsType[*AccessError](err)
		switch {
		case tt.what && !isReply:
			t.Errorf("%s: %v", tt.name, err)
		case tt.what:
		case wantAccess && (!isAccess || access.Code != wanted.Code || access.Said() != wanted.said || wanted.said != "" && strings.Contains(err.Error(), wanted.said) || errors.Is(err, ErrWrongPassword)):
			t.Errorf("%s: %v", tt.name, err)
		case !wantAccess && !errors.Is(err, tt.want):
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		case tt.want == nil && s.channel.key.Reveal() != "\x01\x02\x03":
			t.Errorf("%s: the key is not the server's", tt.name)
		case err != nil && s.channel.key.Reveal() != "key":
			t.Errorf("%s: the key has changed", tt.name)
		}
	}
}

// An unreadable payload is named by its field, and its content stays out of the error.
func TestUnreadablePayloads(t *testing.T) {
	for payload, want := range map[string]string{
		`{"ListeCours":[{"N":"secret","ListeContenus":{"_T":24,"V":["secret"]}}]}`: "pronote: F: unexpected type in field ListeCours.ListeContenus",
		`{"ListeCours":{"_T":24,"V":"secret"}}`:                                    "pronote: F: unexpected type in field ListeCours",
		``:                                                                         "pronote: F: answer without data",
		`null`:                                                                     "pronote: F: answer without data",
		`["secret"]`:                                                               "pronote: F: answer without data",
	} {
		var reply timetableReply
		err := decodePayload("F", json.RawMessage(payload), &reply)
		if _, ok := errors.AsType[*ReplyError](err); !ok || err.Error() != want {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestNetworkErrorsQuoteNothing(t *testing.T) {
	for _, err := range []error{
		fmt.Errorf("malformed HTTP response %q", "secret"),
		fmt.Errorf("failed to parse Location header %q: %w", "secret", errors.New("secret")),
	} {
		if got := networkError("F", true, err); !errors.Is(got, ErrNetwork) || got.Error() != "pronote: F: connection broken" {
			t.Errorf("error is %v", got)
		}
	}
}
