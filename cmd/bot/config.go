package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/vault"
)

// config is the settings of this version, checked.
type config struct {
	data      string
	key       vault.Key // zero when neither a key nor a passphrase is set
	hasKey    bool
	newKey    vault.Key // for `bot rekey`
	hasNewKey bool
	lang      string
	location  *time.Location
	private   bool // CARTABLE_ALLOW_PRIVATE_NETWORKS
	noWatch   bool
	every     time.Duration // between two looks, for tests; 0: the usual plan
	izly      izlyConfig
	telegram  telegramConfig
	matrix    matrixConfig
	listen    string // CARTABLE_LISTEN
	internal  string // CARTABLE_LISTEN_INTERNAL
	public    string // https address of the listener, without a slash at the end; empty when it has none
	open      bool   // CARTABLE_ACCESS
	admins    []chat.PersonID
	logLevel  *slog.Level // nil when not set
	logJSON   bool

	given   []given    // by the environment, in the order of the table
	exposed []exposure // secrets that others may read
	weak    error      // why the passphrase of CARTABLE_PASSPHRASE_FILE would not do for a new vault
}

type izlyConfig struct {
	soapURL, restURL, siteURL string
	enrolment                 izly.Enrolment
	print                     izly.PrintMode
}

type telegramConfig struct {
	token   secret.Text // empty: no Telegram
	api     string
	webhook bool
}

// given is a setting that the environment has.
type given struct {
	setting *setting
	from    string // the variable: the setting's name, or that with _FILE
	shown   string // the value as it may be seen
}

// configError lists everything that is wrong, so that one run is enough to mend it all.
type configError []string

func (e configError) Error() string {
	if len(e) == 1 {
		return e[0]
	}
	return fmt.Sprintf("%d settings are wrong:\n  %s", len(e), strings.Join(e, "\n  "))
}

// loadConfig reads the settings from the environment. Names that begin with CARTABLE_ and are no setting
// are refused: a misspelt one would be silently without effect. With only, the other settings are not
// looked at. An empty value is the same as none.
func loadConfig(environ []string, only ...string) (config, error) {
	env := environment(environ)
	cfg := defaults()
	var problems configError
	for i := range settings {
		s := &settings[i]
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		value, from, err := s.read(env)
		switch {
		case err != nil:
			problems = append(problems, err.Error())
			continue
		case from == "":
			continue
		case from != s.name:
			if err := cfg.guardSecret(from, env[from]); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %v", from, err))
				continue
			}
		}
		if s.set != nil {
			if err := s.set(&cfg, value); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %v; for example %s", from, err, s.sample(from)))
				continue
			}
		}
		cfg.given = append(cfg.given, given{s, from, s.show(value)})
	}
	for _, names := range [][2]string{{"CARTABLE_KEY", "CARTABLE_PASSPHRASE"}, {"CARTABLE_NEW_KEY", "CARTABLE_NEW_PASSPHRASE"}} {
		if key, passphrase := cfg.source(names[0]), cfg.source(names[1]); key != "" && passphrase != "" {
			problems = append(problems, fmt.Sprintf("%s: the vault has one key, and %s is set too; unset one of them", passphrase, key))
		}
	}
	if len(only) == 0 && cfg.telegram.webhook && cfg.public == "" {
		problems = append(problems, "CARTABLE_TELEGRAM_WEBHOOK: Telegram needs an address to send to; set CARTABLE_PUBLIC_URL, for example CARTABLE_PUBLIC_URL=https://bot.example.org")
	}
	if len(only) == 0 && cfg.telegram.webhook && sameAddress(cfg.listen, cfg.internal) {
		problems = append(problems, "CARTABLE_LISTEN_INTERNAL: health and metrics are not for everybody; give it another address than CARTABLE_LISTEN has, for example CARTABLE_LISTEN_INTERNAL=127.0.0.1:8081")
	}
	if cfg.every > 0 && !cfg.private {
		problems = append(problems, "CARTABLE_WATCH_EVERY: real schools are not asked that often; it is for tests, together with CARTABLE_ALLOW_PRIVATE_NETWORKS=1")
	}
	if len(only) == 0 {
		problems = append(problems, unknown(env)...)
	}
	if len(problems) > 0 {
		return config{}, problems
	}
	return cfg, nil
}

// sameAddress tells whether two listeners would be one. Port 0 is any that is free.
func sameAddress(a, b string) bool {
	_, port, err := net.SplitHostPort(a)
	return err == nil && a == b && port != "0"
}

// environment keeps what may concern us and is not empty.
func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix) && value != "" {
			env[name] = value
		}
	}
	return env
}

// source is the variable that gives a setting, "" when none does.
func (c config) source(name string) string {
	for _, g := range c.given {
		if g.setting.name == name {
			return g.from
		}
	}
	return ""
}

func (c config) vaultPath() string    { return filepath.Join(c.data, "vault.db") }
func (c config) oldVaultPath() string { return filepath.Join(c.data, "vault-0.1.db") }
func (c config) keyFilePath() string  { return filepath.Join(c.data, "vault.key") }
func (c config) saltPath() string     { return filepath.Join(c.data, "invitations.salt") }

// logger writes at the level that was set, or else at standard. It begins with secrets that others may read.
func (c config) logger(w io.Writer, standard slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: standard}
	if c.logLevel != nil {
		options.Level = *c.logLevel
	}
	log := slog.New(slog.NewTextHandler(w, options))
	if c.logJSON {
		log = slog.New(slog.NewJSONHandler(w, options))
	}
	c.warnExposed(log)
	return log
}

// dump prints every setting as it stands, without secrets.
func (c config) dump(w io.Writer) error {
	for i := range settings {
		s := &settings[i]
		value, note := s.standard, "default"
		if at := slices.IndexFunc(c.given, func(g given) bool { return g.setting == s }); at >= 0 {
			value, note = c.given[at].shown, "from "+c.given[at].from
		} else if value == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-32s %s (%s)\n", s.name, value, note); err != nil {
			return err
		}
	}
	return nil
}

// setKey and setPassphrase take a vault key from its two sources; the same for the one that is to come.
func (c *config) setKey(value string) (err error) {
	c.key, err = vault.ParseKey(value)
	c.hasKey = err == nil
	return err
}

func (c *config) setPassphrase(value string) error {
	passphrase := secret.New(value)
	c.key, c.hasKey, c.weak = vault.PassphraseKey(passphrase), true, checkPassphrase(passphrase)
	return nil
}

func (c *config) setNewKey(value string) (err error) {
	c.newKey, err = vault.ParseKey(value)
	c.hasNewKey = err == nil
	return err
}

func (c *config) setNewPassphrase(value string) error {
	passphrase := secret.New(value)
	c.newKey, c.hasNewKey = vault.PassphraseKey(passphrase), true
	return checkPassphrase(passphrase)
}
