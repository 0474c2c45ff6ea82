package telegram

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	simtelegram "cartable/sim/telegram"
)

// counter answers each message and counts how often it was given each.
type counter struct {
	mu    sync.Mutex
	left  []string // texts of those that an earlier run had left
	given map[string]int
	order map[chat.ChatID][]string
}

func (c *counter) answer(r *rig, m chat.Message) {
	c.mu.Lock()
	if c.given == nil {
		c.given, c.order = make(map[string]int), make(map[chat.ChatID][]string)
	}
	c.given[m.Text]++
	if m.Left != "" {
		c.left = append(c.left, m.Text)
	}
	c.order[m.Chat] = append(c.order[m.Chat], m.Text)
	c.mu.Unlock()
	echo(r, m)
}

func (c *counter) of(text string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.given[text]
}

func TestKilledBetweenStoringAndHandling(t *testing.T) {
	var c counter
	r := newRig(t, simtelegram.Config{}, c.answer)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("first")
	anna.WaitFor("echo first")
	r.tg.WaitConfirmed()
	eventually(t, "the store is empty", func() bool { return r.store.rows() == 0 })
	r.store.cutAfterNext() // what comes next is stored, and nothing after it
	r.script = silent      // nor does anything reach Telegram
	anna.Say("second")
	anna.Say("third")
	eventually(t, "two are stored", func() bool { return r.store.rows() > 0 })
	r.kill()
	r.script = c.answer
	r.start()
	anna.WaitFor("echo second")
	anna.WaitFor("echo third")
	anna.Say("fourth")
	anna.WaitFor("echo fourth")
	if c.of("first") != 1 || c.of("second") != 1 || c.of("third") != 1 {
		t.Errorf("handled %v", c.given)
	}
	if left := strings.Join(c.left, " "); left != "second third" {
		t.Errorf("said to be left over: %s", left)
	}
}

// TestKilledBeforeConfirming: the update is handled and its row is gone when the process dies, before
// Telegram has heard that it arrived. It comes again, and is known.
func TestKilledBeforeConfirming(t *testing.T) {
	var c counter
	r := newRig(t, simtelegram.Config{}, c.answer)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	said := anna.Say("once")
	anna.WaitFor("echo once")
	eventually(t, "the store is empty", func() bool { return r.store.rows() == 0 })
	r.kill()
	r.tg.Duplicate(said.Update)
	r.start()
	anna.Say("twice")
	anna.WaitFor("echo twice")
	r.tg.WaitConfirmed()
	if n := c.of("once"); n != 1 {
		t.Errorf("handled %d times", n)
	}
}

// TestKilledBeforeRemoving: the answer is sent, the note that it was is not. Nobody can tell the two
// apart afterwards, so the message is handled again.
func TestKilledBeforeRemoving(t *testing.T) {
	var c counter
	r := newRig(t, simtelegram.Config{}, c.answer)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	r.store.cutAfterNext()
	anna.Say("once")
	anna.WaitFor("echo once")
	r.kill()
	r.start()
	eventually(t, "it is handled again", func() bool { return c.of("once") == 2 && r.store.rows() == 0 })
	r.stop()
	r.start()
	anna.Say("next")
	anna.WaitFor("echo next")
	if n := c.of("once"); n != 2 {
		t.Errorf("handled %d times", n)
	}
}

func TestIDsBeginAnew(t *testing.T) {
	var c counter
	r := newRig(t, simtelegram.Config{}, c.answer)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("before")
	anna.WaitFor("echo before")
	r.tg.WaitConfirmed()
	polls := len(r.tg.Calls("getUpdates"))
	r.tg.RestartIDs(17) // far below
	anna.Say("after")
	anna.WaitFor("echo after")
	r.tg.WaitConfirmed()
	if n := len(r.tg.Calls("getUpdates")) - polls; n > 4 {
		t.Errorf("%d polls for one message", n)
	}
}

