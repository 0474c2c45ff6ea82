package core_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed are the packages of ours that each package may import. A new arrow is a decision: it is written here and
// in docs/architecture.md, with its reason in the commit.
var allowed = map[string]string{
	"core/chat":           "core/visible",
	"core/store":          "",
	"core/visible":        "",
	"core/secret":         "",
	"core/qrcode":         "",
	"core/school":         "core/secret",
	"core/rights":         "core/chat core/store",
	"core/outbox":         "core/chat core/store core/secret",
	"core/tries":          "core/store",
	"core/family":         "core/school core/store core/secret core/tries",
	"core/wallet":         "core/izly core/chat core/store core/secret core/tries",
	"core/pronote":        "core/school core/secret core/visible core/pronote/cipher",
	"core/pronote/cipher": "",
	"core/ask":            "core/school i18n",
	"core/izly":           "core/secret core/visible",
	"core/view":           "core/ask core/chat core/visible i18n core/school core/izly core/family core/wallet core/tries",
	"core/talk":           "core/chat core/store core/visible i18n core/rights core/outbox",
	"core/linking": "core/talk core/view core/rights core/family core/wallet core/chat core/school core/izly core/secret i18n " +
		"core/pronote core/qrcode core/store",
	"core/watch": "core/view core/outbox core/store core/rights core/family core/wallet core/chat core/school core/izly core/secret i18n",
	"core/commands": "core/ask core/talk core/view core/linking core/watch core/rights core/family core/wallet core/chat core/school core/izly " +
		"core/secret core/tries i18n", // tries: that a held top-up was not sent is said in the same answer
	"i18n":                   "",
	"vault":                  "core/secret",
	"bot/telegram":           "core/chat core/store core/secret core/visible",
	"bot/terminal":           "core/chat core/visible",
	"bot/matrix":             "core/chat core/store core/secret core/visible i18n bot/matrix/cryptostore",
	"bot/matrix/cryptostore": "core/store core/secret",
	"sim/pronote":            "",
	"sim/izly":               "",
	"sim/telegram":           "",
}

// everything are the packages that may import what they like: they put the others together.
var everything = []string{"core", "cmd/bot"}

// TestImportsRunOneWay compares what each package imports with what it may.
func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "goolm", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "cartable/...").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(strings.ReplaceAll(line, "cartable/", ""))
		name := words[0]
		if slices.Contains(everything, name) || strings.HasSuffix(name, "test") {
			continue
		}
		seen[name] = true
		may, known := allowed[name]
		if !known {
			t.Errorf("%s is a package without a line in the list", name)
			continue
		}
		for i, path := range strings.Fields(line)[1:] {
			if strings.HasPrefix(path, "cartable/") && !slices.Contains(strings.Fields(may), words[i+1]) {
				t.Errorf("%s may not import %s", name, words[i+1])
			}
		}
	}
	for name := range allowed {
		if !seen[name] {
			t.Errorf("%s is in the list and not in the tree", name)
		}
	}
}
