package commands

import (
	"errors"
	"regexp"
	"strings"

	"cartable/core/izly"
)

// Why an amount was not understood. Each has a sentence of its own.
var (
	errAmountForm     = errors.New("commands: amount: not a number")
	errAmountApart    = errors.New("commands: amount: two digits stand apart")
	errAmountDecimals = errors.New("commands: amount: more than two decimals")
	errAmountZero     = errors.New("commands: amount: zero or less")
	errAmountHuge     = errors.New("commands: amount: out of any bounds")
)

var (
	// Sign, euros and cents: "20", "12,5", "20,", "1 000,50", "1.000,50". What could be decimals is no group of
	// thousands.
	amountForm = regexp.MustCompile(`^([+−-]?)\s*(\d+|\d{1,3}(?: \d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+)(?:[.,](\d*))?$`)
	// "10€50"
	amountAround = regexp.MustCompile(`(\d)€(\d\d)$`)
	// "12 50"
	amountApart = regexp.MustCompile(`(\d+(?: \d{3})*) (\d\d)$`)
)

const hugeAmount izly.Cents = 1000_00 // nothing above is ever sent, whatever the server's limits

// amountSpaces are those that people write in numbers.
var amountSpaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

// parseAmount reads euros as people write them: "20", "20€", "12,50", "20 euros", "€ 12.5", "10€50", "1 000".
func parseAmount(text string) (izly.Cents, error) {
	s := strings.ToLower(strings.TrimSpace(amountSpaces.Replace(text))) // not folded: that would take a minus away
	for _, unit := range []string{"euros", "euro", "eur", "€"} {
		s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, unit), unit))
	}
	s = amountAround.ReplaceAllString(s, "$1,$2")
	m := amountForm.FindStringSubmatch(s)
	switch {
	case m == nil && amountApart.FindString(s) == s && s != "":
		return 0, errAmountApart
	case m == nil, sameMarks(m[2], s):
		return 0, errAmountForm
	case m[1] == "-" || m[1] == "−":
		return 0, errAmountZero
	case len(m[3]) > 2:
		return 0, errAmountDecimals
	}
	euros := strings.TrimLeft(strings.NewReplacer(" ", "", ".", "", ",", "").Replace(m[2]), "0")
	if len(euros) > 6 {
		return 0, errAmountHuge
	}
	cents := izly.Cents(atoi(euros))*100 + izly.Cents(atoi((m[3] + "00")[:2]))
	switch {
	case cents == 0:
		return 0, errAmountZero
	case cents > hugeAmount:
		return 0, errAmountHuge
	}
	return cents, nil
}

// sameMarks tells whether an amount has the mark between its thousands before its cents too.
func sameMarks(euros, amount string) bool {
	for _, mark := range []string{".", ","} {
		if strings.Contains(euros, mark) && strings.Count(amount, mark) > strings.Count(euros, mark) {
			return true
		}
	}
	return false
}

// joinApart is what "12 50" may mean, with a dot; empty where there is no such amount.
func joinApart(text string) string {
	m := amountApart.FindStringSubmatch(amountSpaces.Replace(text))
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], " ", "") + "." + m[2]
}