func TestStoreFull(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	r.store.cut()
	said := anna.Say("/edt")
	r.tg.WaitDelivered(said.Update, 2) // not confirmed: it comes again
	r.store.mend()
	anna.WaitFor("echo /edt")
	if !strings.Contains(r.log.String(), "updates not stored") {
		t.Error("nothing logged")
	}
}

func TestUpdateOfTheFuture(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	r.tg.Inject("message", `{"message_id": "a text now", "chat": 12}`)
	anna.SayWith("forwarded", map[string]any{"forward_origin": map[string]any{"type": "telepathy"}})
	anna.WaitFor("echo forwarded")
	r.tg.WaitConfirmed()
	if n := r.adapter.Counts(); n["unreadable"] != 1 || n["messages"] != 1 {
		t.Errorf("counted %v", n)
	}
	if log := r.log.String(); !strings.Contains(log, "update not understood") || strings.Contains(log, "a text now") {
		t.Errorf("log: %s", log)
	}
}

func TestEngineClosed(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("one")
	anna.WaitFor("echo one")
	r.core.shutdown()
	anna.Say("two")
	if err := <-r.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	r.ended <- nil
	if n := r.store.rows(); n != 1 {
		t.Errorf("%d updates wait", n)
	}
	r.stop()
	r.start()
	anna.WaitFor("echo two")
}

func TestAnswersArriveAfterRun(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	r := newRig(t, simtelegram.Config{}, func(r *rig, m chat.Message) {
		close(entered)
		<-finish
		echo(r, m)
	})
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("slow")
	<-entered
	r.cancel()
	err := <-r.ended
	r.ended <- err
	close(finish)
	anna.WaitFor("echo slow")
	r.stop()
	if n := r.store.rows(); n != 0 {
		t.Errorf("%d updates left", n)
	}
}

func TestMigration(t *testing.T) {
	var mu sync.Mutex
	moves := map[string]int{}
	r := newRig(t, simtelegram.Config{}, echo, func(c *Config) {
		c.Migrate = func(old, to chat.ChatID) error {
			mu.Lock()
			defer mu.Unlock()
			moves[old.ID+" to "+to.ID]++
			return nil
		}
	})
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Group("Famille", anna)
	g.As(anna).Say("/edt")
	g.As(anna).WaitFor("echo")
	old := g.Migrate()
	r.tg.WaitConfirmed()
	r.sendTo(chat.Target{Chat: chatOf(old)}, chat.Reply{Title: "for the old name"})
	g.As(anna).WaitFor("for the old name")
	mu.Lock()
	defer mu.Unlock()
	want := fmt.Sprintf("%d to %d", old, g.ID())
	if len(moves) != 1 || moves[want] != 3 { // from each of the two chats, and by the refusal
		t.Errorf("moves %v", moves)
	}
}

func TestMigrationNotNoted(t *testing.T) {
	fails := errors.New("no")
	r := newRig(t, simtelegram.Config{}, echo, func(c *Config) {
		c.Migrate = func(_, _ chat.ChatID) error { return fails }
	})
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Group("Famille", anna)
	g.Migrate()
	r.tg.WaitConfirmed()
	if n := r.store.rows(); n != 2 {
		t.Errorf("%d updates wait for another try", n)
	}
	r.stop()
	fails = nil
	r.start()
	eventually(t, "it was tried again", func() bool { return r.store.rows() == 0 })
}

func TestGone(t *testing.T) {
	var mu sync.Mutex
	var told []string
	r := newRig(t, simtelegram.Config{}, echo, func(c *Config) {
		c.Present = func(c chat.ChatID, present bool) error {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, c.ID+" "+strconv.FormatBool(present))
			return nil
		}
	})
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Group("Famille", anna)
	anna.Private().Say("/start")
	anna.Private().WaitFor("echo")
	anna.Block()
	g.Kick()
	for _, n := range []int64{1001, g.ID(), 4242} { // 4242 never wrote to the bot
		err := r.adapter.Send(context.Background(), chat.Target{Chat: chatOf(n)}, chat.Reply{Title: "psst"})
		if !errors.Is(err, chat.ErrChatGone) {
			t.Errorf("%d: %v", n, err)
		}
	}
	anna.Unblock()
	r.tg.WaitConfirmed()
	r.stop()
	group := strconv.FormatInt(g.ID(), 10)
	if got, want := strings.Join(told, ", "), group+" true, 1001 false, "+group+" false, 1001 true"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

