package pronote

import (
	"encoding/json"
	"errors"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// start holds the attributes of the Start call of a page: what a server says about the session that it has
// just opened, pronote-today §3.3. Texts and numbers are kept as text; true is "true".
type start map[string]string

func (st start) has(name string) bool { return st[name] != "" }

// flag tells whether a flag is there and true.
func (st start) flag(name string) bool { return st[name] == "true" || st[name] == "1" }

// Limits of a Start call; real ones have some ten attributes, the longest an RSA modulus.
const (
	maxStartCalls  = 64 // places in a page where the word stands
	maxStartLength = 16 << 10
	maxStartFields = 64
)

var errNoStart = errors.New("page without a readable Start call")

// findStart looks for Start({…}) anywhere in a page: in the body's onload attribute, where quotes may be
// written as entities, or in a script, with loose or strict JSON inside.
func findStart(page string) (start, error) {
	rest := page
	for range maxStartCalls {
		i := strings.Index(rest, "Start")
		if i < 0 {
			break
		}
		isWord := i == 0 || !isIdentifier(rest[i-1])
		rest = rest[i+len("Start"):]
		if !isWord {
			continue
		}
		call := rest[:min(len(rest), maxStartLength)]
		for _, source := range [2]string{call, html.UnescapeString(call)} {
			if st, err := parseStart(source); err == nil {
				return st, nil
			}
		}
	}
	return nil, errNoStart
}

func isIdentifier(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// parseStart reads "({…})", blanks allowed everywhere, what follows ignored.
func parseStart(source string) (start, error) {
	p := startParser{rest: source}
	if !p.take('(') || !p.take('{') {
		return nil, errNoStart
	}
	st := start{}
	for !p.take('}') {
		if len(st) > 0 && !p.take(',') || len(st) >= maxStartFields {
			return nil, errNoStart
		}
		name, ok := p.token()
		if !ok || name == "" || !p.take(':') {
			return nil, errNoStart
		}
		if _, double := st[name]; double {
			return nil, errNoStart
		}
		if st[name], ok = p.token(); !ok {
			return nil, errNoStart
		}
	}
	if !p.take(')') || !isDigits(st["h"]) || !isDigits(st["a"]) || len(st["a"]) > 3 {
		return nil, errNoStart
	}
	return st, nil
}

// isDigits accepts what fits a 64-bit number: h and a travel back as JSON numbers.
func isDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 63)
	return err == nil && s[0] != '+' && (s == "0" || s[0] != '0')
}

// startParser reads the object from the front of rest.
type startParser struct{ rest string }

// take removes c, after blanks, if it comes next.
func (p *startParser) take(c byte) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// token removes a quoted text, or a bare word or number.
func (p *startParser) token() (string, bool) {
	switch {
	case p.take('\''):
		return p.quoted('\'')
	case p.take('"'):
		return p.quoted('"')
	}
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return r >= utf8.RuneSelf || !isIdentifier(byte(r)) && r != '-' && r != '+' && r != '.'
	})
	if end <= 0 {
		return "", false
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word, true
}

// quoted removes the rest of a string that quote opened.
func (p *startParser) quoted(quote byte) (string, bool) {
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case quote:
			raw := p.rest[:i]
			p.rest = p.rest[i+1:]
			return unescape(raw)
		}
	}
	return "", false
}

// unescape reads the escapes that JavaScript and JSON share, and \'.
func unescape(raw string) (string, bool) {
	if !strings.Contains(raw, `\`) {
		return raw, true
	}
	raw = strings.ReplaceAll(raw, `\'`, `'`)
	var s string
	err := json.Unmarshal([]byte(`"`+raw+`"`), &s)
	return s, err == nil
}
