package izly

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Namespaces of a request (izly-today §1.1).
const (
	envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	serviceSpace  = "Service"
)

// maxArgs bounds the arguments of one call.
const maxArgs = 32

// envelope is a parsed SOAP request. A null argument is the same as an empty one.
type envelope struct {
	EnvelopeSpace string
	MethodSpace   string
	Method        string
	Args          map[string]string
}

// parseEnvelope reads a SOAP 1.1 request as the server must: by local names only, whatever the prefixes,
// attributes, order and white space (izly-today §1.1). It refuses a DOCTYPE, arguments with elements in
// them, repeated arguments, and a second method.
func parseEnvelope(body []byte) (envelope, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	root, err := open(d, "Envelope")
	if err != nil {
		return envelope{}, err
	}
	el, ok, err := child(d)
	if ok && el.Name.Local == "Header" {
		if err = d.Skip(); err == nil {
			el, ok, err = child(d)
		}
	}
	if err != nil {
		return envelope{}, err
	}
	if !ok || el.Name.Local != "Body" {
		return envelope{}, errors.New("no Body")
	}
	method, ok, err := child(d)
	if err != nil || !ok {
		return envelope{}, errors.Join(errors.New("empty Body"), err)
	}
	args, err := arguments(d)
	if err != nil {
		return envelope{}, err
	}
	return envelope{root.Name.Space, method.Name.Space, method.Name.Local, args}, finish(d)
}

// open reads the root element.
func open(d *xml.Decoder, name string) (xml.StartElement, error) {
	el, ok, err := child(d)
	if err == nil && (!ok || el.Name.Local != name) {
		err = fmt.Errorf("root is not %s", name)
	}
	return el, err
}

// arguments reads the children of the method up to its end.
func arguments(d *xml.Decoder) (map[string]string, error) {
	args := map[string]string{}
	for {
		el, ok, err := child(d)
		if err != nil || !ok {
			return args, err
		}
		name := el.Name.Local
		if _, twice := args[name]; twice || len(args) == maxArgs {
			return nil, errors.New("repeated or too many arguments")
		}
		if args[name], err = text(d); err != nil {
			return nil, err
		}
		if isNull(el) {
			args[name] = ""
		}
	}
}

// finish expects the ends of Body and Envelope and nothing else.
func finish(d *xml.Decoder) error {
	for range 2 {
		if _, ok, err := child(d); err != nil || ok {
			return errors.Join(errors.New("more than one method"), err)
		}
	}
	if _, _, err := child(d); err != io.EOF {
		return errors.Join(errors.New("something after the Envelope"), err)
	}
	return nil
}

// child finds the next element; ok is false when the parent ends first.
func child(d *xml.Decoder) (el xml.StartElement, ok bool, err error) {
	for {
		token, err := d.Token()
		if err != nil {
			return el, false, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t, true, nil
		case xml.EndElement:
			return el, false, nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return el, false, errors.New("text between elements")
			}
		case xml.Directive:
			return el, false, errors.New("DOCTYPE")
		}
	}
}

// text reads an element that holds only text, up to its end.
func text(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement, xml.Directive:
			return "", errors.New("markup in an argument")
		}
	}
}

// isNull knows null in the spellings of ksoap2 (i:null) and of the standard (xsi:nil).
func isNull(el xml.StartElement) bool {
	for _, a := range el.Attr {
		if (a.Name.Local == "null" || a.Name.Local == "nil") && (a.Value == "true" || a.Value == "1") {
			return true
		}
	}
	return false
}
