package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"cartable/bot/telegram"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/i18n"
)

const prefix = "CARTABLE_"

// maxSetting bounds a setting that is read from a file, in bytes.
const maxSetting = 4096

// setting is one entry of the table in README.md.
type setting struct {
	name     string
	standard string // what holds when it is not set, as shown to people
	example  string
	file     string // what an example calls the file of NAME_FILE
	secret   bool   // never shown; may be given as NAME_FILE instead
	fileOnly bool   // only as NAME_FILE
	set      func(c *config, value string) error
}

// settings is every name that may be set.
var settings = []setting{
	{name: "CARTABLE_DATA", standard: "data", example: "/data", set: func(c *config, v string) error { c.data = v; return nil }},
	{name: "CARTABLE_KEY", standard: "the file vault.key beside the vault", example: "the output of `bot key new`", file: "key", secret: true, set: (*config).setKey},
	{name: "CARTABLE_PASSPHRASE", example: "/run/secrets/passphrase", secret: true, fileOnly: true, set: (*config).setPassphrase},
	{name: "CARTABLE_NEW_KEY", example: "the output of `bot key new`", file: "new-key", secret: true, set: (*config).setNewKey},
	{name: "CARTABLE_NEW_PASSPHRASE", example: "/run/secrets/new-passphrase", secret: true, fileOnly: true, set: (*config).setNewPassphrase},
	{name: "CARTABLE_LANG", standard: "fr", example: "en", set: setLang},
	{name: "CARTABLE_TIMEZONE", standard: "Europe/Paris", example: "Indian/Reunion", set: setTimezone},
	{name: "CARTABLE_ALLOW_PRIVATE_NETWORKS", standard: "0", example: "1", set: setPrivate},
	{name: "CARTABLE_IZLY_SOAP_URL", standard: "the real one", example: "http://127.0.0.1:9090/Service.asmx", set: setURL(func(c *config) *string { return &c.izly.soapURL })},
	{name: "CARTABLE_IZLY_REST_URL", standard: "the real one", example: "http://127.0.0.1:9090/Service/PublicService.svc/rest", set: setURL(func(c *config) *string { return &c.izly.restURL })},
	{name: "CARTABLE_IZLY_SITE_URL", standard: "the real one", example: "http://127.0.0.1:9090", set: setURL(func(c *config) *string { return &c.izly.siteURL })},
	{name: "CARTABLE_IZLY_ENROLMENT", standard: "auto", example: "seed", set: setEnrolment},
	{name: "CARTABLE_IZLY_PRINT", standard: "prefixed", example: "seed", set: setPrint},
	{name: "CARTABLE_WATCH", standard: "1", example: "0", set: setWatch},
	{name: "CARTABLE_WATCH_EVERY", standard: "a plan of some looks a day", example: "10s", set: setWatchEvery},
	{name: "CARTABLE_LOG", standard: "info; warn for chat and demo", example: "debug", set: setLog},
	{name: "CARTABLE_LOG_FORMAT", standard: "text", example: "json", set: setLogFormat},

	{name: "CARTABLE_TELEGRAM_TOKEN", example: "the token that @BotFather gave", file: "telegram", secret: true, set: setTelegramToken},
	{name: "CARTABLE_TELEGRAM_API", standard: "https://api.telegram.org", example: "http://127.0.0.1:8081", set: setURL(func(c *config) *string { return &c.telegram.api })},
	{name: "CARTABLE_TELEGRAM_WEBHOOK", standard: "0", example: "1", set: setWebhook},
	{name: "CARTABLE_LISTEN", standard: "127.0.0.1:8080", example: "0.0.0.0:8080", set: setListen(func(c *config) *string { return &c.listen })},
	{name: "CARTABLE_LISTEN_INTERNAL", standard: "127.0.0.1:8081", example: "127.0.0.1:8081", set: setListen(func(c *config) *string { return &c.internal })},
	{name: "CARTABLE_PUBLIC_URL", example: "https://bot.example.org", set: setPublicURL},
	{name: "CARTABLE_ACCESS", standard: "invite", example: "open", set: setAccess},
	{name: "CARTABLE_ADMINS", example: "telegram:12345,matrix:@ana:example.org", set: setAdmins},
	{name: "CARTABLE_MATRIX_HOMESERVER", example: "https://matrix.example.org", set: setURL(func(c *config) *string { return &c.matrix.homeserver })},
	{name: "CARTABLE_MATRIX_USER", example: "@cartable:example.org", set: func(c *config, v string) error { c.matrix.user = v; return nil }},
	{name: "CARTABLE_MATRIX_PASSWORD", example: "the password of the bot's account", file: "matrix", secret: true, set: func(c *config, v string) error { c.matrix.password = secret.New(v); return nil }},
	{name: "CARTABLE_MATRIX_TOKEN", example: "an access token of the bot's account", file: "matrix-token", secret: true, set: func(c *config, v string) error { c.matrix.token = secret.New(v); return nil }},
	{name: "CARTABLE_MATRIX_RECOVERY_KEY", example: "what `bot matrix recovery-key` printed", file: "matrix-recovery", secret: true, set: func(c *config, v string) error { c.matrix.recoveryKey = secret.New(v); return nil }},
}

