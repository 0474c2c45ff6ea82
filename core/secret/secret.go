// Package secret holds the types that keep passwords, codes, tokens and keys out of logs, errors and
// dumps. It knows nothing of what the secrets are for.
package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a secret string. It shows as "[redacted]" through fmt and slog and refuses to be marshalled,
// so that saving one is a decision (see Stored). The zero value is the empty secret.
//
// The pointer keeps the text out of %+v where a Text is an unexported field: fmt calls no method there.
type Text struct{ p *string }

// New wraps s.
func New(s string) Text { return Text{&s} }

// Reveal is the only way out; grep for it in review.
func (t Text) Reveal() string {
	if t.p == nil {
		return ""
	}
	return *t.p
}

// Empty tells whether there is no text at all.
func (t Text) Empty() bool { return t.Reveal() == "" }

// Format implements fmt.Formatter: every verb prints "[redacted]".
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses: a secret reaches JSON only as a Stored.
func (Text) MarshalText() ([]byte, error) {
	return nil, errors.New("secret: refused to marshal; use secret.Stored in a record that the vault seals")
}

// Stored is a Text that may be written to a record. Use it only in structs whose encoded form goes
// straight into the vault, which seals it; everywhere else it shows as "[redacted]", like Text.
type Stored struct{ Text }

// Store marks t as one that a sealed record may hold.
func Store(t Text) Stored { return Stored{t} }

// MarshalText is only here to be overruled by MarshalJSON: other encodings still refuse.
func (s Stored) MarshalText() ([]byte, error) { return s.Text.MarshalText() }

// MarshalJSON writes the secret in clear.
func (s Stored) MarshalJSON() ([]byte, error) { return json.Marshal(s.Reveal()) }

// UnmarshalJSON reads what MarshalJSON wrote. Its errors do not quote the input.
func (s *Stored) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		return errors.New("secret: stored value is not a string")
	}
	s.Text = New(text)
	return nil
}
