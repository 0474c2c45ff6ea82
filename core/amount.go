package core

import (
	"errors"
	"regexp"
	"strings"

	"cartable/core/izly"
)

// Why an amount was not understood. Each has a sentence of its own.
var (
	errAmountForm     = errors.New("core: amount: not a number")
	errAmountDecimals = errors.New("core: amount: more than two decimals")
	errAmountZero     = errors.New("core: amount: zero or less")
	errAmountHuge     = errors.New("core: amount: out of any bounds")
)

var amountForm = regexp.MustCompile(`^([+−-]?)\s*(\d{1,9})(?:[.,](\d*))?$`)

const hugeAmount izly.Cents = 1000_00 // nothing above is ever sent, whatever the server's limits

// parseAmount reads euros as people write them: "20", "20€", "12,50", "20 euros", "€ 12.5".
func parseAmount(text string) (izly.Cents, error) {
	s := strings.ToLower(strings.TrimSpace(text)) // not folded: that would take a minus away
	for _, unit := range []string{"euros", "euro", "eur", "€"} {
		s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, unit), unit))
	}
	m := amountForm.FindStringSubmatch(s)
	switch {
	case m == nil || strings.HasSuffix(s, ",") || strings.HasSuffix(s, "."):
		return 0, errAmountForm
	case m[1] == "-" || m[1] == "−":
		return 0, errAmountZero
	case len(m[3]) > 2:
		return 0, errAmountDecimals
	}
	cents := izly.Cents(atoi(m[2]))*100 + izly.Cents(atoi((m[3] + "00")[:2]))
	switch {
	case cents == 0:
		return 0, errAmountZero
	case cents > hugeAmount:
		return 0, errAmountHuge
	}
	return cents, nil
}
