//go:build goolm

package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/matrixplayer"
	"cartable/sim/izly"
	"cartable/sim/pronote"
)

// world is a homeserver, a school, a wallet and the built bot among them.
type world struct {
	t      *testing.T
	hs     *homeserver.Server
	bot    *bot
	school *pronote.Server
	wallet *izly.Server
	parent pronote.Account
	purse  izly.Account
	site   string // of the school
	orders *orders
}

// newWorld starts everything. env is added to the settings of the bot.
func newWorld(t *testing.T, env ...string) *world {
	t.Helper()
	return newWorldOn(t, homeserver.Start(t), env...)
}

// newWorldOn is newWorld on a homeserver that runs.
func newWorldOn(t *testing.T, hs *homeserver.Server, env ...string) *world {
	t.Helper()
	w := &world{t: t, hs: hs}
	w.school = pronote.New(pronote.Config{Version: "2026.2.5", Encrypt: true, Compress: true})
	school := httptest.NewServer(w.school)
	t.Cleanup(school.Close)
	wallet := httptest.NewUnstartedServer(nil)
	url := "http://" + wallet.Listener.Addr().String()
	w.wallet = izly.New(izly.Config{SiteURL: url})
	w.orders = &orders{wallet: w.wallet}
	wallet.Config.Handler = w.orders
	wallet.Start()
	t.Cleanup(wallet.Close)
	w.parent, w.purse = w.school.Accounts()[0], w.wallet.Accounts()[0]
	w.site = school.URL + "/pronote/" + w.parent.Page

	w.bot = newBot(t, w.hs, append([]string{
		"CARTABLE_IZLY_SOAP_URL=" + url + "/Service.asmx",
		"CARTABLE_IZLY_REST_URL=" + url + "/Service/PublicService.svc/rest",
		"CARTABLE_IZLY_SITE_URL=" + url,
	}, env...)...)
	w.bot.secrets = append(w.bot.secrets, w.parent.Password, w.purse.SecretCode, w.parent.Username)
	w.bot.start()
	return w
}

// Player is a person with a current client.
func (w *world) Player(name string) *matrixplayer.Player {
	w.t.Helper()
	return matrixplayer.New(w.t, w.hs, name, matrixplayer.Options{})
}

// linkSchool lets a person link the parent's account in a direct chat.
func (w *world) linkSchool(p *matrixplayer.Player, room id.RoomID) {
	w.t.Helper()
	p.Say(room, "!connexion pronote")
	p.WaitFor(room, "adresse de votre PRONOTE")
	p.Say(room, w.site)
	p.WaitFor(room, "identifiant PRONOTE")
	p.Say(room, w.parent.Username)
	p.WaitFor(room, "mot de passe")
	secret := p.Say(room, w.parent.Password)
	p.WaitFor(room, "Compte PRONOTE relié")
	p.WaitRedacted(secret)
}

// linkWallet lets a person link the wallet, and has the bot keep its secret code.
func (w *world) linkWallet(p *matrixplayer.Player, room id.RoomID) {
	w.t.Helper()
	p.Say(room, "!connexion izly")
	p.WaitFor(room, "numéro de téléphone")
	p.Say(room, w.purse.Phone)
	p.WaitFor(room, "code secret")
	secret := p.Say(room, w.purse.SecretCode)
	p.WaitFor(room, "SMS")
	p.WaitRedacted(secret)
	sms := w.wallet.SMS(w.purse.Phone)
	if len(sms) == 0 {
		w.t.Fatal("no SMS came")
	}
	p.Say(room, sms[len(sms)-1])
	p.WaitFor(room, "Compte Izly relié")
	p.Say(room, "le garder")
	p.WaitFor(room, "gardé chiffré")
}

// balance is what the wallet holds, in cents.
func (w *world) balance() int64 { return w.wallet.Balance(w.purse.Phone) }

// mustHold checks the wallet.
func (w *world) mustHold(cents int64, after string) {
	w.t.Helper()
	if got := w.balance(); got != cents {
		w.t.Errorf("%s the wallet holds %d cents; want %d", after, got, cents)
	}
}

// mustBeEncrypted checks that the bot said nothing in clear, placed no reactions, and said something.
func (w *world) mustBeEncrypted(p *matrixplayer.Player, room id.RoomID) {
	w.t.Helper()
	said := 0
	for _, e := range p.Heard(room) {
		if e.Sender != w.bot.ID || e.Type == "m.room.redaction" {
			continue
		}
		if e.Type == "m.reaction" {
			w.t.Errorf("the bot placed a reaction, which costs an event: %v", e)
			continue
		}
		said++
		switch {
		case e.Failure != nil:
			w.t.Errorf("%s cannot read the bot: %v", p.ID, e.Failure)
		case !e.Encrypted:
			w.t.Errorf("the bot said in clear: %v", e)
		case e.Trust != id.TrustStateCrossSignedTOFU:
			w.t.Errorf("%s trusts the bot's device as %v in: %v", p.ID, e.Trust, e)
		}
	}
	if said == 0 {
		w.t.Errorf("the bot said nothing to %s", p.ID)
	}
}

// answers counts what the bot has said since the person's last word, after giving it time to say too much:
// until it has answered a further question.
func (w *world) answers(p *matrixplayer.Player, room id.RoomID, text string) int {
	w.t.Helper()
	before := p.Since(room)
	p.Say(room, "!confidentialite")
	p.Wait(room, "an answer", func(e *matrixplayer.Event) bool { return e.Sender == w.bot.ID && e.Kind != "" })
	n := 0
	for _, e := range append(before, p.Since(room)...) {
		if e.Sender == w.bot.ID && strings.Contains(e.Body, text) {
			n++
		}
	}
	return n
}

// orders stands before the wallet and watches for the call that spends.
type orders struct {
	wallet http.Handler

	mu    sync.Mutex
	n     int
	taken chan struct{} // nil unless the next order is to be held
}

// hold lets the wallet take the next order and keeps its answer until the client gives up. The channel is
// closed when the order was taken.
func (o *orders) hold() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken = make(chan struct{})
	return o.taken
}

// count is how many orders came.
func (o *orders) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !bytes.Contains(body, []byte("<MoneyInCbConfirm")) {
		o.wallet.ServeHTTP(w, r)
		return
	}
	o.mu.Lock()
	o.n++
	taken := o.taken
	o.taken = nil
	o.mu.Unlock()
	if taken == nil {
		o.wallet.ServeHTTP(w, r)
		return
	}
	o.wallet.ServeHTTP(httptest.NewRecorder(), r)
	close(taken)
	<-r.Context().Done()
}
