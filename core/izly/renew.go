package izly

import (
	"context"

	"cartable/core/secret"
)

// Renew opens a new session with the secret code and a one-time password, without an SMS (seed-izly
// §III.c). It tries once; the caller must not try again by itself after a refusal, because repeated ones
// block the account. ErrMustEnrol and ErrActivationSent mean that only a new enrolment helps.
func (w *Wallet) Renew(ctx context.Context, code secret.Text) error {
	if err := checkCode(code); err != nil {
		return err
	}
	end, err := w.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	otp, err := w.spend(ctx)
	if err != nil {
		return err
	}
	doc, err := w.c.logon(ctx, w.Account().Phone, password(code),
		arg{name: "passOTP", value: code.Reveal() + otp})
	if err != nil {
		return err
	}
	a := w.Account()
	if err := w.c.openSession(&a, doc); err != nil {
		return err
	}
	if a.World == EnrolCurrent {
		takeSeed(&a, doc)
	}
	return w.change(ctx, func(to *Account) { *to = a })
}
