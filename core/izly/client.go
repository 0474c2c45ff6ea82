package izly

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Enrolment says how an activation becomes a session (izly-today §0, conflict C3).
type Enrolment string

// Ways to enrol. EnrolAuto opens the link: where the site answers with an actCode the current way is
// taken, everywhere else the seed's.
const (
	EnrolAuto    Enrolment = ""
	EnrolCurrent Enrolment = "current" // the site gives an actCode, the server gives the HOTP key
	EnrolSeed    Enrolment = "seed"    // the code of the SMS is the HOTP key
)

// PrintMode says which key signs a confirmation (conflict C1).
type PrintMode string

// Keys of the argument "print".
const (
	PrintPrefixed PrintMode = ""     // secret code and OTP, as three clients do
	PrintSeed     PrintMode = "seed" // the OTP alone, as the seed says
)

// Config holds the settings of a Client. The zero value speaks to the real services.
type Config struct {
	SOAPURL string // default https://soap.izly.fr/Service.asmx
	RESTURL string // default https://rest.izly.fr/Service/PublicService.svc/rest
	SiteURL string // default https://mon-espace.izly.fr; activation links are opened here and nowhere else

	HTTPClient *http.Client     // default one that bounds headers; its redirect policy is not used
	Now        func() time.Time // default time.Now
	Log        *slog.Logger     // default: nothing is logged
	Location   *time.Location   // the servers' time zone; default Europe/Paris

	Enrolment Enrolment
	Print     PrintMode
	Version   string // the argument "version" and the header clientVersion; default "6.0" (conflict C7)
}

// Client speaks to the Izly services. It holds no account and may be used by several goroutines.
type Client struct {
	cfg  Config
	http *http.Client
}

// New checks cfg and fills in its defaults. Nothing is sent.
func New(cfg Config) (*Client, error) {
	for _, setting := range []struct {
		name, standard string
		value          *string
	}{
		{"SOAPURL", defaultSOAPURL, &cfg.SOAPURL},
		{"RESTURL", defaultRESTURL, &cfg.RESTURL},
		{"SiteURL", defaultSiteURL, &cfg.SiteURL},
	} {
		if *setting.value == "" {
			*setting.value = setting.standard
		}
		u, err := url.Parse(*setting.value)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("izly: %s: not an http address", setting.name)
		}
		*setting.value = strings.TrimRight(*setting.value, "/")
	}
	if err := cfg.modes(); err != nil {
		return nil, err
	}
	if cfg.Location == nil {
		paris, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			return nil, fmt.Errorf("izly: %w", err)
		}
		cfg.Location = paris
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Version == "" {
		cfg.Version = defaultVer
	}
	c := &Client{cfg: cfg, http: &http.Client{}}
	if cfg.HTTPClient != nil {
		*c.http = *cfg.HTTPClient
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxResponseHeaderBytes = maxHeader
		c.http.Transport = transport
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// modes accepts the words of a settings file for the default values.
func (cfg *Config) modes() error {
	if cfg.Enrolment == "auto" {
		cfg.Enrolment = EnrolAuto
	}
	if cfg.Print == "prefixed" {
		cfg.Print = PrintPrefixed
	}
	switch cfg.Enrolment {
	case EnrolAuto, EnrolCurrent, EnrolSeed:
	default:
		return fmt.Errorf("izly: Enrolment: unknown way %.32q", string(cfg.Enrolment))
	}
	switch cfg.Print {
	case PrintPrefixed, PrintSeed:
	default:
		return fmt.Errorf("izly: Print: unknown mode %.32q", string(cfg.Print))
	}
	return nil
}