func defaults() config {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic("bot: the zone data is linked in: " + err.Error())
	}
	return config{data: "data", lang: i18n.Languages[0], location: paris, listen: "127.0.0.1:8080", internal: "127.0.0.1:8081"}
}

// variables are the names under which the environment may give the setting.
func (s *setting) variables() []string {
	switch {
	case s.fileOnly:
		return []string{s.name + "_FILE"}
	case s.secret:
		return []string{s.name, s.name + "_FILE"}
	default:
		return []string{s.name}
	}
}

// read finds the value and the variable it came from, "" when there is none.
func (s *setting) read(env map[string]string) (value, from string, err error) {
	for _, name := range s.variables() {
		text, set := env[name]
		switch {
		case !set:
			continue
		case from != "":
			return "", "", fmt.Errorf("%s and %s are both set; unset one of them", from, name)
		}
		value, from = text, name
	}
	if from == "" || from == s.name {
		return value, from, nil
	}
	if value, err = readSecretFile(value); err != nil {
		return "", "", fmt.Errorf("%s: %w; for example %s", from, err, s.sample(from))
	}
	return value, from, nil
}

// readSecretFile reads a secret from a file; one line break at its end is not part of it.
func readSecretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSetting+1))
	if err != nil {
		return "", err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case len(text) > maxSetting:
		return "", fmt.Errorf("the file %s has more than %d bytes", path, maxSetting)
	case value == "":
		return "", fmt.Errorf("the file %s is empty", path)
	}
	return value, nil
}

// sample is an example for the variable from.
func (s *setting) sample(from string) string {
	if from != s.name && !s.fileOnly {
		return from + "=/run/secrets/" + s.file + ", a file with " + s.example
	}
	return from + "=" + s.example
}

// show is the value as it may be seen.
func (s *setting) show(value string) string {
	if s.secret {
		return "[redacted]"
	}
	return value
}

// slips is how many wrong letters a name may have to be taken for a misspelt setting: every third of the few
// that make the difference, but not more than three.
func slips(name string) int { return min((len(name)-len(prefix)+1)/3, 3) }

// unknown names each variable that is no setting, with the setting that was perhaps meant.
func unknown(env map[string]string) []string {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		meant := slices.MinFunc(settings, func(a, b setting) int { return a.distance(name) - b.distance(name) })
		switch {
		case slices.Contains(meant.variables(), name):
		case meant.distance(name) <= slips(name):
			problems = append(problems, fmt.Sprintf("%s: no such setting; the nearest one is %s", name, strings.Join(meant.variables(), " or ")))
		default:
			problems = append(problems, name+": no such setting; README.md lists those that there are")
		}
	}
	return problems
}

// distance tells how far the setting is from a name that was given, with or without _FILE.
func (s setting) distance(given string) int {
	return min(i18n.Slips(given, s.name), i18n.Slips(given, s.name+"_FILE"))
}

func setLang(c *config, value string) error {
	if !i18n.Known(value) {
		return fmt.Errorf("%q is no language that the bot speaks (%s)", value, strings.Join(i18n.Languages, ", "))
	}
	c.lang = value
	return nil
}

