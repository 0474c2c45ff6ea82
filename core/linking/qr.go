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

// Before implements talk.Interceptor: whatever a picture's caption says, unless it is a command typed with its mark.
func (p pictures) Before(ctx context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	if t.Msg.File == nil || t.Commanded() {
		return chat.Reply{}, false, nil
	}
	r, err = p.takePicture(ctx, t)
	return r, true, err
}

// Else implements talk.Interceptor.
func (pictures) Else(context.Context, *talk.Turn) (r chat.Reply, taken bool, err error) {
	return chat.Reply{}, false, nil
}

// takePicture reads the QR code that PRONOTE shows to link an app. The picture is deleted from the chat and
// not kept: with the PIN it opens the account.
func (l *Linking) takePicture(ctx context.Context, t *talk.Turn) (chat.Reply, error) {
	t.Redact(ctx)
	data, err := t.Msg.File(ctx)
	if err != nil || len(data) > chat.MaxFile {
		t.Log.Warn("picture not read", "bytes", len(data), "error", err)
		return pictureTrouble(l, t, "qr.not_loaded"), nil
	}
	text, err := qrcode.Decode(ctx, data)
	switch {
	case errors.Is(err, qrcode.ErrTooLarge):
		return pictureTrouble(l, t, "qr.too_large"), nil
	case errors.Is(err, qrcode.ErrNotPicture):
		return pictureTrouble(l, t, "qr.not_picture"), nil
	case errors.Is(err, qrcode.ErrNone):
		return pictureTrouble(l, t, "qr.none"), nil
	case err != nil: // it waited behind other pictures until its time was over
		return chat.Reply{}, err
	}
	return takeQRCode(l, t, text), nil
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

// takeQRCode asks for the PIN of a code.
func takeQRCode(l *Linking, t *talk.Turn, text string) chat.Reply {
	code, err := pronote.ParseQRCode(text, l.cfg.AllowPrivate)
	if err == nil {
		err = l.cfg.Admit(code.Address)
	}
	if _, address := errors.AsType[*pronote.AddressError](err); address {
		return t.Explain(err)
	}
	if err != nil {
		return pictureTrouble(l, t, "qr.not_pronote")
	}
	return askPIN(l, t, code, t.Say("qr.pin", "host", hostOf(code.Address)))
}

// pictureTrouble says what is wrong with a picture, and asks for an address or another one.
func pictureTrouble(l *Linking, t *talk.Turn, key string) chat.Reply {
	return addressTrouble(l, t, t.Say(key))
}

func askPIN(l *Linking, t *talk.Turn, code pronote.QRCode, r chat.Reply) chat.Reply {
	return t.Ask(r, question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
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
	}))
}
