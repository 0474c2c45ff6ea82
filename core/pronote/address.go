package pronote

import (
	"net/netip"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Address is the root of a school's PRONOTE, such as "https://0350000x.index-education.net/pronote": scheme,
// host and folder, without a slash at the end. ParseAddress makes it.
type Address string

// AddressReason says why an address is refused.
type AddressReason string

// The reasons.
const (
	AddressEmpty     AddressReason = "empty"
	AddressTooLong   AddressReason = "too long"
	AddressNotURL    AddressReason = "not a URL"
	AddressNotHTTPS  AddressReason = "not https"
	AddressUserInfo  AddressReason = "contains a user name"
	AddressNoHost    AddressReason = "no host name"
	AddressPrivate   AddressReason = "leads into a private network"
	AddressTooFar    AddressReason = "redirects too often"
	AddressElsewhere AddressReason = "is not that of the demo's school"
)

// AddressError is an address that this client does not connect to. It does not quote the address.
type AddressError struct{ Reason AddressReason }

func (e *AddressError) Error() string { return "pronote: address " + string(e.Reason) }

const maxAddress = 2048

// pasted are the characters that come along when people copy an address out of a text.
const pasted = " \t\r\n\u00a0\u200b<>\"'«»,;"

// hostedDomain is where the maker of PRONOTE hosts schools, always in the folder hostedFolder.
const hostedDomain, hostedFolder = ".index-education.net", "/pronote"

// ParseAddress reads what people copy from a browser or a letter: with or without scheme, page name, query or
// slash at the end. The space is that of the page name, empty when there is none or it is of no space
// that this client serves. allowPrivate lets plain http and private networks through, for tests and demos.
// Every error is an *AddressError.
func ParseAddress(text string, allowPrivate bool) (Address, Space, error) {
	text = strings.Trim(text, pasted)
	switch {
	case text == "":
		return "", "", &AddressError{AddressEmpty}
	case len(text) > maxAddress:
		return "", "", &AddressError{AddressTooLong}
	case !strings.Contains(text, "://"):
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || !utf8.ValidString(u.Host+u.Path) {
		return "", "", &AddressError{AddressNotURL}
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !allowPrivate):
		return "", "", &AddressError{AddressNotHTTPS}
	case u.User != nil:
		return "", "", &AddressError{AddressUserInfo}
	}
	host, err := cleanHost(u, allowPrivate)
	if err != nil {
		return "", "", err
	}
	folder, space := cutPage(u.Path)
	if folder == "" && strings.HasSuffix(strings.ToLower(u.Hostname()), hostedDomain) {
		folder = hostedFolder
	}
	root := url.URL{Scheme: u.Scheme, Host: host, Path: folder}
	return Address(root.String()), space, nil
}

// hostProfile is that of a browser's address bar, with names as DNS has them.
var hostProfile = idna.New(
	idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// cleanHost gives the host, in ASCII, and the port.
func cleanHost(u *url.URL, allowPrivate bool) (string, error) {
	name := u.Hostname()
	if name == "" {
		return "", &AddressError{AddressNoHost}
	}
	if !strings.Contains(name, ":") { // those with colons are IPv6
		ascii, err := hostProfile.ToASCII(name)
		if err != nil {
			return "", &AddressError{AddressNotURL}
		}
		name = strings.TrimRight(ascii, ".")
	}
	ip, err := netip.ParseAddr(name)
	switch isIP := err == nil; {
	case isIP && !allowPrivate && !isPublic(ip):
		return "", &AddressError{AddressPrivate}
	case !isIP && !allowPrivate && !strings.Contains(name, "."):
		return "", &AddressError{AddressNoHost}
	case isIP && ip.Is6():
		name = "[" + name + "]"
	}
	if port := u.Port(); port != "" {
		name += ":" + port
	}
	return name, nil
}

// cutPage takes a page name off a path, pronote-today §3.1, and tells which space it is of.
func cutPage(p string) (folder string, space Space) {
	p = path.Clean("/" + p)
	dir, last := path.Split(p)
	if name, _, isPage := strings.Cut(strings.ToLower(last), ".html"); isPage {
		p = path.Clean(dir)
		switch s := Space(strings.TrimPrefix(name, "mobile.")); s {
		case SpacePupil, SpaceParent:
			space = s
		}
	}
	return strings.TrimSuffix(p, "/"), space
}