func setTimezone(c *config, value string) error {
	location, err := time.LoadLocation(value)
	if err != nil || value == "Local" {
		return fmt.Errorf("%q is no time zone of the IANA database", value)
	}
	c.location = location
	return nil
}

func setWatch(c *config, value string) (err error) {
	c.noWatch, err = oneOf(value, map[string]bool{"0": true, "1": false})
	return err
}

// leastEvery is the shortest time between two looks.
const leastEvery = time.Second

func setWatchEvery(c *config, value string) error {
	every, err := time.ParseDuration(value)
	if err != nil || every < leastEvery {
		return fmt.Errorf("%q is no time of a second or more", value)
	}
	c.every = every
	return nil
}

func setPrivate(c *config, value string) (err error) {
	c.private, err = oneOf(value, map[string]bool{"0": false, "1": true})
	return err
}

func setEnrolment(c *config, value string) (err error) {
	c.izly.enrolment, err = oneOf(value, map[string]izly.Enrolment{
		"auto": izly.EnrolAuto, "current": izly.EnrolCurrent, "seed": izly.EnrolSeed,
	})
	return err
}

func setPrint(c *config, value string) (err error) {
	c.izly.print, err = oneOf(value, map[string]izly.PrintMode{"prefixed": izly.PrintPrefixed, "seed": izly.PrintSeed})
	return err
}

func setLog(c *config, value string) error {
	level, err := oneOf(value, map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	})
	c.logLevel = &level
	return err
}

func setLogFormat(c *config, value string) (err error) {
	c.logJSON, err = oneOf(value, map[string]bool{"text": false, "json": true})
	return err
}

func oneOf[T any](value string, meanings map[string]T) (T, error) {
	meaning, ok := meanings[value]
	if !ok {
		return meaning, fmt.Errorf("%q is none of %s", value, strings.Join(slices.Sorted(maps.Keys(meanings)), ", "))
	}
	return meaning, nil
}

// setURL takes the address of a service. It may not hold a password: addresses are shown and logged.
func setURL(field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New("not a plain http or https address") // not quoted: it may hold a password
		}
		*field(c) = value
		return nil
	}
}

func setTelegramToken(c *config, value string) (err error) {
	c.telegram.token, err = telegram.CheckToken(secret.New(value))
	return err
}

func setWebhook(c *config, value string) (err error) {
	c.telegram.webhook, err = oneOf(value, map[string]bool{"0": false, "1": true})
	return err
}

func setListen(field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		host, port, err := net.SplitHostPort(value)
		if err != nil || port == "" || host == "" {
			return fmt.Errorf("%q is no address to listen on, with host and port", value)
		}
		*field(c) = value
		return nil
	}
}

// setPublicURL takes the address under which people and Telegram reach the listener.
func setPublicURL(c *config, value string) error {
	if err := setURL(func(c *config) *string { return &c.public })(c, value); err != nil {
		return err
	}
	if !strings.HasPrefix(c.public, "https://") {
		return errors.New("not an https address")
	}
	c.public = strings.TrimRight(c.public, "/")
	return nil
}

func setAccess(c *config, value string) (err error) {
	c.open, err = oneOf(value, map[string]bool{"invite": false, "open": true})
	return err
}

// personForms are the identifiers of people: numbers on Telegram, full names on Matrix.
var personForms = map[string]*regexp.Regexp{
	telegram.Platform: regexp.MustCompile(`^[1-9]\d*$`),
	"matrix":          regexp.MustCompile(`^@[^:@\s]+:[^@\s]+$`),
}

// setAdmins takes people as the core names them: "telegram:12345,matrix:@ana:example.org".
func setAdmins(c *config, value string) error {
	for _, entry := range strings.Split(value, ",") {
		platform, id, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || id == "" || personForms[platform] == nil {
			return fmt.Errorf("%q is not a platform (telegram or matrix), a colon and a person's identifier there", entry)
		}
		if !personForms[platform].MatchString(id) {
			return fmt.Errorf("%q is no identifier of a person on %s", id, platform)
		}
		c.admins = append(c.admins, chat.PersonID{Platform: platform, ID: id})
	}
	return nil
}
