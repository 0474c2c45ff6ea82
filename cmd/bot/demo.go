package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"cartable/bot/terminal"
	"cartable/core"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/secret"
	simizly "cartable/sim/izly"
	simpronote "cartable/sim/pronote"
	"cartable/vault"
)

// demoCmd is the first thing a newcomer tries: a chat with a school and a wallet that do not exist.
type demoCmd struct{}

// Run keeps everything in a folder of its own, which is gone when it returns. Of the settings it takes
// only the language and those of the log.
func (demoCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ, "CARTABLE_LANG", "CARTABLE_LOG", "CARTABLE_LOG_FORMAT")
	if err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	world, err := startDemoWorld(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.close()) }()
	cfg.private = true
	cfg.izly = world.izly()

	folder, err := os.MkdirTemp("", "cartable-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	v, err := newVault(filepath.Join(folder, "vault.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	engine, err := cfg.engine(v, log, nil, world.inside())
	if err != nil {
		return err
	}
	if err := world.link(ctx, engine, cfg); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	screen := p.terminal(folder)
	if err := screen.Send(ctx, chat.Target{Chat: terminal.Chat()}, demoGreeting(cfg.lang, world.trial())); err != nil {
		return err
	}
	return converse(ctx, engine, screen)
}

// demoWorld is the made-up school and wallet, each on a free loopback port.
type demoWorld struct {
	school     *simpronote.Server
	wallet     *simizly.Server
	schoolSite *web
	walletSite *web
}

func startDemoWorld(ctx context.Context, log *slog.Logger) (*demoWorld, error) {
	w := &demoWorld{school: simpronote.New(simpronote.Config{Encrypt: true, Compress: true, Log: log})}
	var err error
	if w.schoolSite, err = serveDemo(ctx, log, func(string) http.Handler { return w.school }); err != nil {
		return nil, err
	}
	w.walletSite, err = serveDemo(ctx, log, func(url string) http.Handler {
		w.wallet = simizly.New(simizly.Config{SiteURL: url, Log: log})
		return w.wallet
	})
	if err != nil {
		return nil, errors.Join(err, w.schoolSite.close())
	}
	return w, nil
}

// serveDemo starts what make gives for the address.
func serveDemo(ctx context.Context, log *slog.Logger, make func(url string) http.Handler) (*web, error) {
	site, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	site.serve(make(site.url), log)
	return site, nil
}

func (w *demoWorld) close() error { return errors.Join(w.walletSite.close(), w.schoolSite.close()) }

// inside is a network on which there is nothing but the made-up services, so that a newcomer who tries their
// real school sends nobody a password.
func (w *demoWorld) inside() outside {
	client := pronote.NewHTTPClient(true)
	dialer := net.Dialer{}
	client.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if "http://"+address != w.schoolSite.url && "http://"+address != w.walletSite.url {
			return nil, &pronote.AddressError{Reason: pronote.AddressElsewhere}
		}
		return dialer.DialContext(ctx, network, address)
	}}
	return outside{schools: client, wallets: client, admit: func(school pronote.Address) error {
		if !strings.HasPrefix(string(school), w.schoolSite.url+"/") {
			return &pronote.AddressError{Reason: pronote.AddressElsewhere}
		}
		return nil
	}}
}

// trial is what a newcomer needs for linking an account by hand: that of the elder child, who has none here
// yet, and the wallet.
func (w *demoWorld) trial() trial {
	accounts := w.school.Accounts()
	pupil, wallet := accounts[len(accounts)-1], w.wallet.Accounts()[0]
	return trial{
		address: w.schoolSite.url + "/pronote/" + pupil.Page, user: pupil.Username, password: pupil.Password,
		phone: wallet.Phone, code: wallet.SecretCode, sms: w.walletSite.url + "/sms",
	}
}

// izly are the addresses of the made-up wallet service.
func (w *demoWorld) izly() izlyConfig {
	url := w.walletSite.url
	return izlyConfig{soapURL: url + "/Service.asmx", restURL: url + "/Service/PublicService.svc/rest", siteURL: url}
}

// link attaches a parent's account and a wallet to the chat, over the protocols as a person would.
func (w *demoWorld) link(ctx context.Context, engine *core.Engine, cfg config) error {
	parent := w.school.Accounts()[0]
	address, space, err := pronote.ParseAddress(w.schoolSite.url+"/pronote/"+parent.Page, true)
	if err != nil {
		return err
	}
	who := rights.Who{Chat: terminal.Chat(), Person: terminal.Person(), Private: true}
	login := pronote.PasswordLogin(pronote.Credentials{
		Address: address, Space: space, Username: parent.Username, Password: secret.New(parent.Password),
	})
	if _, err := engine.Linking.School(ctx, who, login); err != nil {
		return err
	}
	client, err := izly.New(izly.Config{SOAPURL: cfg.izly.soapURL, RESTURL: cfg.izly.restURL, SiteURL: cfg.izly.siteURL})
	if err != nil {
		return err
	}
	student := w.wallet.Accounts()[0]
	code := secret.New(student.SecretCode)
	phone, err := client.RequestActivation(ctx, student.Phone, code)
	if err != nil {
		return err
	}
	received := w.wallet.SMS(phone)
	if len(received) == 0 {
		return errors.New("no SMS came")
	}
	activation, err := izly.ParseActivation(received[len(received)-1])
	if err != nil {
		return err
	}
	linked, err := engine.Linking.Wallet(ctx, who, phone, activation)
	if err != nil {
		return err
	}
	return engine.Wallet.KeepCode(linked.Account, &code)
}

// newVault makes an empty vault whose key is nowhere else.
func newVault(path string) (*vault.Vault, error) {
	key, err := vault.NewKey(nil)
	if err != nil {
		return nil, err
	}
	return vault.Open(path, key)
}
