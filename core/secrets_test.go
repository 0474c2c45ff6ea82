package core_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/izly"
	simpronote "cartable/sim/pronote"
)

// secretFields are the members of records whose values may be nowhere but in the sealed record.
var secretFields = map[string]bool{
	"username": true, "password": true, "code": true, // what people type
	"hotp_key": true, "sid": true, "access_token": true, "refresh_token": true, "nsse": true, "qr_key": true, "public_id": true,
	"id": true, "key": true, "iv": true, "cookies": true, // of a PRONOTE session; the IDs of links are secrets to no one
}

// storedSecrets collects the secrets that the store holds, by the path to each.
func (r *rig) storedSecrets(found map[string]string) {
	r.t.Helper()
	var walk func(path string, v any, secret bool)
	walk = func(path string, v any, secret bool) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(path+"."+name, member, secret || secretFields[name])
			}
		case []any:
			for i, member := range v {
				walk(fmt.Sprint(path, ".", i), member, secret)
			}
		case string:
			if secret && len(v) >= 6 {
				found[fmt.Sprint(path, " #", len(found))] = v
			}
		}
	}
	records := r.records()
	for _, text := range slices.Concat(records["school_accounts"], records["wallets"]) {
		_, value, _ := strings.Cut(text, " ")
		_, value, _ = strings.Cut(value, " ") // the version
		var record map[string]any
		if err := json.Unmarshal([]byte(value), &record); err != nil {
			r.t.Fatal(err)
		}
		delete(record, "profile")
		unwrap(record)
		if state, ok := record["state"].(map[string]any); ok {
			delete(state, "family") // its keys name children, as buttons do
			delete(state, "school")
		}
		walk("account", record, false)
	}
}

// unwrap takes apart the secrets that are JSON themselves: logins and sessions.
func unwrap(record map[string]any) {
	for name, v := range record {
		switch v := v.(type) {
		case string:
			var inner map[string]any
			if json.Unmarshal([]byte(v), &inner) == nil {
				record[name] = inner
				unwrap(inner)
			}
		case map[string]any:
			unwrap(v)
		}
	}
}

// Everything a person may do, failures included, at debug level: no secret may be seen anywhere.
func TestNoSecretIsEverSeen(t *testing.T) {
	for _, world := range []struct {
		version string
		mode    izly.Enrolment
	}{{"2024.3.8", izly.EnrolSeed}, {"2026.2.5", izly.EnrolCurrent}} {
		t.Run(world.version+" "+string(world.mode), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{version: world.version, izlyMode: world.mode})
			c := r.chat("claire")
			secrets := map[string]string{"wrong password": "Xylophone-99", "wrong code": "987654"}
			var said strings.Builder
			say := func(lines ...string) {
				for _, line := range lines {
					said.WriteString(c.Say(line))
				}
			}
			press := func(label string) { said.WriteString(c.Press(label)) }

			school := r.school.Accounts()[0]
			wallet := r.izly.Accounts()[0]
			secrets["password"], secrets["code"] = school.Password, wallet.SecretCode
			say("/connexion "+r.schoolURL+"/parent.html", school.Username, secrets["wrong password"], school.Password)
			say("/connexion izly", "06 11 22 33 44", secrets["wrong code"], wallet.SecretCode, "WRONGACTIVATION1")
			link := r.sms(wallet)
			secrets["activation link"], secrets["activation code"] = link, link[strings.LastIndex(link, "/")+1:]
			say(link)
			press("Le garder")
			r.storedSecrets(secrets)
			if len(secrets) < 15 {
				t.Fatalf("found only %d secrets: %v", len(secrets), len(secrets))
			}

			everything := []string{
				"/edt", "/edt semaine hugo", "/notes", "/devoirs", "/solde", "/historique", "/enfant hugo", "/langue", "/aide",
				"/etat", "/connexion", "/annuler", "/deconnexion", "/annuler", "/start", "/recharger", "/annuler", "blabla",
			}
			say(everything...)
			say("/recharger 20")
			press("Payer")
			r.izly.DropAnswer("MoneyInCbConfirm", false)
			say("/recharger 30")
			press("Payer")
			said.WriteString(c.later(time.Minute))
			r.clock.Advance(time.Hour)
			r.storedSecrets(secrets)

			r.school.ExpireSessions()
			r.izly.ExpireSessions()
			say(everything...)
			r.storedSecrets(secrets)
			for _, function := range []string{"PageEmploiDuTemps", "DernieresNotes", "Identification", "Authentification"} {
				r.clock.Advance(2 * time.Minute)
				r.school.DropAnswer(function)
				r.school.DropAnswer(function)
				say("/edt", "/notes")
			}
			for _, method := range []string{"GetStatement", "MoneyInCbCbList", "Logon", "MoneyInCb"} {
				r.izly.DropAnswer(method, false)
				r.izly.Fault(method)
				r.izly.Truncate(method)
				say("/solde", "/historique", "/recharger 20", "/historique")
			}
			r.school.Unavailable(simpronote.OutageMaintenance)
			r.clock.Advance(2 * time.Minute)
			say("/edt", "/notes", "/devoirs semaine prochaine")
			r.school.Unavailable(simpronote.OutageNone)
			r.restart()
			say(everything...)
			r.izly.ExpireSessions()
			r.izly.Block(wallet.Phone)
			say("/solde", "/historique", "/solde")
			r.storedSecrets(secrets)

			r.close()
			file, err := os.ReadFile(r.path)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string][]byte{"an answer": []byte(said.String()), "the log": r.log.Bytes(), "the vault's file": file}
			if !bytes.Contains(seen["the log"], []byte("level=DEBUG")) {
				t.Error("the log has no debug lines")
			}
			for name, secret := range secrets {
				if strings.Contains(name, ".username ") {
					continue // asked back in a question; checked below in the log and the file
				}
				for where, text := range seen {
					for _, form := range forms(secret) {
						if bytes.Contains(text, []byte(form)) {
							t.Errorf("%s is in %s", name, where)
						}
					}
				}
			}
			for _, personal := range []string{school.Username, wallet.Phone, "ROUSSEL", "MARTIN", "MATHÉMATIQUES", "proportionnalité", "blabla", "RU Évariste"} {
				for _, where := range []string{"the log", "the vault's file"} {
					if bytes.Contains(seen[where], []byte(personal)) {
						t.Errorf("%q is in %s", personal, where)
					}
				}
			}
		})
	}
}

// forms are the ways in which a secret may be written.
func forms(secret string) []string {
	return []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
}
