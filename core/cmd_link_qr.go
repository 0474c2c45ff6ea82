package core

import (
	"context"
	"errors"
	"strings"

	"cartable/core/pronote"
	"cartable/core/qrcode"
)

// exposed tells whether the platform can read what people write to the bot in this chat.
func (t *turn) exposed() bool {
	switch a := t.adapter.(type) {
	case Exposed:
		return a.Exposed()
	case ExposedChat:
		return a.ExposedIn(t.msg.Chat)
	}
	return false
}

// takePicture reads the QR code that PRONOTE shows to link an app. The picture is deleted from the chat and
// not kept: with the PIN it opens the account.
func (t *turn) takePicture(ctx context.Context) (Reply, error) {
	t.redact(ctx)
	data, err := t.msg.File(ctx)
	if err != nil || len(data) > MaxFile {
		t.log.Warn("picture not read", "bytes", len(data), "error", err)
		return t.pictureTrouble("qr.not_loaded"), nil
	}
	text, err := qrcode.Decode(data)
	switch {
	case errors.Is(err, qrcode.ErrNotPicture):
		return t.pictureTrouble("qr.not_picture"), nil
	case err != nil:
		return t.pictureTrouble("qr.none"), nil
	}
	return t.takeQRCode(text)
}

// takesPictures tells whether people can send pictures here.
func (t *turn) takesPictures() bool {
	_, textOnly := t.adapter.(TextOnly)
	return !textOnly
}

// meansQRCode tells whether a folded answer names the way by QR code.
func meansQRCode(word string) bool {
	return word == "qr" || word == "qr code" || word == "qrcode" || word == "photo"
}

// askPicture says where the QR code is found. Where people cannot send pictures, it asks for the address.
func (t *turn) askPicture() Reply {
	if !t.takesPictures() {
		return t.addressTrouble(t.plain("qr.text_only"))
	}
	return t.awaitAddress(t.plain("qr.ask", "cancel", t.cmd("annuler")))
}

// looksLikeQRCode tells the content of a QR code, pasted as text, from an address.
func looksLikeQRCode(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "{") }

// takeQRCode asks for the PIN of a code.
func (t *turn) takeQRCode(text string) (Reply, error) {
	code, err := pronote.ParseQRCode(text, t.e.cfg.AllowPrivate)
	if err == nil {
		err = t.e.cfg.Admit(code.Address)
	}
	var address *pronote.AddressError
	switch {
	case errors.As(err, &address):
		return t.explain(err), nil
	case err != nil:
		return t.pictureTrouble("qr.not_pronote"), nil
	}
	return t.askPIN(code, t.plain("qr.pin", "host", hostOf(code.Address))), nil
}

// pictureTrouble says what is wrong with a picture, and asks for an address or another one.
func (t *turn) pictureTrouble(key string) Reply { return t.addressTrouble(t.plain(key)) }

func (t *turn) askPIN(code pronote.QRCode, r Reply) Reply {
	return t.ask(r, question{expect: ExpectSecret, leave: leaveLinking, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		pin, err := pronote.ParsePIN(answer)
		if err != nil {
			return t.askPIN(code, t.plain("qr.pin_form", "cancel", t.cmd("annuler"))), nil
		}
		account, err := t.e.LinkSchoolByQRCode(ctx, t.msg.Chat, t.msg.Person, code, pin)
		switch {
		case errors.Is(err, pronote.ErrWrongPIN):
			return t.askPIN(code, t.plain("qr.wrong_pin", "cancel", t.cmd("annuler"))), nil
		case errors.Is(err, pronote.ErrTokenRefused):
			return t.plain("qr.refused", "link", t.cmd("connexion")), nil
		case err != nil:
			return Reply{}, err
		}
		return t.offerShowing(t.linkedSchool(account, "link.school.stored_token"))
	}})
}

// trade replaces a stored password by a token, at the owner's word.
func (t *turn) trade(ctx context.Context, linkID string) (Reply, error) {
	for _, a := range t.schools() {
		if a.id != linkID || a.owner != t.msg.Person {
			continue
		}
		if a.record().School.Token != nil {
			return t.plain("trade.done"), nil
		}
		if err := a.tradePassword(ctx); err != nil {
			r := t.explain(err)
			r.Body = append(t.plain("trade.failed").Body, r.Body...)
			return r, nil
		}
		return t.plain("trade.done"), nil
	}
	return Reply{}, errLinkGone
}
