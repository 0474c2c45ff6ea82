package pronote

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const maxDomain = 1024 // bounds members and size: "[0..2000000000]" must cost nothing

// decodeDomain reads the notation of a set of numbers, such as weeks: "[1,3..5]", pronote-today §4.3. The
// empty text is an empty set too: servers send it for a fortnight that does not exist (§4.6).
func decodeDomain(s string) ([]int, error) {
	if s == "" || s == "[]" {
		return nil, nil
	}
	body, open := strings.CutPrefix(s, "[")
	body, shut := strings.CutSuffix(body, "]")
	var set []int
	for part := range strings.SplitSeq(body, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "..")
		lo, err := strconv.Atoi(from)
		hi := lo
		if err == nil && isRange {
			hi, err = strconv.Atoi(to)
		}
		if !open || !shut || err != nil || lo < 0 || hi < lo || hi > maxDomain || len(set)+hi-lo >= maxDomain {
			return nil, fmt.Errorf("pronote: domain: bad set %.32q", s)
		}
		for n := lo; n <= hi; n++ {
			set = append(set, n)
		}
	}
	return set, nil
}

// encodeDomain writes a set in its shortest form.
func encodeDomain(set []int) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(set)))
	var parts []string
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		part := strconv.Itoa(sorted[i])
		if j > i {
			part += ".." + strconv.Itoa(sorted[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return "[" + strings.Join(parts, ",") + "]"
}
