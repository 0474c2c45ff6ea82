package izly

import (
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strings"
)

// node is an element of an answer. Names are local: prefixes and name spaces tell nothing here. The
// methods work on a nil node, which is a missing element with no text and no children.
type node struct {
	name     string
	attrs    []xml.Attr
	text     string // character data and CDATA, trimmed
	children []*node
}

var (
	errDocument = errors.New("not a well-formed document")
	errTooLarge = errors.New("too deep or too many elements")
)

// parseDocument reads one XML document of at most maxNodes elements and attributes, nested at most maxDepth deep. The
// text is UTF-8 whatever its declaration says: .NET writes "utf-16" into strings (izly-today §1.2).
func parseDocument(text string, maxNodes int) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	type element struct {
		*node
		text []byte
	}
	top := &node{}
	open := []element{{node: top}} // from the document to the element being read
	for nodes := 0; ; {
		token, err := d.Token()
		if err == io.EOF && len(open) == 1 && len(top.children) == 1 {
			return top.children[0], nil
		} else if err != nil {
			return nil, errDocument // the cause may quote the document
		}
		here := &open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if nodes += 1 + len(token.Attr); nodes > maxNodes || len(open) > maxDepth {
				return nil, errTooLarge
			}
			n := &node{name: token.Name.Local, attrs: token.Attr}
			here.children = append(here.children, n)
			open = append(open, element{node: n})
		case xml.EndElement:
			here.node.text = strings.TrimSpace(string(here.text))
			open = open[:len(open)-1]
		case xml.CharData:
			here.text = append(here.text, token...)
		}
	}
}

// child is the first child of that name, nil when there is none.
func (n *node) child(name string) *node {
	if n != nil {
		for _, c := range n.children {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

// at is the text of the descendant on that path, empty when there is none.
func (n *node) at(path ...string) string {
	for _, name := range path {
		n = n.child(name)
	}
	if n == nil {
		return ""
	}
	return n.text
}

// attr is the value of an attribute.
func (n *node) attr(name string) (value string, ok bool) {
	if n != nil {
		for _, a := range n.attrs {
			if a.Name.Local == name {
				return a.Value, true
			}
		}
	}
	return "", false
}

// all gives n and its descendants in document order.
func (n *node) all() iter.Seq[*node] {
	return func(yield func(*node) bool) { n.walk(yield) }
}

func (n *node) walk(yield func(*node) bool) bool {
	if n == nil {
		return true
	}
	if !yield(n) {
		return false
	}
	for _, c := range n.children {
		if !c.walk(yield) {
			return false
		}
	}
	return true
}

// named gives the descendants of that name, in document order.
func (n *node) named(name string) iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for d := range n.all() {
			if d != n && d.name == name && !yield(d) {
				return
			}
		}
	}
}
