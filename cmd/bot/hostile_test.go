//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cartable/core/memtest"
)

// limitedChat runs `bot chat` in a process of its own, with a hard limit on its memory.
func limitedChat(t *testing.T, environ ...string) (*conversation, *os.Process) {
	t.Helper()
	program, err := exec.LookPath("bot") // testscript has put this binary there under that name
	if err != nil {
		t.Fatal(err)
	}
	limited := fmt.Sprintf("ulimit -d %d; exec %q chat", memtest.Limit>>10, program)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", limited)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environ...)
	c := &conversation{t: t, out: newOutput(), log: newOutput(), ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = c.out, c.log
	if c.typing, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := cmd.Wait()
		if err != nil {
			_, _ = fmt.Fprintf(c.out, "the program ended: %v\n%.300s\n", err, c.log)
		}
		c.ended <- err
	}()
	t.Cleanup(func() { _ = c.typing.Close() })
	return c, cmd.Process
}

// TestHostileServersDoNotStopTheBot has a person link a school or a wallet that answers as badly as it can, and
// read from it. The whole program is measured: what it reads, understands, stores and shows.
func TestHostileServersDoNotStopTheBot(t *testing.T) {
	if testing.Short() {
		t.Skip("links a dozen accounts, at the pace of real schools")
	}
	memtest.Measurable(t)
	s := startSims(t, "--hostile")
	for _, tt := range []struct {
		attack, command string
		unreadable      bool // is what the person is told of the answer
	}{
		{"PageEmploiDuTemps/objects/15360", "/edt semaine", true},
		{"PageEmploiDuTemps/text/900", "/edt semaine", false},
		{"PageEmploiDuTemps/copies/300", "/edt semaine", false},
		{"DernieresNotes/numbers/15360", "/notes", true},
		{"DernieresNotes/copies/500", "/notes", false},
		{"PageCahierDeTexte/objects/15360", "/devoirs", true},
		{"PageCahierDeTexte/text/2000", "/devoirs", false},
		{"PageCahierDeTexte/copies/600", "/devoirs", false},
		{"ParametresUtilisateur/objects/15360", "", true},
		{"FonctionParametres/copies/10", "/edt semaine", false},
		{"GetStatement/numbers/100", "/historique", true},
		{"GetStatement/copies/200", "/historique", false},
		{"Logon/elements/900", "", true},
	} {
		t.Run(tt.attack, func(t *testing.T) {
			t.Parallel()
			function, _, _ := strings.Cut(tt.attack, "/")
			base := s.url + hostileRoot + tt.attack
			school := function != "GetStatement" && function != "Logon"
			environ := []string{"CARTABLE_DATA=" + filepath.Join(t.TempDir(), "data"), "CARTABLE_ALLOW_PRIVATE_NETWORKS=1"}
			if !school {
				environ = append(environ, "CARTABLE_IZLY_SOAP_URL="+base+"/Service.asmx",
					"CARTABLE_IZLY_REST_URL="+base+"/Service/PublicService.svc/rest", "CARTABLE_IZLY_SITE_URL="+base)
			}
			c, process := limitedChat(t, environ...)
			c.say("/aide", "/connexion")
			idle, err := memtest.Forget(process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			if school {
				c.say("/connexion pronote", "https://")
				c.say(base+"/pronote/parent.html", "identifiant")
				c.say("Claire.ROUSSEL", "mot de passe")
				c.enter(schoolPassword)
			} else {
				c.say("/connexion izly", "06 11 22 33 44")
				c.say("06.11.22.33.44", "code secret")
				c.enter(walletCode)
			}
			if !school && tt.command != "" {
				c.out.wait(t, "SMS")
				c.say((&sims{url: base}).lastSMS(t), "[2] Le garder")
				c.say("2", "chiffré")
			}
			if tt.command != "" {
				c.enter(tt.command)
			}
			c.say("/langue", "[1]") // it is still there, and reads on
			peak, err := memtest.Peak(process.Pid)
			if err != nil {
				t.Fatal(err)
			}
			c.leave()
			if said := strings.Contains(c.out.String(), "ne comprends pas"); said != tt.unreadable {
				t.Errorf("that the answer cannot be understood was said: %t", said)
			}
			t.Logf("%5.1f MiB above idle (%.1f MiB)", float64(peak-idle)/(1<<20), float64(idle)/(1<<20))
			if peak-idle > memtest.Allowed {
				t.Errorf("the program took %d MiB above idle", (peak-idle)>>20)
			}
		})
	}
}
