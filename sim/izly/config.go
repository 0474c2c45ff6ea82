package izly

import (
	"log/slog"
	"strings"
	"time"
)

// PrintMode says which form of the signature `print` the server takes (izly-today conflict C1).
type PrintMode string

// The forms of print: the key and the last field of the text are password+OTP, or the bare OTP.
const (
	PrintBoth     PrintMode = "both"
	PrintPrefixed PrintMode = "prefixed"
	PrintSeed     PrintMode = "seed"
)

// Config is the temper of a server. The zero value is a lenient server of the current world.
type Config struct {
	Print        PrintMode // default PrintBoth
	Window       int       // how far an OTP counter may be ahead; default 20, -1 for not at all
	StrictAmount bool      // insist on the app's spelling of amounts: "10.0", "12.5", "30.25"

	// SeedWorld leaves only what seed-izly describes: the activation link does not redirect, Logon knows
	// no actCode and gives no SEED, and there is no REST service.
	SeedWorld bool

	// ThreeDSecure makes MoneyInCbConfirm answer with RDURL and RDPARAMS; the money moves when somebody
	// accepts on the fake bank's page.
	ThreeDSecure bool

	// DistinctActCode makes the activation link hand out a code that differs from its own. Whether the
	// real one does is unknown (izly-today §13, 7).
	DistinctActCode bool

	// ListElement puts the operations of the statement at /RPL/PL[@NB]/P instead of the seed's
	// /RPL/TOTAL/P (izly-today conflict C4).
	ListElement bool

	// SiteURL is what SMS links begin with, without a slash at the end; default
	// "https://mon-espace.izly.fr".
	SiteURL string

	Now      func() time.Time // default time.Now
	Location *time.Location   // of the dates in answers, which name no zone; default Europe/Paris
	Log      *slog.Logger     // default: nowhere. It gets methods and codes, never a secret
}

func (c Config) withDefaults() Config {
	if c.Print == "" {
		c.Print = PrintBoth
	}
	switch {
	case c.Window == 0:
		c.Window = 20
	case c.Window < 0:
		c.Window = 0
	}
	if c.SiteURL == "" {
		c.SiteURL = "https://mon-espace.izly.fr"
	}
	c.SiteURL = strings.TrimRight(c.SiteURL, "/")
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Location == nil {
		c.Location = paris()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// paris falls back on winter time where the machine has no zone data.
func paris() *time.Location {
	if loc, err := time.LoadLocation("Europe/Paris"); err == nil {
		return loc
	}
	return time.FixedZone("CET", 3600)
}