func TestTokenRefused(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo, func(c *Config) { c.Langs = nil })
	r.tg.FailNext("getUpdates", 1, simtelegram.Fault{Status: 401, Description: "Unauthorized"})
	r.tg.User(1001, "Anna", "fr").Private().Say("end the poll under way")
	err := <-r.ended
	r.ended <- nil
	if !errors.Is(err, ErrToken) {
		t.Errorf("Run: %v", err)
	}
	r.noToken(fmt.Sprintf("%v %+v %#v", err, err, err))
}

func TestConflict(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	r.tg.FailNext("getUpdates", 1, simtelegram.Fault{Status: 409, Description: "Conflict: terminated by other getUpdates request"})
	anna.Say("one") // ends the poll under way
	eventually(t, "it is said", func() bool { return strings.Contains(r.log.String(), "another program reads") })
}

func TestBadTimes(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	for i, f := range []simtelegram.Fault{
		{Status: 502, HTML: true},
		{Status: 500},
		{Cut: simtelegram.CutBefore},
		{Cut: simtelegram.CutAfter},
		{Status: 429, RetryAfter: 1},
	} {
		r.tg.FailNext("sendMessage", 1, f)
		r.tg.FailNext("getUpdates", 1, f)
		text := fmt.Sprintf("message %d.", i)
		anna.Say(text)
		anna.WaitFor("echo " + text)
	}
	seen := map[string]int{}
	for _, m := range anna.Messages() {
		seen[m.Text]++
	}
	for text, n := range seen {
		if n != 1 && text != "echo message 3." { // its answer was lost: nobody can know
			t.Errorf("%q came %d times", text, n)
		}
	}
	if seen["echo message 3."] != 2 {
		t.Errorf("after a lost answer: %d times", seen["echo message 3."])
	}
}

func TestBadMarkupStillArrives(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	r.tg.FailNext("sendMessage", 1, simtelegram.Fault{Status: 400, Description: "Bad Request: can't parse entities: Unsupported start tag"})
	r.sendTo(chat.Target{Chat: chatOf(1001)}, chat.Reply{Title: "a < b"})
	if m := anna.WaitFor("a < b"); m.Mode != "" {
		t.Errorf("sent as %q", m.Mode)
	}
	if !strings.Contains(r.log.String(), "a bug") {
		t.Error("not logged")
	}
}

func TestMenus(t *testing.T) {
	text := "the lessons"
	r := newRig(t, simtelegram.Config{}, echo, func(c *Config) {
		c.Langs = []string{"fr", "en"}
		c.Menu = func(lang string, private bool) []chat.Command {
			menu := []chat.Command{{Name: "edt", Text: lang + " " + text}, {Name: "Bad Name", Text: "x"}}
			if private {
				menu = append(menu, chat.Command{Name: "connexion", Text: "link"})
			}
			return menu
		}
		c.About = func(lang string) (string, string) { return "long " + lang, "short " + lang }
	})
	announced := func() string {
		kept, _ := r.adapter.inbox.record("announced")
		return string(kept)
	}
	eventually(t, "all is announced", func() bool { return announced() != "" })
	anna, bob, chen := r.tg.User(1, "Anna", "fr"), r.tg.User(2, "Bob", "en"), r.tg.User(3, "Chen", "zh")
	g := r.tg.Group("Famille", anna, bob, chen)
	if m := anna.Private().Menu(); len(m) != 2 || m[0].Description != "fr the lessons" {
		t.Errorf("menu %+v", m)
	}
	if m := g.As(bob).Menu(); len(m) != 1 || m[0].Description != "en the lessons" {
		t.Errorf("menu %+v", m)
	}
	if d, s := chen.Description(), bob.ShortDescription(); d != "long fr" || s != "short en" {
		t.Errorf("described as %q, %q", d, s)
	}
	calls := func() int {
		return len(r.tg.Calls("setMyCommands", "setMyDescription", "setMyShortDescription"))
	}
	first := announced()
	r.stop()
	before := calls()
	r.start()
	anna.Private().Say("/edt")
	anna.Private().WaitFor("echo")
	r.stop()
	if n := calls() - before; n != 0 {
		t.Errorf("%d calls for what was known", n)
	}
	text = "the timetable"
	r.start()
	eventually(t, "it is announced again", func() bool { return announced() != first })
	r.stop()
	if n := len(r.tg.Calls("setMyCommands")); n != 12 {
		t.Errorf("%d calls for menus", n)
	}
	if n := len(r.tg.Calls("setMyDescription")); n != 3 {
		t.Errorf("%d calls for an unchanged description", n)
	}
}

