package ask

import (
	"errors"
	"regexp"
	"strings"
)

// Why an amount was not understood.
var (
	ErrAmountForm     = errors.New("ask: amount: not a number")
	ErrAmountApart    = errors.New("ask: amount: two digits stand apart")
	ErrAmountDecimals = errors.New("ask: amount: more than two decimals")
	ErrAmountZero     = errors.New("ask: amount: zero or less")
	ErrAmountHuge     = errors.New("ask: amount: out of any bounds")
)

var (
	// Sign, euros and cents: "20", "12,5", "20,", "1 000,50", "1.000,50". What could be decimals is no group of
	// thousands.
	amountForm = regexp.MustCompile(`^([+−-]?)\s*(\d+|\d{1,3}(?: \d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+)(?:[.,](\d*))?$`)
	// "10€50"
	amountAround = regexp.MustCompile(`(\d) ?(?:€|euros?|eur) ?(\d\d)$`)
	// "12 50"
	amountApart = regexp.MustCompile(`(\d{1,3}(?: \d{3})*) (\d\d)$`)
)

const hugeAmount int64 = 1000_00 // cents; nothing above is ever sent, whatever the server's limits

// amountSpaces are those that people write in numbers.
var amountSpaces = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

var units = []string{"euros", "euro", "eur", "€", "balles", "pounds"}

// ParseAmount reads euros as people write them, in cents: "20", "20€", "12,50", "20 euros", "€ 12.5", "10€50", "1 000".
func ParseAmount(text string) (cents int64, err error) {
	s := strings.ToLower(strings.TrimSpace(amountSpaces.Replace(text))) // not folded: that would take a minus away
	ended := false                                                      // by a unit: what follows another one before it is no cents
	for _, unit := range units {
		ended = ended || strings.HasSuffix(s, unit)
		s = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, unit), unit))
	}
	if !ended {
		s = amountAround.ReplaceAllString(s, "$1,$2")
	}
	m := amountForm.FindStringSubmatch(s)
	switch {
	case m == nil && amountApart.FindString(s) == s && s != "":
		return 0, ErrAmountApart
	case m == nil, sameMarks(m[2], s):
		return 0, ErrAmountForm
	case m[1] == "-" || m[1] == "−":
		return 0, ErrAmountZero
	case len(m[3]) > 2:
		return 0, ErrAmountDecimals
	}
	euros := strings.TrimLeft(strings.NewReplacer(" ", "", ".", "", ",", "").Replace(m[2]), "0")
	if len(euros) > 6 {
		return 0, ErrAmountHuge
	}
	cents = int64(atoi(euros))*100 + int64(atoi((m[3] + "00")[:2]))
	switch {
	case cents == 0:
		return 0, ErrAmountZero
	case cents > hugeAmount:
		return 0, ErrAmountHuge
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

// JoinApart is what "12 50" may mean, with a dot; empty where there is no such amount.
func JoinApart(text string) string {
	m := amountApart.FindStringSubmatch(amountSpaces.Replace(text))
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], " ", "") + "." + m[2]
}

func hasUnit(text string) bool {
	text = strings.ToLower(text)
	for _, unit := range units {
		if strings.Contains(text, unit) {
			return true
		}
	}
	return false
}

// Numbers in words, folded. "un" is one only after another: else it is an article.
var numberWords = map[string]int{
	"un": 1, "une": 1, "one": 1,
	"deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12,
	"treize": 13, "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50,
	"soixante": 60, "cent": 100,
	"two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
	"fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
	"forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
}

// spelt adds up a number in words: "vingt cinq", "soixante dix", "quatre vingt". 0: they are none.
func spelt(words []string) int {
	total, last := 0, 0
	for _, word := range words {
		n := numberWords[word]
		switch {
		case n == 0:
			return 0
		case (n == 20 || n == 100) && last > 1 && last < 10: // "quatre vingt", "deux cent"
			total += last*n - last
		case last > 0 && n >= last:
			return 0
		default:
			total += n
		}
		last = n
	}
	return total
}

// amount reads a run of words as money. It is nil when it is none.
func amount(run []token) (*Amount, int) {
	raw, words := make([]string, len(run)), make([]string, len(run))
	digits := false
	for i, t := range run {
		raw[i], words[i] = t.raw, t.word
		digits = digits || strings.ContainsAny(t.raw, "0123456789")
	}
	a := &Amount{Said: strings.Join(raw, " ")}
	score := 5
	switch {
	case hasUnit(a.Said):
		score = 10
	case len(run) == 1 && isDigits(a.Said): // a number, see request
		return nil, 0
	case !digits:
		score = 1
	}
	if !digits {
		last := len(words) - 1
		if among(words[last], units...) {
			words = words[:last]
		}
		a.Cents = int64(spelt(words)) * 100
		if a.Cents == 0 {
			return nil, 0
		}
		return a, score
	}
	if a.Cents, a.Err = ParseAmount(a.Said); errors.Is(a.Err, ErrAmountForm) {
		return nil, 0
	}
	return a, score
}
