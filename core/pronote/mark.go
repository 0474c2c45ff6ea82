package pronote

import (
	"fmt"
	"regexp"
	"strings"
)

// annotations are the marks that are no numbers, pronote-today §4.5.
var annotations = map[string]MarkKind{
	"1": MarkAbsent,
	"2": MarkExempted,
	"3": MarkNotGraded,
	"4": MarkUnfit,
	"5": MarkNotHandedIn,
	"6": MarkAbsentZero,
	"7": MarkNotHandedInZero,
	"8": MarkCongratulations,
}

// decodeMark reads the text of a mark: "14,50", "|1", "|8|20" (the scale after the second bar is the
// test's own), or nothing. An annotation with a new number is MarkUnknown; other texts are errors.
func decodeMark(s string) (Mark, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Mark{}, nil
	}
	if annotation, found := strings.CutPrefix(s, "|"); found {
		code, _, _ := strings.Cut(annotation, "|")
		kind, known := annotations[code]
		if !known {
			kind = MarkUnknown
		}
		return Mark{Kind: kind}, nil
	}
	value, err := decodeDecimal(s)
	if err != nil {
		return Mark{}, err
	}
	return Mark{MarkNumber, value}, nil
}

var decimalPattern = regexp.MustCompile(`^([+-]?)0*(\d{1,9})(?:[.,](\d{0,9}))?$`)

// decodeDecimal makes one form of the numbers that servers write with a comma or a dot: "12,50" and
// "12.5" become "12.5", "0,0" becomes "0".
func decodeDecimal(s string) (string, error) {
	match := decimalPattern.FindStringSubmatch(s)
	if match == nil {
		return "", fmt.Errorf("pronote: decimal: bad number %.16q", s)
	}
	value := match[2]
	if fraction := strings.TrimRight(match[3], "0"); fraction != "" {
		value += "." + fraction
	}
	if match[1] == "-" && value != "0" {
		value = "-" + value
	}
	return value, nil
}
