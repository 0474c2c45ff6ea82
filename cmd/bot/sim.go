package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"cartable/sim/izly"
	"cartable/sim/pronote"
)

// simCmd runs the simulators alone, for clients of all kinds.
type simCmd struct {
	Listen  string `default:"127.0.0.1:0" placeholder:"ADDRESS" help:"Address of the listener, such as 127.0.0.1:9090; port 0 takes a free one (${default})."`
	Hostile bool   `help:"Serve hostile schools and wallets too, whose answers try to exhaust whoever reads them."`
}

// simSchools are the PRONOTE servers of `bot sim`: every dialect, and payloads both in clear and not.
var simSchools = []struct {
	year string
	cfg  pronote.Config
}{
	{"2022", pronote.Config{Version: "2022.0.0", Encrypt: true, Compress: true}},
	{"2024", pronote.Config{Version: "2024.3.11"}},
	{"2025", pronote.Config{Version: "2025.2.8"}},
	{"2026", pronote.Config{Version: "2026.2.5", Encrypt: true, Compress: true}},
}

// Run serves until ctx ends.
func (c simCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ, "CARTABLE_LOG", "CARTABLE_LOG_FORMAT")
	if err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	web, err := listen(ctx, c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w; for example --listen 127.0.0.1:9090", err)
	}
	mux := http.NewServeMux()
	wallet := izly.New(izly.Config{SiteURL: web.url, Log: log})
	mux.Handle("/", wallet)
	var accounts []pronote.Account // the same in every school
	for _, s := range simSchools {
		root := "/" + s.year + "/pronote"
		s.cfg.Root, s.cfg.Log = root, log
		school := pronote.New(s.cfg)
		mux.Handle(root+"/", school)
		accounts = school.Accounts()
	}
	var bad *hostile
	if c.Hostile {
		bad = &hostile{url: web.url, log: log, servers: map[string]http.Handler{}}
		mux.Handle(hostileRoot, bad)
	}
	web.serve(mux, log)
	defer func() { err = errors.Join(err, web.close()) }()
	if err := describe(p.stdout, web.url, accounts, wallet.Accounts(), bad); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// describe tells people, and scripts that read lines, where everything is. bad may be nil.
func describe(w io.Writer, url string, pupils []pronote.Account, wallets []izly.Account, bad *hostile) error {
	t := &printer{w: w}
	t.line("Pretend servers; Ctrl-C stops them. Schools, by the version that they speak:")
	for _, s := range simSchools {
		how := "payloads in clear"
		if s.cfg.Encrypt {
			how = "payloads encrypted and compressed"
		}
		t.line("  pronote %s  %s/%s/pronote/  version %s, %s", s.year, url, s.year, s.cfg.Version, how)
	}
	t.line("Accounts, the same in every school:")
	for _, a := range pupils {
		t.line("  %-11s  user %s  password %s  (%s)", a.Page, a.Username, a.Password, a.Name)
	}
	t.line("Wallet services:")
	t.line("  izly  %s  (SOAP %s/Service.asmx, REST %s/Service/PublicService.svc/rest)", url, url, url)
	t.line("Accounts:")
	for _, a := range wallets {
		t.line("  phone %s  secret code %s  (%s)", a.Phone, a.SecretCode, a.Name)
	}
	t.line("SMS that were sent, newest last: %s/sms", url)
	if bad != nil {
		bad.describe(t)
	}
	t.line("To point `bot chat` here:")
	t.line("  export CARTABLE_ALLOW_PRIVATE_NETWORKS=1")
	t.line("  export CARTABLE_IZLY_SOAP_URL=%s/Service.asmx", url)
	t.line("  export CARTABLE_IZLY_REST_URL=%s/Service/PublicService.svc/rest", url)
	t.line("  export CARTABLE_IZLY_SITE_URL=%s", url)
	return t.err
}

// printer keeps the first error of many lines.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
