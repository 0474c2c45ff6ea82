//go:build goolm

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/matrixplayer"
)

// liar stands between the bot and its homeserver. In one room it hides that a person is there, and tells the
// bot that what they say was said by another: all that a homeserver can do which has been taken over, short
// of making up the keys of people's devices.
type liar struct {
	*httptest.Server

	mu       sync.Mutex
	room     string
	from, as string // users; empty while it tells the truth
}

// newLiar makes a liar that tells the truth for now.
func newLiar(t *testing.T, hs *homeserver.Server) *liar {
	t.Helper()
	l := &liar{}
	l.Server = newProxy(t, hs, func(p *httputil.ReverseProxy) {
		rewrite := p.Rewrite
		p.Rewrite = func(r *httputil.ProxyRequest) {
			rewrite(r)
			r.Out.Header.Del("Accept-Encoding") // the answers are to be read
		}
		p.ModifyResponse = l.answer
	})
	return l
}

// passOff has all that from does in the room, from now on, appear as done by as.
func (l *liar) passOff(room id.RoomID, from, as *matrixplayer.Player) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.room, l.from, l.as = room.String(), from.ID.String(), as.ID.String()
}

// answer changes an answer of the homeserver on its way to the bot.
func (l *liar) answer(resp *http.Response) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sync := strings.HasSuffix(resp.Request.URL.Path, "/sync")
	if l.from == "" || !sync && !strings.Contains(resp.Request.URL.Path, "/rooms/"+l.room+"/") {
		return nil
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var answer map[string]any
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber()
	switch err := numbers.Decode(&answer); {
	case err != nil: // a list, or no JSON: nothing that the bot asks for while it is lied to
	case sync:
		rooms, _ := answer["rooms"].(map[string]any)
		joined, _ := rooms["join"].(map[string]any)
		l.twist(joined[l.room])
	default:
		l.twist(answer)
	}
	if raw, err = json.Marshal(answer); err != nil {
		return err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	resp.Header.Del("Content-Length")
	return nil
}

// twist changes JSON in place.
func (l *liar) twist(v any) {
	object, _ := v.(map[string]any)
	delete(object, l.from) // of members and receipts
	if object["sender"] == l.from {
		object["sender"] = l.as
	}
	for name, inner := range object {
		if list, ok := inner.([]any); ok {
			list = slices.DeleteFunc(list, func(e any) bool {
				event, _ := e.(map[string]any)
				return event["type"] == "m.room.member" && event["state_key"] == l.from
			})
			for _, e := range list {
				l.twist(e)
			}
			object[name] = list
			continue
		}
		l.twist(inner)
	}
}