func TestWebhook(t *testing.T) {
	var hook http.Handler
	var mu sync.Mutex
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		h := hook
		mu.Unlock()
		h.ServeHTTP(w, req)
	}))
	t.Cleanup(site.Close)
	var c counter
	r := newRig(t, simtelegram.Config{}, c.answer, func(cfg *Config) {
		cfg.Webhook = &WebhookConfig{PublicURL: site.URL + "/telegram"}
	})
	mu.Lock()
	hook = r.adapter.Webhook()
	mu.Unlock()
	anna := r.tg.User(1001, "Anna", "fr").Private()
	said := anna.Say("one")
	anna.WaitFor("echo one")
	r.tg.Duplicate(said.Update)
	eventually(t, "the webhook is set", func() bool { return strings.Contains(r.log.String(), "webhook set") })
	r.store.cut()
	anna.Say("two")
	eventually(t, "a refusal", func() bool { return strings.Contains(r.log.String(), "updates not stored") })
	p := r.adapter.patience()
	for range 2 { // Telegram may not have tried again meanwhile
		eventually(t, "the failure is told", func() bool { r.adapter.watchWebhook(t.Context(), &p); return !r.healthy() })
	}
	if !strings.Contains(r.log.String(), "could not deliver") {
		t.Error("the log does not say so")
	}
	r.adapter.delivered.Store(time.Now().Add(time.Hour).Unix())
	if r.adapter.watchWebhook(t.Context(), &p); !r.healthy() {
		t.Error("a trouble counts after a delivery")
	}
	r.store.mend()
	anna.WaitFor("echo two")
	r.tg.WaitConfirmed()
	if n := c.of("one"); n != 1 {
		t.Errorf("handled %d times", n)
	}
	if r.adapter.watchWebhook(t.Context(), &p); !r.healthy() {
		t.Error("an old trouble counts")
	}
	secret := r.adapter.hookSecret.Reveal()
	tests := []struct {
		method, secret, body string
		want                 int
	}{
		{"GET", secret, "", http.StatusMethodNotAllowed},
		{"POST", "", "{}", http.StatusUnauthorized},
		{"POST", secret + "x", "{}", http.StatusUnauthorized},
		{"POST", secret, "{", http.StatusBadRequest},
		{"POST", secret, `"` + strings.Repeat("x", 1<<20) + `"`, http.StatusRequestEntityTooLarge},
		{"POST", secret, `{"update_id": 5, "poll": {}}`, http.StatusOK},
	}
	for _, tt := range tests {
		req, err := http.NewRequest(tt.method, site.URL, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", tt.secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.want || bytes.Contains(body, []byte(secret)) {
			t.Errorf("%s with secret %.4q and %.10q: %d, want %d", tt.method, tt.secret, tt.body, resp.StatusCode, tt.want)
		}
	}
	if n := r.adapter.Counts(); n["refused"] != 2 || n["messages"] != 2 {
		t.Errorf("counted %v", n)
	}
	r.stop()
	w := httptest.NewRecorder()
	req := httptest.NewRequest("POST", "/telegram", strings.NewReader(`{"update_id": 6, "message": {"message_id": 1}}`))
	req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	if hook.ServeHTTP(w, req); w.Code != http.StatusServiceUnavailable {
		t.Errorf("after the end: %d", w.Code)
	}
}

