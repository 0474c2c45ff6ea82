package pronote

import (
	"fmt"
	"regexp"
	"strings"

	"cartable/core/school"
)

// annotations are the marks that are no numbers, pronote-today §4.5.
var annotations = map[string]school.MarkKind{
	"1": school.MarkAbsent,
	"2": school.MarkExempted,
	"3": school.MarkNotGraded,
	"4": school.MarkUnfit,
	"5": school.MarkNotHandedIn,
	"6": school.MarkAbsentZero,
	"7": school.MarkNotHandedInZero,
	"8": school.MarkCongratulations,
}

// decodeMark reads the text of a mark: "14,50", "|1", "|8|20" (the scale after the second bar is the
// test's own), or nothing. An annotation with a new number is MarkUnknown; other texts are errors.
func decodeMark(s string) (school.Mark, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return school.Mark{}, nil
	}
	if annotation, found := strings.CutPrefix(s, "|"); found {
		code, _, _ := strings.Cut(annotation, "|")
		kind, known := annotations[code]
		if !known {
			kind = school.MarkUnknown
		}
		return school.Mark{Kind: kind}, nil
	}
	value, err := decodeDecimal(s)
	if err != nil {
		return school.Mark{}, err
	}
	return school.Mark{Kind: school.MarkNumber, Value: value}, nil
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
