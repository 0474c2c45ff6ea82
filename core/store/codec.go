package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// A record is its version, a space and a JSON object: `2 {"amount":2000}`. One that begins with its object was
// written before there were versions, and is of version 1.
const (
	maxVersion = 9999
	maxRecord  = 8 << 20 // bytes; so much is never one record
)

var errForm = errors.New("store: not a record")

func encodeRecord(version int, body []byte) []byte {
	value := strconv.AppendInt(nil, int64(version), 10)
	value = append(value, ' ')
	return append(value, body...)
}

// decodeRecord takes a record apart. That the body is JSON is not looked at, only how it begins.
func decodeRecord(value []byte) (version int, body []byte, err error) {
	if len(value) > maxRecord {
		return 0, nil, errForm
	}
	if bytes.HasPrefix(value, []byte("{")) {
		return 1, value, nil
	}
	number, body, found := bytes.Cut(value, []byte(" "))
	version, err = strconv.Atoi(string(number))
	if !found || err != nil || version < 1 || version > maxVersion || strconv.Itoa(version) != string(number) || !bytes.HasPrefix(body, []byte("{")) {
		return 0, nil, errForm
	}
	return version, body, nil
}

// Version tells of which version a record is, without knowing its type, and whether it is one at all.
func Version(value []byte) (version int, ok bool) {
	version, body, err := decodeRecord(value)
	if err != nil || !json.Valid(body) {
		return 0, false
	}
	return version, true
}

// decodeBody reads an object into a record, and takes no field that the record does not have: what another type
// wrote must not pass for an empty record.
func decodeBody(body []byte, record any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(record); err != nil {
		return err
	}
	if len(bytes.TrimSpace(body[d.InputOffset():])) > 0 {
		return errForm
	}
	return nil
}
