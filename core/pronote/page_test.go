package pronote

import (
	"errors"
	"testing"

	"cartable/core/pronote/cipher"
)

var dialectTests = []struct {
	name              string
	body, server      string
	dialect           string
	encrypt, compress bool
}{
	{"seed, all skipped", `Start({h:'1',sCrA:true,sCoA:true,a:3,MR:'x',ER:'y'})`, "", "classic", false, false},
	{"seed, false flags", `Start({h:'1',sCrA:false,sCoA:false,a:3,MR:'x'})`, "", "classic", true, true},
	{"seed, no flags", `Start({h:'1',a:3,MR:'x'})`, "", "classic", true, true},
	{"skip flags alone", `Start({h:'1',a:3,sCrA:true,sCoA:true})`, "", "2023", false, false},
	{"footer 2022", `Start({h:'1',a:3,sCoA:true})<a>PRONOTE 2022.0.8</a>`, "", "classic", true, false},
	{"footer 2024.3.8", `Start({h:'1',a:3,sCrA:true})<a>PRONOTE 2024.3.8</a>`, "", "2023", false, true},
	{"footer 2024.3.9", `Start({h:'1',a:3,sCrA:true})<a>PRONOTE 2024.3.9</a>`, "", "2024.3.9", false, true},
	{"footer 2025.1.2", `Start({h:'1',a:3})<a>PRONOTE 2025.1.2</a>`, "", "2024.3.9", true, true},
	{"footer 2025.2.8", `Start({h:'1',a:3})<a> PRONOTE 2025.2.8 - Espace Élèves</a>`, "", "2025.1.3", false, false},
	{"flags of 2025", `Start({h:'1',a:3,CrA:true})`, "", "2025.1.3", true, false},
	{"nothing at all", `Start({h:'1',a:3})`, "nginx", "2025.1.3", false, false},
	{"header alone", `Start({h:'1',a:3,CrA:true,CoA:true})`, "PRONOTE 2026.2.5.7", "2026.2.4", true, true},
	{"footer before header", `Start({h:'1',a:3,sCrA:true,sCoA:true})<b>PRONOTE 2023.0.1</b>`, "PRONOTE 2026.2.5", "2023", false, false},
	{"version in a text", `Start({h:'1',a:3})<p>Nouveau dans PRONOTE 2022.0.1</p>`, "", "2025.1.3", false, false},
}

func TestDialectOfAPage(t *testing.T) {
	for _, tt := range dialectTests {
		p, err := readPage(200, tt.server, tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if p.dialect.name != tt.dialect || p.dialect.encrypts(p.start) != tt.encrypt || p.dialect.compresses(p.start) != tt.compress {
			t.Errorf("%s: dialect %s, encrypts %t, compresses %t", tt.name,
				p.dialect.name, p.dialect.encrypts(p.start), p.dialect.compresses(p.start))
		}
	}
}

func TestDialectsAreInOrder(t *testing.T) {
	for i, d := range dialects {
		if found, known := dialectNamed(d.name); !known || found != d {
			t.Errorf("dialect %s is not found by its name", d.name)
		}
		if i > 0 && d.since == dialects[i-1].since {
			t.Errorf("dialect %s starts with the one before", d.name)
		}
	}
	if _, known := dialectNamed("other"); known {
		t.Error("an unknown dialect was found")
	}
}

func TestKeyOfAPage(t *testing.T) {
	for attributes, want := range map[string]string{
		"":            "none",
		",http:false": "none",
		",http:true":  "a key",
		",MR:'" + cipher.FixedModulus + "',ER:'010001'": "a key",
		",MR:'C0FFEE',ER:'010001'":                      "an error",
		",MR:'" + cipher.FixedModulus + "'":             "an error",
	} {
		p, err := readPage(200, "", "Start({h:'1',a:3"+attributes+"})")
		if err != nil {
			t.Fatal(err)
		}
		key, err := p.key()
		got := "none"
		switch {
		case err != nil:
			got = "an error"
		case key != nil:
			got = "a key"
		}
		if got != want {
			t.Errorf("%.20q: %s, want %s", attributes, got, want)
		}
	}
}

var otherPages = []struct {
	name   string
	status int
	body   string
	want   error
}{
	{"suspended", 200, `<p>Votre adresse IP est provisoirement suspendue</p><a>PRONOTE 2025.2.8</a>`, ErrSuspended},
	{"suspended, English", 403, `PRONOTE: Your IP address is temporarily suspended.`, ErrSuspended},
	{"busy", 200, `PRONOTE - Le site est momentan&eacute;ment indisponible`, ErrBusy},
	{"busy with its status", 503, `PRONOTE - Le site est momentanément indisponible`, ErrBusy},
	{"closed", 200, `PRONOTE Le site n&#39;est pas disponible`, ErrUnavailable},
	{"closed, typeset", 200, `PRONOTE Le site n’est pas disponible`, ErrUnavailable},
	{"maintenance", 503, ``, ErrUnavailable},
	{"bad gateway", 502, `<h1>Bad gateway</h1>`, ErrServer},
	{"limited", 429, `slow down`, ErrRateLimited},
	{"portal", 200, `<form><input name="p" type="password"></form>`, ErrNeedsENT},
	{"browser", 200, `PRONOTE : votre navigateur n'est pas compatible`, ErrBrowserRefused},
	{"foreign page about browsers", 200, `Your browser is great`, ErrNotPronote},
	{"nothing there", 404, `PRONOTE`, ErrNotPronote},
	{"empty", 200, ``, ErrNotPronote},
}

func TestPagesThatAreNoLogin(t *testing.T) {
	for _, tt := range otherPages {
		if _, err := readPage(tt.status, "", tt.body); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	_, err := readPage(200, "", `PRONOTE without a call`)
	if _, ok := errors.AsType[*ReplyError](err); !ok {
		t.Errorf("a PRONOTE page without Start: %v", err)
	}
}