func TestNoWebhookConfigured(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	w := httptest.NewRecorder()
	if r.adapter.Webhook().ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("{}"))); w.Code != http.StatusNotFound {
		t.Errorf("answered %d", w.Code)
	}
}

// TestHeard: each answer to a poll is a sign of life, and a poll without one says what is wrong.
func TestHeard(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("zero")
	r.tg.WaitConfirmed() // by a poll that is under way now
	if !r.healthy() {
		t.Error("no sign of life")
	}
	before, _ := r.adapter.Heard()
	r.tg.FailNext("getUpdates", 2, simtelegram.Fault{Status: http.StatusBadGateway})
	anna.Say("one") // ends that poll
	eventually(t, "trouble", func() bool {
		_, trouble := r.adapter.Heard()
		return trouble != nil && strings.Contains(trouble.Error(), "502")
	})
	anna.Say("two") // ends the one that succeeds again
	anna.WaitFor("echo two")
	eventually(t, "an end of it", func() bool {
		at, trouble := r.adapter.Heard()
		return at.After(before) && trouble == nil
	})
}

// TestEngineFarBehind: while too much waits, nothing is read.
func TestEngineFarBehind(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, echo)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	backlog := func(n int) {
		r.adapter.inbox.mu.Lock()
		defer r.adapter.inbox.mu.Unlock()
		r.adapter.inbox.waiting += n
	}
	r.tg.WaitCalls("deleteWebhook", 1)
	backlog(maxWaiting)
	anna.Say("one") // ends the poll that is under way, if there is one
	eventually(t, "it is said why", func() bool {
		_, trouble := r.adapter.Heard()
		return trouble != nil && strings.Contains(trouble.Error(), "wait to be handled")
	})
	second := anna.Say("two")
	third := anna.Say("three")
	if r.tg.Delivered(second.Update) != 0 || r.tg.Delivered(third.Update) != 0 {
		t.Error("read on")
	}
	backlog(-maxWaiting)
	r.adapter.inbox.freed <- struct{}{}
	anna.WaitFor("echo three")
}

var fullLoad = flag.Bool("load", false, "500 chats, 20 messages each, and a school that takes 300 ms")

// TestLoad: many chats at once, with a slow school: all are answered, once, each in its order.
func TestLoad(t *testing.T) {
	chats, messages, slow := 60, 5, 5*time.Millisecond
	if *fullLoad {
		chats, messages, slow = 500, 20, 300*time.Millisecond
	}
	var c counter
	r := newRig(t, simtelegram.Config{Wait: 5 * time.Minute}, func(r *rig, m chat.Message) {
		time.Sleep(slow)
		c.answer(r, m)
	})
	start := time.Now()
	for n := range messages {
		for i := range chats {
			r.tg.User(int64(2000+i), "P", "fr").Private().Say(fmt.Sprintf("%d.%d", i, n))
		}
	}
	for i := range chats {
		r.tg.User(int64(2000+i), "P", "fr").Private().WaitFor(fmt.Sprintf("echo %d.%d", i, messages-1))
	}
	r.tg.WaitConfirmed()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("%d answers in %v, %d MiB from the system", chats*messages, time.Since(start).Round(time.Millisecond), mem.Sys>>20)
	r.stop()
	for i := range chats {
		var want []string
		for n := range messages {
			want = append(want, fmt.Sprintf("%d.%d", i, n))
		}
		if got := c.order[chatOf(int64(2000+i))]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("chat %d: %v", i, got)
		}
	}
	if n := len(r.tg.Calls("sendMessage")); n != chats*messages {
		t.Errorf("%d messages sent", n)
	}
}
