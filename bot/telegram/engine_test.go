package telegram

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/secret"
	"cartable/core/store/storetest"
	simpronote "cartable/sim/pronote"
	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

// wholeBot is the whole program but its command line: the adapter, the engine, the vault, and a school.
type wholeBot struct {
	t       *testing.T
	tg      *simtelegram.Server
	school  *simpronote.Server
	address string
	path    string
	key     vault.Key
	log     *lockedBuffer
	now     time.Time

	vault   *vault.Vault
	engine  *core.Engine
	adapter *Adapter
	cancel  context.CancelFunc
	ended   chan error
}

func newWholeBot(t *testing.T) *wholeBot {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	b := &wholeBot{
		t: t, tg: simtelegram.Start(t, simtelegram.Config{}), log: new(lockedBuffer),
		path: filepath.Join(t.TempDir(), "vault.db"), now: time.Date(2026, 11, 17, 7, 30, 0, 0, paris),
	}
	b.school = simpronote.New(simpronote.Config{Now: func() time.Time { return b.now }})
	site := httptest.NewServer(b.school)
	t.Cleanup(site.Close)
	b.address = site.URL + "/pronote"
	if b.key, err = vault.NewKey(nil); err != nil {
		t.Fatal(err)
	}
	b.start()
	t.Cleanup(func() {
		b.stop()
		if t.Failed() {
			t.Logf("log:\n%s", b.log)
		}
	})
	return b
}

func (b *wholeBot) start() {
	b.t.Helper()
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	now := func() time.Time { return b.now }
	var err error
	check := func() {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	b.vault, err = vault.Open(b.path, b.key)
	check()
	wallet, err := izly.New(izly.Config{Now: now, Log: log, Location: b.now.Location()})
	check()
	b.engine, err = core.New(core.Config{
		Store: b.vault, Wallet: wallet, Now: now, Log: log, Location: b.now.Location(), AllowPrivate: true,
		School: pronote.New(pronote.Config{HTTPClient: pronote.NewHTTPClient(true), AllowPrivate: true, Now: now, Log: log, Location: b.now.Location()}),
	})
	check()
	b.adapter, err = New(Config{
		Token: secret.New(b.tg.Token()), API: b.tg.URL, Store: storetest.Twice(b.vault), HTTPClient: &http.Client{Transport: &http.Transport{}},
		Log: log, Takes: b.engine.Takes, Migrate: b.engine.MoveChat, Menu: b.engine.CommandList, About: b.engine.About, Langs: []string{"fr", "en"},
	})
	check()
	b.adapter.limiter = newLimiter(generous)
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel, b.ended = cancel, make(chan error, 1)
	handle := b.engine.Handler(b.adapter)
	go func() { b.ended <- b.adapter.Run(ctx, handle) }()
}

// stop ends everything in the order in which the program does.
func (b *wholeBot) stop() {
	b.t.Helper()
	b.cancel()
	if err := <-b.ended; err != nil {
		b.t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	if err := b.engine.Shutdown(ctx); err != nil {
		b.t.Error(err)
	}
	if err := b.adapter.Close(); err != nil {
		b.t.Error(err)
	}
	if err := b.vault.Close(); err != nil {
		b.t.Error(err)
	}
}

func TestFamilyOnAPhone(t *testing.T) {
	b := newWholeBot(t)
	account := b.school.Accounts()[0]
	user := b.tg.User(1001, "Claire", "fr")
	claire := user.Private()
	claire.Say("/connexion")
	claire.WaitFor("Quel compte")
	claire.Press("PRONOTE")
	claire.WaitFor("adresse de votre PRONOTE")
	claire.Say(b.address + "/parent.html")
	claire.WaitFor("identifiant PRONOTE")
	claire.Say(account.Username)
	claire.WaitFor("mot de passe du compte")
	password := claire.Say(account.Password)
	claire.WaitDeleted(password.ID)
	claire.WaitFor("Compte PRONOTE relié")

	claire.Say("/edt")
	shown := claire.WaitFor("17 novembre")
	if !strings.Contains(shown.HTML(), "mardi 17 novembre</b>\n") || !strings.Contains(shown.HTML(), "\n08:00–09:00 <b>Espagnol LV2</b>") {
		t.Errorf("shown as %s", shown.HTML())
	}
	claire.Press("▶").WaitAnswer()
	if next := claire.WaitFor("18 novembre"); next.ID != shown.ID {
		t.Error("the next day came as a new message")
	}

	b.stop()
	b.start() // as an update of the container does
	claire.Press("◀").WaitAnswer()
	claire.WaitFor("17 novembre")

	g := b.tg.Supergroup("Famille", user)
	g.As(user).Say("/edt@cartable_test_bot")
	asked := g.As(user).WaitUntil(func(m simtelegram.Message) bool { return m.FromBot })
	if strings.Contains(asked.Text, account.Password) {
		t.Error("the password shows")
	}
	b.tg.WaitConfirmed()
	file, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{account.Password, b.tg.Token(), account.Username} {
		if strings.Contains(string(file), secret) || strings.Contains(b.log.String(), secret) {
			t.Errorf("%.3s… is in the file or the log", secret)
		}
	}
	if n := len(claire.Menu()); n < 5 {
		t.Errorf("%d commands in the menu", n)
	}
}
