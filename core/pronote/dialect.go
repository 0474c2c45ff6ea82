package pronote

import (
	"regexp"
	"slices"
	"strconv"
)

// version is a server's version: major, minor, patch, build. Zero means unknown.
type version [4]int

// versionPattern finds what a page shows in its footer ("PRONOTE 2025.2.8") and what the Server header
// says ("PRONOTE 2026.2.5.7"), pronote-today §1.3.
var versionPattern = regexp.MustCompile(`PRONOTE\s+(\d{4})\.(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?\b`)

// pageVersionPattern is versionPattern where it is the whole text of an element: the name and a number
// may also stand elsewhere in a page, in help texts for example.
var pageVersionPattern = regexp.MustCompile(`>\s*` + versionPattern.String() + `[^<>]{0,40}<`)

// parseVersion reads the version that pattern finds in text; none gives the zero version.
func parseVersion(pattern *regexp.Regexp, text string) (v version) {
	for i, digits := range pattern.FindStringSubmatch(text) {
		if i > 0 && digits != "" {
			v[i-1], _ = strconv.Atoi(digits) // the pattern bounds it
		}
	}
	return v
}

// dialect is what differs between generations of servers, pronote-today §1. The forms of the page and of
// the login challenge differ too, but they are recognised where they are read.
type dialect struct {
	name  string  // for logs and for State
	since version // first version that speaks it

	// Names in the envelope, and inside the secured part.
	function, order, secured string
	payload, signature       string

	// skipFlags is true where the page's flags sCrA and sCoA turn encryption and compression off, and
	// false where CrA and CoA turn them on, pronote-today §1.4.
	skipFlags bool
}

// dialects is in order of age, pronote-today §1.1.
var dialects = []dialect{
	{
		name: "classic", since: version{}, // with the RSA key in the page
		function: "nom", order: "numeroOrdre", secured: "donneesSec",
		payload: "donnees", signature: "_Signature_", skipFlags: true,
	},
	{
		name: "2023", since: version{2023}, // with a fixed RSA key
		function: "nom", order: "numeroOrdre", secured: "donneesSec",
		payload: "donnees", signature: "_Signature_", skipFlags: true,
	},
	{
		name: "2024.3.9", since: version{2024, 3, 9},
		function: "nom", order: "numeroOrdre", secured: "donneesSec",
		payload: "data", signature: "Signature", skipFlags: true,
	},
	{
		name: "2025.1.3", since: version{2025, 1, 3},
		function: "id", order: "no", secured: "dataSec",
		payload: "data", signature: "Signature",
	},
	{
		name: "2026.2.4", since: version{2026, 2, 4}, // Start in a script; from 2026.2.5.6 a nonce as challenge
		function: "id", order: "no", secured: "dataSec",
		payload: "data", signature: "Signature",
	},
}

// dialectNamed finds the dialect of a stored session.
func dialectNamed(name string) (dialect, bool) {
	i := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name })
	if i < 0 {
		return dialect{}, false
	}
	return dialects[i], true
}

// chooseDialect goes by the version where it is known, and else by the flags of the page,
// pronote-today §1.3: servers without any flag are today's plain ones.
func chooseDialect(v version, st start) dialect {
	if v == (version{}) {
		switch {
		case st.has("MR"):
			v = version{2022}
		case st.has("sCrA") || st.has("sCoA"):
			v = version{2023}
		default:
			v = version{2025, 1, 3}
		}
	}
	chosen := dialects[0]
	for _, d := range dialects {
		if slices.Compare(v[:], d.since[:]) >= 0 {
			chosen = d
		}
	}
	return chosen
}

// encrypts and compresses read the page's flags in the way of the dialect.
func (d dialect) encrypts(st start) bool {
	if d.skipFlags {
		return !st.flag("sCrA")
	}
	return st.flag("CrA")
}

func (d dialect) compresses(st start) bool {
	if d.skipFlags {
		return !st.flag("sCoA")
	}
	return st.flag("CoA")
}
