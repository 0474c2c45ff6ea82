package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cartable/core/pronote"
)

// TestDemoStaysInside reaches the made-up services and nothing else, not even on this computer.
func TestDemoStaysInside(t *testing.T) {
	w, err := startDemoWorld(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	client := w.inside().schools
	for _, address := range []string{"https://example.org/pronote/", other.URL, strings.Replace(w.schoolSite.url, "127.0.0.1", "localhost", 1)} {
		_, err := client.Get(address)
		if refused, ok := errors.AsType[*pronote.AddressError](err); !ok || refused.Reason != pronote.AddressElsewhere {
			t.Errorf("%s: %v", address, err)
		}
	}
	if reached {
		t.Error("another server was reached")
	}
	for _, address := range []string{w.schoolSite.url, w.walletSite.url} {
		answer, err := client.Get(address + "/")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
}

// TestDemoLinks follows the greeting, after a try with a real school, which is refused before a name or
// password is asked for.
func TestDemoLinks(t *testing.T) {
	in, typing := io.Pipe()
	c := &conversation{t: t, typing: typing, out: newOutput(), log: newOutput(), ended: make(chan error, 1)}
	go func() { c.ended <- run(t.Context(), []string{"demo"}, nil, in, c.out, c.log) }()
	t.Cleanup(func() { _ = typing.Close() })
	said := regexp.MustCompile(`(http\S+), identifiant (\S+), mot de passe (\S+)\n.*téléphone (\d+), code secret (\d+).* (http\S+/sms)`).
		FindStringSubmatch(c.out.wait(t, "Ctrl-D"))
	if said == nil {
		t.Fatal("the greeting does not say how to link")
	}
	c.say("/connexion pronote", "https://")
	c.say("https://example.org/pronote/parent.html", "démonstration")
	c.say(said[1], "identifiant")
	c.say(said[2], "mot de passe")
	c.say(said[3], "ROUSSEL Hugo")
	c.say("/connexion izly", "06 11 22 33 44")
	c.say(said[4], "code secret")
	c.say(said[5], "SMS")
	outbox := &sims{url: strings.TrimSuffix(said[6], "/sms")}
	c.say(outbox.lastSMS(t), "[2] Le garder")
	c.leave()
	if printed := c.log.String(); printed != "" {
		t.Errorf("logged %q", printed)
	}
}
