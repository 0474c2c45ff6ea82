package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	simtelegram "cartable/sim/telegram"
)

// process is `bot run` as a process of its own, which can be killed.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	log *output
}

// startBot starts it and waits until it serves.
func startBot(t *testing.T, environ ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "bot") // by this name the test binary is the program, see TestMain
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(program, "run"), log: newOutput()}
	p.cmd.Env, p.cmd.Stderr = environ, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.kill()
		}
	})
	p.log.wait(t, "serving")
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()
}

// stop asks it to end, as a container engine does.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("did not end well: %v\n%s", err, p.log)
	}
}

// TestTelegram is a family's evening with the built program: linking in private, a shared group, a top-up, and
// kill -9 in between.
func TestTelegram(t *testing.T) {
	s := startSims(t)
	tg := simtelegram.Start(t, simtelegram.Config{})
	environ := append(
		s.environ, "CARTABLE_DATA="+filepath.Join(t.TempDir(), "data"), "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0", "CARTABLE_LOG=debug",
		"CARTABLE_TELEGRAM_TOKEN="+tg.Token(), "CARTABLE_TELEGRAM_API="+tg.URL, "CARTABLE_ADMINS=telegram:1001",
	)
	bot := startBot(t, environ...)
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "fr")
	private := anna.Private()

	private.Say("/start")
	private.WaitFor("Pour commencer")
	stranger := bob.Private()
	stranger.Say("/start")
	stranger.WaitFor("code d'invitation")

	private.Say("/connexion pronote")
	private.WaitFor("bout en bout")
	private.Say(s.url + "/2026/pronote/parent.html")
	private.WaitFor("identifiant")
	private.Say("Claire.ROUSSEL")
	private.WaitFor("mot de passe")
	password := private.Say(schoolPassword)
	private.WaitFor("Compte PRONOTE relié")
	private.WaitDeleted(password.ID)

	private.Say("/connexion izly")
	private.WaitFor("06 11 22 33 44")
	private.Say("0611223344")
	private.WaitFor("6 chiffres")
	private.Say(walletCode)
	private.WaitFor("SMS")
	private.Say(s.lastSMS(t))
	private.WaitFor("Compte Izly relié")
	private.Press("Le garder chiffré")
	private.WaitFor("gardé chiffré")

	group := tg.Group("Famille", anna, bob)
	group.As(anna).Say("/connexion")
	group.As(anna).WaitFor("en privé")
	alert := group.As(bob).Press("Cours et devoirs").WaitAnswer()
	if !alert.Alert || !strings.Contains(alert.Text, "pas pour vous") {
		t.Errorf("Bob's press was answered %+v", alert)
	}
	group.As(anna).Press("Cours et devoirs")
	group.As(anna).WaitFor("Anna montre ici")

	bot.kill()
	group.As(bob).Say("/edt demain") // nobody listens
	bot = startBot(t, environ...)
	group.As(bob).WaitFor("Léa")

	private.Say("/recharger 20")
	private.WaitFor("32,34")
	private.Press("Payer")
	bot.kill() // somewhere in the middle
	bot = startBot(t, environ...)
	private.Press("Payer")
	private.Say("/solde")
	private.WaitFor("Solde Izly")
	balance := private.Messages()[len(private.Messages())-1].Text
	if strings.Contains(balance, "52,34") || !strings.Contains(balance, "12,34") && !strings.Contains(balance, "32,34") {
		t.Errorf("after a kill and a second press:\n%s", balance)
	}
	internal, _ := bot.addresses()
	_, counts := fetch(t, "GET", internal+metricsPath)
	for _, want := range []string{`cartable_commands_total{command="solde",outcome="ok"} 1`, `cartable_service_calls_total{service="wallet",operation="balance",`} {
		if !strings.Contains(counts, want) {
			t.Errorf("no %s in\n%s", want, counts)
		}
	}
	var labels string // without the numbers, which may be any
	for line := range strings.Lines(counts) {
		if name, _, measured := strings.Cut(line, "} "); measured {
			labels += name + "\n"
		}
	}
	for _, personal := range []string{"1001", "Anna", "Famille", "ROUSSEL", "0611223344", "127.0.0.1"} {
		if strings.Contains(labels, personal) {
			t.Errorf("%q is counted in\n%s", personal, counts)
		}
	}
	bot.stop()
	for _, hidden := range []string{tg.Token(), strings.SplitN(tg.Token(), ":", 2)[1], schoolPassword, walletCode} {
		if strings.Contains(bot.log.String(), hidden) {
			t.Errorf("a secret of %d characters is in the log", len(hidden))
		}
	}
}

// TestFloodOfAStranger has somebody who was not admitted write 6,000 times, while an admin and somebody with an
// invitation talk to the built program.
func TestFloodOfAStranger(t *testing.T) {
	tg := simtelegram.Start(t, simtelegram.Config{})
	environ := []string{
		"CARTABLE_DATA=" + filepath.Join(t.TempDir(), "data"), "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0",
		"CARTABLE_TELEGRAM_TOKEN=" + tg.Token(), "CARTABLE_TELEGRAM_API=" + tg.URL, "CARTABLE_ADMINS=telegram:1001",
	}
	bot := startBot(t, environ...)
	anna, eve, bob := tg.User(1001, "Anna", "fr").Private(), tg.User(1002, "Eve", "fr").Private(), tg.User(1003, "Bob", "fr").Private()
	anna.Say("/inviter")
	code := regexp.MustCompile(`/start inv_\w+`).FindString(anna.WaitFor("/start inv_").Text)
	for range 5 {
		bob.Say("bonjour")
	}
	const flood = 6000
	flooding := make(chan struct{})
	go func() {
		defer close(flooding)
		for range flood {
			eve.Say("/start")
		}
	}()
	ask := func() {
		began := time.Now()
		anna.Say("/aide")
		anna.WaitFor("Ce que je sais faire")
		t.Logf("the admin was answered after %v", time.Since(began))
	}
	ask()
	<-flooding
	ask()
	bob.Say(code)
	bob.WaitFor("Bonjour")
	tg.WaitConfirmed()
	answers := 0
	for _, m := range eve.Messages() {
		if m.FromBot {
			answers++
		}
	}
	if answers > 5 {
		t.Errorf("the stranger was answered %d times", answers)
	}
	internal, _ := bot.addresses()
	_, counts := fetch(t, "GET", internal+metricsPath)
	for kind, n := range map[string]int{"flood": flood - 5, "messages": 3 + 5 + 5 + 1} {
		if want := fmt.Sprintf("cartable_updates_total{platform=\"telegram\",kind=%q} %d\n", kind, n); !strings.Contains(counts, want) {
			t.Errorf("no %s in\n%s", want, counts)
		}
	}
	bot.stop()
}
