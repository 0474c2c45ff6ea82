package pronote

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// version is the release a server says it runs: three numbers, and a build that only the Server header shows.
type version [4]int

// parseVersion reads "2025.2.8". The build is 7 from 2026.2.5 on, the first builds with the nonce challenge being 6 and
// later (pronote-today §1.2), and 0 before.
func parseVersion(s string) (version, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return version{}, fmt.Errorf("sim/pronote: version %q: three numbers wanted, as 2025.2.8", s)
	}
	var v version
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return version{}, fmt.Errorf("sim/pronote: version %q: three numbers wanted, as 2025.2.8", s)
		}
		v[i] = n
	}
	if v.atLeast(2026, 2, 5) {
		v[3] = 7
	}
	return v, nil
}

func (v version) atLeast(major, minor, patch int) bool {
	return slices.Compare(v[:3], []int{major, minor, patch}) >= 0
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// withBuild is the form of the Server header and of nothing else (pronote-today §1.3).
func (v version) withBuild() string { return fmt.Sprintf("%s.%d", v, v[3]) }

// names are the property names of one dialect (pronote-today §1.1).
type names struct {
	function, order, secured, unsecured string // envelope
	data, signature                     string // secured part
}

var (
	namesClassic = names{"nom", "numeroOrdre", "donneesSec", "donneesNonSec", "donnees", "_Signature_"}
	names2024    = names{"nom", "numeroOrdre", "donneesSec", "donneesNonSec", "data", "Signature"}
	names2025    = names{"id", "no", "dataSec", "dataNonSec", "data", "Signature"}
)

// dialect is what changed between releases, as data.
type dialect struct {
	version   version
	names     names
	skipFlags bool   // the page says what to skip (sCrA, sCoA) instead of what to do (CrA, CoA)
	ownRSA    bool   // MR and ER in the page, Uuid under that key
	script    bool   // Start stands in an inline script, with quoted keys
	nonce     bool   // the challenge is a plain nonce, without alea
	innerErr  bool   // refusals within a living session travel inside the secured part
	keepAlive string // function that keeps a session alive
}

// dialectOf is the table of pronote-today §1 and §1.2.
func dialectOf(v version) dialect {
	d := dialect{version: v, names: namesClassic, skipFlags: true, ownRSA: v[0] <= 2022, keepAlive: "Presence"}
	if v.atLeast(2024, 3, 9) {
		d.names, d.keepAlive = names2024, "Navigation"
	}
	if v.atLeast(2025, 1, 3) {
		d.names, d.skipFlags = names2025, false
	}
	if v.atLeast(2026, 2, 4) {
		d.script, d.innerErr = true, true
	}
	d.nonce = v.atLeast(2026, 2, 5)
	return d
}

// foreignNames lists the property names that other dialects use where d uses its own.
func (d dialect) foreignNames(pick func(names) []string) []string {
	own := pick(d.names)
	var foreign []string
	for _, n := range []names{namesClassic, names2024, names2025} {
		for _, name := range pick(n) {
			if !slices.Contains(own, name) && !slices.Contains(foreign, name) {
				foreign = append(foreign, name)
			}
		}
	}
	return foreign
}

func envelopeNames(n names) []string { return []string{n.function, n.order, n.secured, n.unsecured} }
func securedNames(n names) []string  { return []string{n.data, n.signature} }
