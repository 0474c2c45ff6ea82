//go:build linux

package pronote_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"cartable/core/memtest"
	"cartable/core/pronote"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

// step is one request to a hostile school, in the words of the process that makes it.
type step struct {
	Address  pronote.Address
	Username string
	Password string
	Function string
}

func TestMain(m *testing.M) { memtest.Main(m, prepareStep) }

// prepareStep logs in, unless the login is what is measured, and reads each page once.
func prepareStep(task json.RawMessage) (func() error, error) {
	var s step
	if err := json.Unmarshal(task, &s); err != nil {
		return nil, err
	}
	ctx := context.Background()
	client := pronote.New(pronote.Config{AllowPrivate: true, Now: clock})
	login := func() (*pronote.Session, error) {
		return client.Login(ctx, pronote.Credentials{
			Address: s.Address, Space: pronote.SpaceParent, Username: s.Username, Password: secret.New(s.Password),
		})
	}
	session, err := login()
	if err != nil {
		return nil, err
	}
	pupil := session.Profile().Pupils[0].Key
	run := map[string]func() error{
		"PageEmploiDuTemps": func() error { _, err := session.Week(ctx, pupil, today); return err },
		"DernieresNotes":    func() error { _, err := session.Grades(ctx, pupil, ""); return err },
		"PageCahierDeTexte": func() error { _, err := session.Homework(ctx, pupil, today, today.AddDate(0, 0, 21)); return err },
		"JetonAppliMobile":  func() error { _, err := session.NewQRCode(ctx, secret.New("1234")); return err },
		"SaisieDeconnexion": func() error { return session.Close(ctx) },
	}[s.Function]
	if run == nil { // a function of the login
		return func() error {
			session, err := login()
			if err == nil {
				session.State() // what is stored of it counts too
			}
			return err
		}, nil
	}
	if s.Function == "SaisieDeconnexion" {
		return run, nil
	}
	return run, run()
}

// codecs are the ways in which answers travel.
var codecs = map[string]sim.Config{
	"clear":      {Version: "2026.2.5"},
	"encrypted":  {Version: "2025.2.8", Encrypt: true},
	"compressed": {Version: "2024.3.11", Compress: true},
	"both":       {Version: "2026.2.5", Encrypt: true, Compress: true},
}

// TestHostileAnswersCostLittle lets a school answer everything that is asked of it as badly as it can, over
// real connections, and measures the process that asks.
func TestHostileAnswersCostLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("reads hundreds of large answers")
	}
	process := memtest.Start(t)
	schools := map[string]*sim.Server{}
	mux := http.NewServeMux()
	for name, cfg := range codecs {
		cfg.Now, cfg.Root = clock, "/"+name+"/pronote"
		schools[name] = sim.New(cfg)
		mux.Handle(cfg.Root+"/", schools[name])
	}
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	most := int64(0)
	for _, a := range attacks() {
		for codec, school := range schools {
			if !a.worthwhile(codec) {
				continue
			}
			school.Attack(sim.Attack{})
			parent := school.Accounts()[0]
			for _, account := range school.Accounts() {
				if account.Space == "parent" {
					parent = account
				}
			}
			peak, err := process.Run(step{
				Address: pronote.Address(web.URL + "/" + codec + "/pronote"), Username: parent.Username,
				Password: parent.Password, Function: a.Function,
			}, func() { school.Attack(a.Attack) })
			what := fmt.Sprintf("%s with %d KiB of %s %s, %s", a.Function, a.Size>>10, a.Filling, a.Member, codec)
			t.Logf("%5.1f MiB  %s: %v", float64(peak)/(1<<20), what, err)
			if peak > memtest.Allowed {
				t.Errorf("%s takes %d MiB", what, peak>>20)
			}
			most = max(most, peak)
		}
	}
	t.Logf("at most %.1f MiB above idle", float64(most)/(1<<20))
}

type attack struct{ sim.Attack }

// attacks are all functions with all fillings: as much as is taken of a text, a list and an answer, and far more.
func attacks() (all []attack) {
	for _, function := range sim.Functions {
		for _, filling := range sim.Fillings {
			sizes := []int{pronote.AnswerBytes(function) - 20<<10}
			switch filling {
			case sim.FillObjects:
				sizes = append(sizes, 15<<20, 2_900, 5_900) // the last two: a thousand entries, and nearly two
			case sim.FillText, sim.FillPage, sim.FillCookies:
				sizes = append(sizes, 15<<20)
			case sim.FillCopies:
				sizes = append(sizes, 64<<10, 256<<10)
			}
			for _, size := range sizes {
				all = append(all, attack{sim.Attack{Function: function, Filling: filling, Size: size}})
			}
		}
	}
	for _, member := range []string{"listeOnglets", "listeOngletsPourPeriodes", "ListeContenus", "listeServices", "ListePieceJointe"} {
		function := map[string]string{"ListeContenus": "PageEmploiDuTemps", "listeServices": "DernieresNotes", "ListePieceJointe": "PageCahierDeTexte"}[member]
		for _, size := range []int{2_900, 90 << 10} {
			all = append(all, attack{sim.Attack{Function: cmp.Or(function, "ParametresUtilisateur"), Filling: sim.FillObjects, Size: size, Member: member}})
		}
	}
	return all
}

// worthwhile leaves out what does not depend on how answers travel.
func (a attack) worthwhile(codec string) bool {
	switch {
	case a.Function == sim.PageFunction:
		return codec == "clear" && (a.Filling == sim.FillCookies || a.Filling == sim.FillPage)
	case a.Filling == sim.FillCookies, a.Filling == sim.FillPage, a.Filling == sim.FillEnvelope:
		return codec == "clear"
	case a.Size > 4<<20: // what is this long is refused in clear before it has been read to the end
		return codec == "both"
	case a.Function == "Identification", a.Function == "Authentification", a.Function == "JetonAppliMobile", a.Function == "SaisieDeconnexion":
		return codec == "encrypted" && (a.Filling == sim.FillObjects || a.Filling == sim.FillText) // their answers are small
	case a.Filling == sim.FillObjects:
		return true
	}
	return codec == "encrypted" // where the most bytes are held
}
