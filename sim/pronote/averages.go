package pronote

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Average is what one subject comes to in a period. A subject that is not Published has no figures.
type Average struct {
	Subject, Period        string
	Pupil, Class, Min, Max string
	Published              bool

	subject string
}

// unpublished is the subject whose averages the school does not show.
const unpublished = "mus"

// averages are those of the subjects that have a mark in the period, in the order of the subjects.
func (s *school) averages(p *pupil, period Period) []Average {
	var all []Average
	for _, sub := range subjects {
		of := slices.DeleteFunc(slices.Clone(p.grades), func(g Grade) bool {
			return g.subject != sub.id || g.period != period.id
		})
		if len(of) == 0 {
			continue
		}
		a := Average{Subject: sub.name, Period: period.Name, subject: sub.id, Published: sub.id != unpublished}
		if a.Published {
			a.Pupil = weigh(of, func(g Grade) string { return g.Mark }, true)
			a.Class = weigh(of, func(g Grade) string { return g.Average }, false)
			a.Min = weigh(of, func(g Grade) string { return g.Min }, false)
			a.Max = weigh(of, func(g Grade) string { return g.Max }, false)
		}
		all = append(all, a)
	}
	return all
}

// overall are the averages of the averages, "" without any.
func overall(averages []Average) (pupil, class string) {
	mean := func(pick func(Average) string) string {
		sum, n := 0.0, 0
		for _, a := range averages {
			if v, ok := number(pick(a)); ok {
				sum, n = sum+v, n+1
			}
		}
		if n == 0 {
			return ""
		}
		return twoDigits(sum / float64(n))
	}
	return mean(func(a Average) string { return a.Pupil }), mean(func(a Average) string { return a.Class })
}

// weigh is the mean out of 20, by coefficient, of the figures that are numbers. With the rules of the pupil's own marks,
// a bonus adds the points above the middle, and an optional mark counts if it helps. "" without any figure.
func weigh(grades []Grade, pick func(Grade) string, rules bool) string {
	type term struct{ value, weight float64 }
	var sum, weight, bonus float64
	var optional []term
	for _, g := range grades {
		v, ok := number(pick(g))
		outOf, _ := number(g.OutOf)
		c, _ := number(g.Coefficient)
		v *= 20 / outOf
		switch {
		case !ok:
		case rules && g.Bonus:
			bonus += max(0, v-10) * c
		case rules && g.Optional:
			optional = append(optional, term{v, c})
		default:
			sum, weight = sum+v*c, weight+c
		}
	}
	for _, o := range optional {
		if weight == 0 || o.value > sum/weight {
			sum, weight = sum+o.value*o.weight, weight+o.weight
		}
	}
	if weight == 0 {
		return ""
	}
	return twoDigits(min(20, (sum+bonus)/weight))
}

// number reads a figure; the marks "|6" and "|7" count as zero.
func number(text string) (float64, bool) {
	if text == "|6" || text == "|7" {
		return 0, true
	}
	v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return v, err == nil
}

func twoDigits(v float64) string {
	return strings.Replace(fmt.Sprintf("%.2f", math.Round(v*100)/100), ".", ",", 1)
}

// comma writes a figure without needless digits: "20", "0,5".
func comma(v float64) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), ".", ",", 1)
}
