package pronote

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cartable/core/pronote/cipher"
)

// What a cipher or compression hides is counted when it is open.
func TestHiddenEntriesAreCounted(t *testing.T) {
	c := testChannel(dialects[3])
	c.codec = cipher.Codec{Encrypt: true, Compress: true}
	r, err := c.seal(fnTimetable, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	key, iv := c.material()
	sealed, err := c.codec.Seal(key, iv, []byte(`{"data":{"ListeCours":[`+strings.Repeat("0,", maxLessons)+`0]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var refused *ReplyError
	if _, err := c.open(r, replyBody(t, c, r, json.RawMessage(sealed))); !errors.As(err, &refused) || refused.What != errTooMany.Error() {
		t.Errorf("%d entries: %v", maxLessons+1, err)
	}
}

// Over a connection: a body or a header that is too long is not read to its end.
func TestLongAnswersAreNotRead(t *testing.T) {
	long := false
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if long {
			w.Header().Set("Set-Cookie", strings.Repeat("x", 2*maxHeader))
		}
		_, _ = w.Write(make([]byte, smallAnswer.body()+1))
	}))
	defer web.Close()
	c := New(Config{AllowPrivate: true})
	tr := newTransport(c, "127.0.0.1", asBrowser)
	var refused *ReplyError
	if _, err := tr.send(t.Context(), fnLogout, web.URL, nil); !errors.As(err, &refused) {
		t.Errorf("a long body: %v", err)
	}
	long = true
	if _, err := tr.send(t.Context(), fnTimetable, web.URL, nil); !errors.Is(err, ErrNetwork) {
		t.Errorf("a long header: %v", err)
	}
}

// What a session keeps, and stores, is bounded.
func TestWhatASessionKeepsIsBounded(t *testing.T) {
	period := `{"N":"1","G":1,"L":"T","dateDebut":"01/09/2025","dateFin":"30/11/2025"}`
	school := func(periods string) string {
		return fmt.Sprintf(`{"PremierLundi":"01/09/2025","ListePeriodes":{"_T":24,"V":[%s]}}`, periods)
	}
	if _, err := decodeEstablishment(t, school(period)); err != nil {
		t.Fatal(err)
	}
	for name, periods := range map[string]string{
		"too many periods":  strings.Repeat(period+",", maxPeriods) + period,
		"a long identifier": strings.Replace(period, `"N":"1"`, `"N":"`+strings.Repeat("1", maxIdentifier+1)+`"`, 1),
	} {
		if _, err := decodeEstablishment(t, school(periods)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
