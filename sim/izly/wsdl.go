package izly

import (
	_ "embed"
	"net/http"
	"slices"
	"strings"
	"text/template"
)

//go:embed service.wsdl.tmpl
var wsdlText string

var wsdl = template.Must(template.New("wsdl").Parse(wsdlText))

// every is what any method takes besides its own arguments.
var every = []string{"version", "channel", "format", "model", "language"}

type wsdlMethod struct {
	Name string
	Args []string
}

// serveWSDL describes the service with its own address, which clients follow (izly-today §11).
func (s *Server) serveWSDL(w http.ResponseWriter, r *http.Request) {
	address := "http://" + r.Host
	if r.TLS != nil {
		address = "https://" + r.Host
	}
	out := reply{http.StatusOK, "text/xml; charset=utf-8", describe(address + "/Service.asmx")}
	s.record(Request{Method: "WSDL", Status: out.status})
	out.writeTo(w)
}

func describe(address string) string {
	var methods []wsdlMethod
	for _, m := range soapMethods {
		args := every
		if !m.open {
			args = append(slices.Clone(every), "userId", "sessionId")
		}
		methods = append(methods, wsdlMethod{m.name, append(slices.Clone(args), m.args...)})
	}
	var b strings.Builder
	// A strings.Builder takes every write and the template is ours: there is no error to have.
	_ = wsdl.Execute(&b, struct {
		Address string
		Methods []wsdlMethod
	}{address, methods})
	return b.String()
}
