package linking

import (
	"context"
	"errors"
	"strings"

	"cartable/core/chat"
	"cartable/core/pronote"
	"cartable/core/qrcode"
	"cartable/core/talk"
)

// pictures takes a picture that is sent in private, whatever else is being asked.
type pictures struct{ *Linking }

// Secret implements talk.Interceptor.
func (pictures) Secret(string) bool { return false }

// Harmless implements talk.Interceptor.
func (pictures) Harmless(string) bool { return false }

// Before implements talk.Interceptor.
func (p pictures) Before(ctx context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	if t.Msg.File == nil {
		return chat.Reply{}, false, nil
	}
	return p.takePicture(ctx, t)
}

// Else implements talk.Interceptor.
func (pictures) Else(context.Context, *talk.Turn) (r chat.Reply, taken bool, err error) {
	return chat.Reply{}, false, nil
}

// takePicture reads the QR code that PRONOTE shows to link an app, whatever its caption says. A picture with a code is
// deleted from the chat and not kept: with the PIN it opens the account. So is one that was to show a code. A picture
// without one is not taken when its caption is a command.
func (l *Linking) takePicture(ctx context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	topic, asked := t.Topic()
	pin, awaitsPIN := strings.CutPrefix(topic, topicPIN)
	text, trouble, err := readPicture(ctx, t)
	switch {
	case err != nil:
		return chat.Reply{}, true, err
	case trouble != "" && !asked && t.Commanded():
		return chat.Reply{}, false, nil
	}
	if trouble == "" || awaitsPIN || topic == topicAddress {
		t.Redact(ctx)
	}
	var code pronote.QRCode
	if trouble == "" {
		var refused error
		if code, refused = readQRCode(l, text); refused != nil {
			if _, address := errors.AsType[*pronote.AddressError](refused); address && !awaitsPIN {
				return t.Explain(refused), true, nil
			}
			trouble = "qr.not_pronote"
		}
	}
	switch {
	case awaitsPIN && pin != "" && pin == t.Msg.Album:
		return t.StillAsked(t.Say("qr.one_at_a_time")), true, nil
	case trouble == "":
		return askPIN(l, t, code, t.Say("qr.pin", "host", hostOf(code.Address))), true, nil
	case awaitsPIN:
		return t.StillAsked(t.Say("qr.still_pin")), true, nil
	case topic == topicAddress:
		return addressTrouble(l, t, t.Say(trouble)), true, nil
	}
	r = t.Say(trouble)
	if trouble == "qr.none" {
		r = t.Say("qr.what")
	}
	r.Choices = []chat.Choice{t.RunChoice(t.P.T("greet.button.link"), "/connexion")}
	return t.StillAsked(r), true, nil
}

// The topics of questions: what a picture that comes meanwhile is taken for. Behind the one of a PIN stands the album
// that its picture came in.
const (
	topicAddress = "address"
	topicPIN     = "pin "
)

// readPicture gives the content of the QR code on the picture that was sent, or the key of the sentence that says why it
// cannot. The error is that of ctx, which has ended.
func readPicture(ctx context.Context, t *talk.Turn) (text, trouble string, err error) {
	data, err := t.Msg.File(ctx)
	if err != nil || len(data) > chat.MaxFile {
		t.Log.Warn("picture not read", "bytes", len(data), "error", err)
		return "", "qr.not_loaded", nil
	}
	text, err = qrcode.Decode(ctx, data)
	switch {
	case errors.Is(err, qrcode.ErrTooLarge):
		return "", "qr.too_large", nil
	case errors.Is(err, qrcode.ErrNotPicture):
		return "", "qr.not_picture", nil
	case errors.Is(err, qrcode.ErrNone):
		return "", "qr.none", nil
	}
	return text, "", err // it waited behind other pictures until its time was over
}

// meansQRCode tells whether a folded answer names the way by QR code.
func meansQRCode(word string) bool {
	return word == "qr" || word == "qr code" || word == "qrcode" || word == "photo"
}

// askPicture says where the QR code is found. Where people cannot send pictures, it asks for the address.
func askPicture(l *Linking, t *talk.Turn) chat.Reply {
	if !t.TakesPictures() {
		return addressTrouble(l, t, t.Say("qr.text_only"))
	}
	return awaitAddress(l, t, t.Say("qr.ask", "cancel", t.Cmd("annuler")))
}

// looksLikeQRCode tells the content of a QR code, pasted as text, from an address.
func looksLikeQRCode(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "{") }

// readQRCode reads the content of a code of PRONOTE whose school may be asked.
func readQRCode(l *Linking, text string) (pronote.QRCode, error) {
	code, err := pronote.ParseQRCode(text, l.cfg.AllowPrivate)
	if err == nil {
		err = l.cfg.Admit(code.Address)
	}
	return code, err
}

// takeQRCode asks for the PIN of a code that was pasted as text.
func takeQRCode(l *Linking, t *talk.Turn, text string) chat.Reply {
	code, err := readQRCode(l, text)
	if _, address := errors.AsType[*pronote.AddressError](err); address {
		return t.Explain(err)
	}
	if err != nil {
		return addressTrouble(l, t, t.Say("qr.not_pronote"))
	}
	return askPIN(l, t, code, t.Say("qr.pin", "host", hostOf(code.Address)))
}

func askPIN(l *Linking, t *talk.Turn, code pronote.QRCode, r chat.Reply) chat.Reply {
	q := question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		pin, err := pronote.ParsePIN(answer)
		if err != nil {
			return askPIN(l, t, code, t.Say("qr.pin_form", "cancel", t.Cmd("annuler"))), nil
		}
		linked, err := l.School(ctx, t.Who, pronote.QRLogin(code, pin))
		switch {
		case errors.Is(err, pronote.ErrWrongPIN):
			return askPIN(l, t, code, t.Say("qr.wrong_pin", "cancel", t.Cmd("annuler"))), nil
		case errors.Is(err, pronote.ErrTokenRefused):
			return t.Say("qr.refused", "link", t.Cmd("connexion")), nil
		case err != nil:
			return chat.Reply{}, err
		}
		return linkedSchool(l, t, linked)
	})
	q.Topic = topicPIN + t.Msg.Album
	return t.Ask(r, q)
}
