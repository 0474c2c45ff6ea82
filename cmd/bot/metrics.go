package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// counter is a platform that counts what an operator may want to know.
type counter interface{ Counts() map[string]uint64 }

// metrics prints the counts of the platforms in the text format of Prometheus.
func metrics(platforms func() []platform) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, p := range platforms() {
			counter, ok := p.(counter)
			if !ok {
				continue
			}
			counts := counter.Counts()
			for _, name := range slices.Sorted(maps.Keys(counts)) {
				fmt.Fprintf(w, "cartable_%s_%s_total %d\n", p.Name(), name, counts[name])
			}
		}
	}
}
