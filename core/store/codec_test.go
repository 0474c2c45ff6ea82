package store

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzDecodeRecord states the law of the codec: what it takes apart and puts together is the same, but for the
// number that a record of before there were versions does not have.
func FuzzDecodeRecord(f *testing.F) {
	for _, value := range []string{`1 {}`, `2 {"a":1}`, `{}`, `01 {}`, `9999 {`, `10000 {}`, `1  {}`, `-1 {}`, ``, ` `, `2`} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		version, body, err := decodeRecord(value)
		if told, ok := Version(value); ok != (err == nil && json.Valid(body)) || ok && told != version || !ok && told != 0 {
			t.Errorf("%q: version %d, or %d (%t)", value, version, told, ok)
		}
		if err != nil {
			if version != 0 || body != nil {
				t.Errorf("%q: version %d and %q with an error", value, version, body)
			}
			return
		}
		if version < 1 || version > maxVersion || !bytes.HasPrefix(body, []byte("{")) {
			t.Errorf("%q: version %d, %q", value, version, body)
		}
		if again := encodeRecord(version, body); !bytes.Equal(again, value) && (version != 1 || !bytes.Equal(body, value)) {
			t.Errorf("%q became %q", value, again)
		}
	})
}
