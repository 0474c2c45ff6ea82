package izly

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of one top-up and of the wallet, in cents (izly-today §7.3).
const (
	minTopUp   = 10_00
	maxTopUp   = 250_00
	maxBalance = 250_00
)

// decimal writes cents as answers do: "12.34" (izly-today §3).
func decimal(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// shortest writes cents as the app writes the argument `amount`: "10.0", "12.5", "30.25"
// (izly-today §7.3).
func shortest(cents int64) string {
	return strings.TrimSuffix(decimal(cents), "0")
}

// parseAmount reads the argument `amount`: digits, then at most one dot and one or two decimals. It has no
// sign, comma, space or exponent.
func parseAmount(text string) (cents int64, ok bool) {
	whole, frac, dotted := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 6 || len(frac) > 2 || dotted && frac == "" {
		return 0, false
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	cents, err := strconv.ParseInt(whole+(frac + "00")[:2], 10, 64)
	return cents, err == nil
}
