package izly

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

var errDecimal = errors.New("izly: not an amount")

// decimal is an amount as the servers write it. No wallet holds a thousand million euros, and decimals
// past the second must be zeros, so that nothing is rounded.
var decimal = regexp.MustCompile(`^([+-]?)([0-9]{1,9})(?:[.,]([0-9]{1,2})0{0,8})?$`)

// ParseCents reads an amount of the servers: "12.34", "12,3", "-5", with a dot or a comma (izly-today §3).
func ParseCents(text string) (Cents, error) {
	m := decimal.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, errDecimal
	}
	n, err := strconv.ParseInt(m[2]+(m[3] + "00")[:2], 10, 64)
	if err != nil {
		return 0, errDecimal
	}
	if m[1] == "-" {
		n = -n
	}
	return Cents(n), nil
}

// Wire is the text of an amount in a request: a dot and the shortest form with at least one decimal, so
// 1000 gives "10.0" and 3025 gives "30.25" (izly-today §7.3). The same text is signed.
func (a Cents) Wire() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	text := sign + strconv.FormatInt(int64(a/100), 10) + "." + strconv.Itoa(int(a%100/10))
	if last := int(a % 10); last != 0 {
		text += strconv.Itoa(last)
	}
	return text
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
