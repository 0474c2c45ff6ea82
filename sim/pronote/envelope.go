package pronote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// envelope is a request as it came, before its secured part is opened.
type envelope struct {
	session  int
	function string
	order    string
	secured  json.RawMessage
	repeated bool // echecReseau: sent again after a network failure (pronote-today §2.3)
}

// secured is the opened part of a request.
type secured struct {
	data      map[string]json.RawMessage
	signature struct {
		Onglet int `json:"onglet"`
		Membre *struct {
			N string `json:"N"`
			G int    `json:"G"`
		} `json:"membre"`
	}
	signed bool
}

// parseEnvelope reads a request body in the names of d. The error says what is wrong with it in words.
func parseEnvelope(d dialect, body []byte) (envelope, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return envelope{}, fmt.Errorf("the body is not a JSON object")
	}
	for _, name := range d.foreignNames(envelopeNames) {
		if _, there := fields[name]; there {
			return envelope{}, fmt.Errorf("envelope member %q belongs to another dialect than %s", name, d.version)
		}
	}
	var e envelope
	for _, f := range []struct {
		name string
		into any
	}{
		{"session", &e.session}, {d.names.function, &e.function}, {d.names.order, &e.order}, {d.names.secured, &e.secured},
	} {
		raw, there := fields[f.name]
		if !there {
			return envelope{}, fmt.Errorf("envelope member %q is missing", f.name)
		}
		if err := json.Unmarshal(raw, f.into); err != nil {
			return envelope{}, fmt.Errorf("envelope member %q has the wrong type", f.name)
		}
	}
	if raw, there := fields["echecReseau"]; there {
		if err := json.Unmarshal(raw, &e.repeated); err != nil {
			return envelope{}, fmt.Errorf("envelope member %q has the wrong type", "echecReseau")
		}
	}
	return e, nil
}

// parseSecured reads the opened secured part. Data and signature may each be missing (pronote-today §4.1). The first
// request may also name its data as other dialects do, since its sender may not know the version yet.
func parseSecured(d dialect, function string, part []byte) (secured, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(part, &fields); err != nil || fields == nil {
		return secured{}, fmt.Errorf("the secured part is not a JSON object")
	}
	if function != functionParameters {
		for _, name := range d.foreignNames(securedNames) {
			if _, there := fields[name]; there {
				return secured{}, fmt.Errorf("member %q of the secured part belongs to another dialect than %s", name, d.version)
			}
		}
	}
	var s secured
	if raw, there := fields[d.names.data]; there {
		if err := json.Unmarshal(raw, &s.data); err != nil {
			return secured{}, fmt.Errorf("member %q of the secured part is not an object", d.names.data)
		}
	}
	if raw, there := fields[d.names.signature]; there {
		s.signed = true
		if err := json.Unmarshal(raw, &s.signature); err != nil {
			return secured{}, fmt.Errorf("member %q of the secured part has the wrong form", d.names.signature)
		}
	}
	return s, nil
}

// read decodes the first of the given parameters that is there; false means none is there or its type is wrong.
// Clients write some parameters in two capitalisations at once (pronote-today §4.1).
func (s secured) read(into any, keys ...string) bool {
	for _, key := range keys {
		if raw, there := s.data[key]; there {
			return json.Unmarshal(raw, into) == nil
		}
	}
	return false
}

// missing lists the wanted parameters that are not there.
func (s secured) missing(keys ...string) []string {
	return slices.DeleteFunc(keys, func(key string) bool { _, there := s.data[key]; return there })
}

// sameRequest tells whether two bodies are one request, apart from the mark of a repetition.
func sameRequest(a, b []byte) bool { return bytes.Equal(withoutMark(a), withoutMark(b)) }

func withoutMark(body []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	delete(fields, "echecReseau")
	plain, err := json.Marshal(fields) // keys sorted, values compacted
	if err != nil {
		return body
	}
	return plain
}

// sameHex compares hex text, whatever its case.
func sameHex(a, b string) bool { return strings.EqualFold(a, b) }
