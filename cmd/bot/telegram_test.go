package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
	alert := group.As(bob).Press("cours et devoirs").WaitAnswer()
	if !alert.Alert || !strings.Contains(alert.Text, "pas pour vous") {
		t.Errorf("Bob's press was answered %+v", alert)
	}
	group.As(anna).Press("cours et devoirs")
	group.As(anna).WaitFor("Anna montre ici")

	bot.kill()
	group.As(bob).Say("/edt demain") // nobody listens
	bot = startBot(t, environ...)
	group.As(bob).WaitFor("Léa")

	private.Say("/recharger 20")
	private.WaitFor("32,34")
	private.Press("Confirmer")
	bot.kill() // somewhere in the middle
	bot = startBot(t, environ...)
	private.Press("Confirmer")
	private.Say("/solde")
	private.WaitFor("Solde Izly")
	balance := private.Messages()[len(private.Messages())-1].Text
	if strings.Contains(balance, "52,34") || !strings.Contains(balance, "12,34") && !strings.Contains(balance, "32,34") {
		t.Errorf("after a kill and a second press:\n%s", balance)
	}
	bot.stop()
	for _, hidden := range []string{tg.Token(), strings.SplitN(tg.Token(), ":", 2)[1], schoolPassword, walletCode} {
		if strings.Contains(bot.log.String(), hidden) {
			t.Errorf("a secret of %d characters is in the log", len(hidden))
		}
	}
}
