package izly

import (
	"encoding/xml"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

func TestWSDL(t *testing.T) {
	c := start(t, Config{})
	req, err := http.NewRequest("GET", c.url+"/Service.asmx?WSDL", nil)
	if err != nil {
		t.Fatal(err)
	}
	status, got := c.do(req)
	got = strings.ReplaceAll(got, c.url, "http://sim.example")
	const golden = "testdata/service.wsdl"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || got != string(want) {
		t.Errorf("status %d, and the WSDL is not that of %s (go test -update)", status, golden)
	}
	c.violations()
}

// TestWSDLDescribesTheMethods reads the golden file as a client does.
func TestWSDLDescribesTheMethods(t *testing.T) {
	var doc struct {
		Space    string `xml:"targetNamespace,attr"`
		Elements []struct {
			Name string `xml:"name,attr"`
			Args []struct {
				Name string `xml:"name,attr"`
				Min  string `xml:"minOccurs,attr"`
				Type string `xml:"type,attr"`
			} `xml:"complexType>sequence>element"`
		} `xml:"types>schema>element"`
		Actions []struct {
			Operation struct {
				Action string `xml:"soapAction,attr"`
			} `xml:"http://schemas.xmlsoap.org/wsdl/soap/ operation"`
		} `xml:"binding>operation"`
	}
	if err := xml.Unmarshal([]byte(describe("http://sim.example/Service.asmx")), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Space != "Service" || len(doc.Elements) != 2*len(soapMethods) || len(doc.Actions) != len(soapMethods) {
		t.Fatalf("namespace %q, %d elements, %d operations", doc.Space, len(doc.Elements), len(doc.Actions))
	}
	for i, m := range soapMethods {
		var names []string
		for _, a := range doc.Elements[2*i].Args {
			names = append(names, a.Name)
			if a.Min != "0" || a.Type != "s:string" {
				t.Errorf("%s: argument %s is %s, minOccurs %s", m.name, a.Name, a.Type, a.Min)
			}
		}
		for _, c := range common {
			if !slices.Contains(names, c[0]) {
				t.Errorf("%s: no argument %s", m.name, c[0])
			}
		}
		if slices.Contains(names, "sessionId") == m.open || doc.Actions[i].Operation.Action != "Service/"+m.name {
			t.Errorf("%s: arguments %q, action %q", m.name, names, doc.Actions[i].Operation.Action)
		}
	}
}
