package pronote

import (
	"slices"
	"testing"
)

var domainTests = []struct {
	in   string
	want []int // nil: must be refused
}{
	{"[]", []int{}},
	{"", []int{}},
	{"[8]", []int{8}},
	{"[1,3..5]", []int{1, 3, 4, 5}},
	{"[1..3,8]", []int{1, 2, 3, 8}},
	{"[1, 3..4]", []int{1, 3, 4}},
	{"[0..9999999999]", nil}, // would fill memory
	{"[0..2000]", nil},
	{"[0..1000,0..1000]", nil},
	{"[5..3]", nil},
	{"[-1]", nil},
	{"[1,,2]", nil},
	{"[1", nil},
	{"1]", nil},
	{"[a]", nil},
	{"[..]", nil},
}

func TestDomain(t *testing.T) {
	for _, tt := range domainTests {
		got, err := decodeDomain(tt.in)
		if (err != nil) != (tt.want == nil) || !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestEncodeDomain(t *testing.T) {
	for want, set := range map[string][]int{
		"[]": nil, "[3]": {3}, "[3..5]": {3, 4, 5}, "[1,3..4,9]": {9, 4, 3, 1, 3},
	} {
		if got := encodeDomain(set); got != want {
			t.Errorf("%v: got %s", set, got)
		}
	}
}

func FuzzDomain(f *testing.F) {
	for _, tt := range domainTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := decodeDomain(s)
		if err != nil {
			return
		}
		slices.Sort(set) // the law: what is accepted survives a round trip
		if again, err := decodeDomain(encodeDomain(set)); err != nil || !slices.Equal(again, slices.Compact(set)) {
			t.Errorf("%q: %v became %v, %v", s, set, again, err)
		}
	})
}
