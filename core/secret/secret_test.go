package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cartable/core/secret"
)

const hidden = "tr0ub4dor"

type holder struct {
	Name   string
	Open   secret.Text
	closed secret.Text
	kept   secret.Stored
}

func TestSecretsDoNotPrint(t *testing.T) {
	h := holder{Name: "n", Open: secret.New(hidden), closed: secret.New(hidden), kept: secret.Store(secret.New(hidden))}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("m", "text", h.Open, "stored", h.kept, "struct", h, "pointer", &h)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb+verb+verb, h, &h, h.Open, h.kept)
	}
	fmt.Fprint(&log, fmt.Errorf("wrapped: %v %s", h.Open, h.kept))
	if strings.Contains(log.String(), hidden) || strings.Contains(log.String(), fmt.Sprintf("%x", hidden)) {
		t.Errorf("a secret shows in %q", log.String())
	}
}

func TestOnlyStoredIsMarshalled(t *testing.T) {
	if b, err := json.Marshal(secret.New(hidden)); err == nil {
		t.Errorf("a Text was marshalled to %d bytes", len(b))
	}
	b, err := json.Marshal(secret.Store(secret.New(hidden)))
	if err != nil {
		t.Fatal(err)
	}
	var back secret.Stored
	if err := json.Unmarshal(b, &back); err != nil || back.Reveal() != hidden {
		t.Errorf("came back as %d bytes, %v", len(back.Reveal()), err)
	}
	if err := json.Unmarshal([]byte(`{"`+hidden+`":1}`), &back); err == nil || strings.Contains(err.Error(), hidden) {
		t.Errorf("bad input: %v", err)
	}
}
