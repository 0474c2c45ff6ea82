package pronote_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cartable/sim/pronote"
)

// client is the other half of the exchange, written by hand for these tests: as little of it as will do.
type client struct {
	t               *testing.T
	url             string // of the school
	names           [5]string
	space, session  int
	encrypt, deflat bool
	rsa             []string // MR, ER
	key, iv         []byte
	order           int
	segment         string // of the last request
	body            []byte
	tree            map[string]any // ParametresUtilisateur
	first           map[string]any // FonctionParametres
	deaf, misheard  bool           // a wrong order in an answer is no error of the test; there was one
}

var (
	classic = [5]string{"nom", "numeroOrdre", "donneesSec", "donnees", "_Signature_"}
	of2024  = [5]string{"nom", "numeroOrdre", "donneesSec", "data", "Signature"}
	of2025  = [5]string{"id", "no", "dataSec", "data", "Signature"}
)

func serve(t *testing.T, cfg pronote.Config) (*pronote.Server, string) {
	t.Helper()
	s := pronote.New(cfg)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL + "/pronote"
}

// at is a clock that stands still: a Monday morning unless told otherwise.
func at(date string) func() time.Time {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", date, paris)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return when }
}

// open gets the page and reads Start from it.
func open(t *testing.T, url, page string, names [5]string) *client {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url+"/"+page+"?login=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	html, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`Start \(\{([^}]*)\}\)`).FindSubmatch(html)
	if start == nil {
		t.Fatalf("no Start in %s", html)
	}
	c := &client{t: t, url: url, names: names, key: sum(nil), iv: make([]byte, 16), order: 1}
	flags := map[string]string{}
	for pair := range strings.SplitSeq(string(start[1]), ",") {
		name, value, _ := strings.Cut(pair, ":")
		flags[strings.Trim(name, `"'`)] = strings.Trim(value, `"'`)
	}
	c.session, _ = strconv.Atoi(flags["h"])
	c.space, _ = strconv.Atoi(flags["a"])
	c.encrypt, c.deflat = flags["CrA"] != "", flags["CoA"] != ""
	if names != of2025 {
		c.encrypt, c.deflat = flags["sCrA"] == "", flags["sCoA"] == ""
	}
	if flags["MR"] != "" {
		c.rsa = []string{flags["MR"], flags["ER"]}
	}
	return c
}

// call does one exchange and gives the data of the answer, or the number of the refusal.
func (c *client) call(function string, data, signature any) (map[string]any, int) {
	c.t.Helper()
	part := map[string]any{}
	if data != nil {
		part[c.names[3]] = data
	}
	if signature != nil {
		part[c.names[4]] = signature
	}
	c.segment = hex.EncodeToString(cbc(c.key, c.iv, []byte(strconv.Itoa(c.order))))
	c.body = marshal(map[string]any{
		"session": c.session, c.names[0]: function, c.names[1]: c.segment, c.names[2]: c.seal(marshal(part)),
	})
	if function == "FonctionParametres" {
		c.iv = sum([]byte(testIV))
	}
	c.order += 2
	return c.send()
}

func (c *client) send() (map[string]any, int) {
	c.t.Helper()
	resp, err := http.Post(fmt.Sprintf("%s/appelfonction/%d/%d/%s", c.url, c.space, c.session, c.segment),
		"application/json", bytes.NewReader(c.body))
	if err != nil {
		return nil, -1
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, -1
	}
	var envelope map[string]any
	if err := json.Unmarshal(text, &envelope); err != nil {
		c.t.Fatalf("answer %.100s: %v", text, err)
	}
	if refused, there := envelope["Erreur"].(map[string]any); there {
		return nil, int(refused["G"].(float64))
	}
	if want := hex.EncodeToString(cbc(c.key, c.iv, []byte(strconv.Itoa(c.order-1)))); envelope[c.names[1]] != want {
		if c.deaf {
			c.misheard = true
			return nil, -1
		}
		c.t.Errorf("order of the answer is %v, want %s", envelope[c.names[1]], want)
	}
	part := c.open(envelope[c.names[2]])
	if refused, there := part["Erreur"].(map[string]any); there {
		return nil, int(refused["G"].(float64))
	}
	return part[c.names[3]].(map[string]any), 0
}

