package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// sims is `bot sim`, running in the test's process.
type sims struct {
	environ []string // settings that point `bot chat` at it
	url     string
	stop    func() error
}

func startSims(t *testing.T, flags ...string) *sims {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := newOutput()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"sim"}, flags...), nil, strings.NewReader(""), out, io.Discard)
	}()
	text := out.wait(t, "CARTABLE_IZLY_SITE_URL=http://127.0.0.1:")
	s := &sims{stop: sync.OnceValue(func() error { cancel(); return <-ended })}
	for _, export := range regexp.MustCompile(`export (\S+)`).FindAllStringSubmatch(text, -1) {
		s.environ = append(s.environ, export[1])
	}
	s.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(text)
	t.Cleanup(func() { _ = s.stop() })
	return s
}

// lastSMS is the link in the newest SMS of the outbox.
func (s *sims) lastSMS(t *testing.T) string {
	t.Helper()
	answer, err := http.Get(s.url + "/sms")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	outbox, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(outbox))
	return words[len(words)-1]
}

// output is what a program prints, and lets a test wait for it.
type output struct {
	mu   sync.Mutex
	cond *sync.Cond
	text strings.Builder
	read int // how far wait has come
	late bool
}

func newOutput() *output {
	o := &output{}
	o.cond = sync.NewCond(&o.mu)
	return o
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cond.Broadcast()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// wait returns what was printed since the last wait, once a line with want is among it. What has not come
// after twenty seconds never will.
func (o *output) wait(t *testing.T, want string) string {
	t.Helper()
	limit := time.AfterFunc(20*time.Second, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.late = true
		o.cond.Broadcast()
	})
	defer limit.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		news := o.text.String()[o.read:]
		if at := strings.Index(news, want); at >= 0 {
			if end := strings.IndexByte(news[at:], '\n'); end >= 0 {
				o.read += at + end + 1
				return news[:at+end+1]
			}
		}
		if o.late {
			t.Fatalf("printed %q, without %q", news, want)
		}
		o.cond.Wait()
	}
}

// conversation is a run of `bot chat` on pipes.
type conversation struct {
	t      *testing.T
	typing io.WriteCloser
	out    *output
	log    *output
	ended  chan error
}

func startChat(t *testing.T, environ ...string) *conversation {
	in, typing := io.Pipe()
	c := &conversation{t: t, typing: typing, out: newOutput(), log: newOutput(), ended: make(chan error, 1)}
	go func() { c.ended <- run(t.Context(), []string{"chat"}, environ, in, c.out, c.log) }()
	t.Cleanup(func() { _ = typing.Close() })
	return c
}

// say types a line and waits for a line that has want.
func (c *conversation) say(line, want string) {
	c.t.Helper()
	c.enter(line)
	c.out.wait(c.t, want)
}

// enter types a line; the program reads it once the one before is answered.
func (c *conversation) enter(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.typing, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// leave ends the input, and the program with it.
func (c *conversation) leave() {
	c.t.Helper()
	if err := errors.Join(c.typing.Close(), <-c.ended); err != nil {
		c.t.Error(err)
	}
}

const (
	schoolPassword = "Tilleul-2611" // of the simulators' first accounts
	walletCode     = "135790"
)

// linkBoth links a parent and a wallet as a person does, and returns the code of the SMS.
func linkBoth(t *testing.T, s *sims, c *conversation) (activation string) {
	t.Helper()
	c.say("/connexion", "[1] PRONOTE")
	c.say("1", "https://")
	c.say(s.url+"/2026/pronote/parent.html", "identifiant")
	c.say("Claire.ROUSSEL", "mot de passe")
	c.say(schoolPassword, "ROUSSEL Hugo")
	c.say("/connexion izly", "06 11 22 33 44")
	c.say("06.11.22.33.44", "code secret")
	c.say(walletCode, "SMS")
	link := s.lastSMS(t)
	c.say(link, "[2] Le garder")
	c.say("2", "chiffré")
	return link[strings.LastIndex(link, "/")+1:]
}

// TestChat links real accounts (those of the simulators), uses them, and finds them again after a restart.
func TestChat(t *testing.T) {
	s := startSims(t)
	environ := append(s.environ, "CARTABLE_DATA="+filepath.Join(t.TempDir(), "data"))
	c := startChat(t, environ...)
	linkBoth(t, s, c)
	c.say("/solde", "12,34")
	c.leave()

	c = startChat(t, environ...)
	c.say("/edt lundi Hugo", "Hugo")
	c.say("/recharger 20", "[1] Payer")
	c.say("1", "32,34")
	c.say("1", "une seule fois")
	c.say("/solde", "32,34")
	c.leave()
	if printed := c.log.String(); printed != "" {
		t.Errorf("logged %q", printed)
	}
	if err := s.stop(); err != nil {
		t.Errorf("sim: %v", err)
	}
}

// TestChatTellsNoSecret runs commands at the most talkative level and looks for what was typed.
func TestChatTellsNoSecret(t *testing.T) {
	s := startSims(t)
	data := filepath.Join(t.TempDir(), "data")
	c := startChat(t, append(s.environ, "CARTABLE_LOG=debug", "CARTABLE_DATA="+data)...)
	activation := linkBoth(t, s, c)
	for _, command := range []string{
		"/edt", "/edt semaine Hugo", "/notes", "/notes maths", "/devoirs", "/solde", "/historique",
		"/enfant", "/langue fr", "/aide", "/start", "/recharger 20", "1", "1", "/annuler", "rien à voir",
		"/deconnexion", "/annuler",
	} {
		c.enter(command)
	}
	c.leave()
	file, err := os.ReadFile(filepath.Join(data, "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string][]byte{"log": []byte(c.log.String()), "chat": []byte(c.out.String()), "vault": file} {
		for name, secret := range map[string]string{"password": schoolPassword, "secret code": walletCode, "activation code": activation} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("the %s holds the %s", what, name)
			}
		}
	}
	if !strings.Contains(c.log.String(), "level=DEBUG") {
		t.Error("nothing was logged at debug level: the test shows nothing")
	}
	if bytes.Contains(file, []byte("ROUSSEL")) {
		t.Error("the vault tells who uses it")
	}
}

// TestChatStopsWhenAsked ends a chat while it waits for input, as a signal does.
func TestChatStopsWhenAsked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	in, typing := io.Pipe()
	defer typing.Close()
	out := newOutput()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"chat"}, []string{"CARTABLE_DATA=" + t.TempDir()}, in, out, io.Discard)
	}()
	if _, err := io.WriteString(typing, "/aide\n"); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "/connexion")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
