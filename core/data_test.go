package core_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"cartable/core"
)

func TestMyDataHoldsEverythingButSecrets(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("anna")
	c.linkParent()
	wallet := c.linkWallet(true)
	c.Say("/edt")
	c.Say("/recharger 20")
	c.Press("Confirmer")
	c.wants(c.Say("/mesdonnees"), "tout ce qui est gardé")
	var file *core.File
	for _, reply := range c.replies {
		if reply.File != nil {
			file = reply.File
		}
	}
	if file == nil {
		t.Fatal("no file came")
	}
	var data map[string]any
	if err := json.Unmarshal(file.Data, &data); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"ROUSSEL Léa", "MARTIN P.", wallet.Phone, `"cents": 2000`, `"status": "done"`, "secret code"} {
		if !bytes.Contains(file.Data, []byte(part)) {
			t.Errorf("no %q in the file", part)
		}
	}
	for _, hidden := range []string{r.school.Accounts()[0].Password, wallet.SecretCode, "access_token", "hotp"} {
		if bytes.Contains(bytes.ToLower(file.Data), bytes.ToLower([]byte(hidden))) {
			t.Errorf("a secret of %d characters is in the file", len(hidden))
		}
	}
}
