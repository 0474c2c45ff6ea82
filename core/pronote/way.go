package pronote

import "encoding/json"

// way is one way to log in: a column of the table in pronote-today §5.1.
type way struct {
	name  string // for logs
	guise guise

	asksApp     bool // demandeConnexionAppliMobile: this is an app
	asksToken   bool // demandeConnexionAppliMobileJeton: it wants to become one that needs no password
	bringsToken bool // enConnexionAppliMobile: it has a token of an earlier login

	wrong error // what Acces 1 means, where the secret is no password
}

var (
	byPassword = way{name: "password", guise: asBrowser}
	byQRCode   = way{name: "QR code", guise: asApp, asksApp: true, asksToken: true, wrong: ErrTokenRefused}
	byToken    = way{name: "token", guise: asApp, bringsToken: true, wrong: ErrTokenRefused}
)

// identification is the data of the request of that name. kind is the page's a.
func (w way) identification(kind, username, device string) map[string]any {
	data := map[string]any{
		"genreConnexion":                   0,
		"genreEspace":                      json.Number(kind),
		"identifiant":                      username,
		"pourENT":                          false,
		"enConnexionAuto":                  false,
		"demandeConnexionAuto":             false,
		"demandeConnexionAppliMobile":      w.asksApp,
		"demandeConnexionAppliMobileJeton": w.asksToken,
		"enConnexionAppliMobile":           w.bringsToken,
		"uuidAppliMobile":                  device,
		"loginTokenSAV":                    "",
	}
	if w.guise.isApp() {
		data["informationsAppareil"] = map[string]any{"modele": deviceModel, "platforme": devicePlatform}
	}
	return data
}

// guise is how this client looks to a server. Whatever differs between the browser's site and the app's
// stands here.
type guise struct {
	name       string            // for State
	pagePrefix string            // before the name of the space's page, pronote-today §3.1
	userAgent  string            // pronote-today §3.2
	cookies    map[string]string // sent from the start
}

var (
	asBrowser = guise{userAgent: userAgent}
	asApp     = guise{
		name: "app", pagePrefix: "mobile.", userAgent: appUserAgent,
		cookies: map[string]string{"appliMobile": "1"},
	}
)

// page is the name of a space's page.
func (g guise) page(space Space) string { return g.pagePrefix + string(space) + ".html" }

func (g guise) isApp() bool { return g.name == asApp.name }

// guiseNamed finds the guise of a stored session.
func guiseNamed(name string) (guise, bool) {
	for _, g := range []guise{asBrowser, asApp} {
		if g.name == name {
			return g, true
		}
	}
	return guise{}, false
}