const testIV = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"

// hello is FonctionParametres.
func (c *client) hello() {
	c.t.Helper()
	uuid := base64.StdEncoding.EncodeToString([]byte(testIV))
	if c.rsa != nil {
		uuid = base64.StdEncoding.EncodeToString(c.underRSA([]byte(testIV)))
		uuid = uuid[:64] + "\r\n" + uuid[64:]
	}
	var code int
	if c.first, code = c.call("FonctionParametres", map[string]any{"Uuid": uuid, "identifiantNav": nil}, nil); code != 0 {
		c.t.Fatalf("FonctionParametres: refused with %d", code)
	}
}

func (c *client) identify(user string, more map[string]any) (map[string]any, int) {
	data := map[string]any{
		"genreConnexion": 0, "genreEspace": c.space, "identifiant": user, "pourENT": false, "enConnexionAuto": false,
		"demandeConnexionAuto": false, "demandeConnexionAppliMobile": false, "demandeConnexionAppliMobileJeton": false,
		"uuidAppliMobile": "", "loginTokenSAV": "",
	}
	for k, v := range more {
		data[k] = v
	}
	return c.call("Identification", data, nil)
}

// authenticate solves the challenge; the answer is nil when the legacy one does not decrypt.
func (c *client) authenticate(user, password string, id map[string]any) (answer map[string]any, code int) {
	c.t.Helper()
	if id["modeCompLog"] == 1.0 {
		user = strings.ToLower(user)
	}
	if id["modeCompMdp"] == 1.0 {
		password = strings.ToLower(password)
	}
	alea, _ := id["alea"].(string)
	digest := sha256.Sum256([]byte(alea + password))
	key := sum([]byte(user + strings.ToUpper(hex.EncodeToString(digest[:]))))
	challenge := id["challenge"].(string)
	solution := []byte(challenge)
	if len(challenge) != 32 {
		mixed, ok := unCBC(key, c.iv, challenge)
		if !ok {
			mixed = nil
		}
		solution = nil
		for i := 0; i < len(mixed); i += 2 {
			solution = append(solution, mixed[i])
		}
	}
	answer, code = c.call("Authentification", map[string]any{
		"connexion": 0, "espace": c.space, "challenge": hex.EncodeToString(cbc(key, c.iv, solution)),
	}, nil)
	cle, ok := answer["cle"].(string)
	if !ok {
		return answer, code
	}
	text, ok := unCBC(key, c.iv, cle)
	if !ok {
		c.t.Fatal("cle does not decrypt")
	}
	var material []byte
	for n := range strings.SplitSeq(string(text), ",") {
		b, err := strconv.ParseUint(n, 10, 8)
		if err != nil {
			c.t.Fatalf("cle: %v", err)
		}
		material = append(material, byte(b))
	}
	c.key = sum(material)
	return answer, code
}

// logIn goes the whole way of an account.
func logIn(t *testing.T, url string, a pronote.Account, names [5]string) *client {
	t.Helper()
	c := open(t, url, a.Page, names)
	c.hello()
	id, code := c.identify(a.Username, nil)
	if code != 0 {
		t.Fatalf("Identification: refused with %d", code)
	}
	if answer, code := c.authenticate(a.Username, a.Password, id); answer["cle"] == nil {
		t.Fatalf("Authentification: %v, %d", answer, code)
	}
	if c.tree, code = c.call("ParametresUtilisateur", nil, nil); code != 0 {
		t.Fatalf("ParametresUtilisateur: refused with %d", code)
	}
	return c
}

// dig follows a path of members and list positions, through the V of variables.
func dig(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, step := range path {
		if m, ok := v.(map[string]any); ok && m["_T"] != nil {
			v = m["V"]
		}
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
		if v == nil {
			t.Fatalf("nothing at %v of %v", step, path)
		}
	}
	if m, ok := v.(map[string]any); ok && m["_T"] != nil {
		v = m["V"]
	}
	return v
}
