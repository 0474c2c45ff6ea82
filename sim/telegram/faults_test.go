package telegram_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot"

	"cartable/sim/telegram"
)

func TestFaults(t *testing.T) {
	now := newClock()
	tg := telegram.Start(t, telegram.Config{Now: now.Now})
	p := tg.User(1001, "Anna", "fr").Start("")
	b := library(t, tg)
	say := func() error {
		_, err := b.SendMessage(t.Context(), &bot.SendMessageParams{ChatID: 1001, Text: "x"})
		return err
	}
	seen := func() int { return len(p.Messages()) - 1 }

	tg.FailNext("SendMessage", 2, telegram.Fault{Status: 502, HTML: true})
	if err := say(); err == nil || !strings.Contains(err.Error(), "502 Bad Gateway") || !strings.Contains(err.Error(), tg.Token()) {
		t.Errorf("a proxy's page: %v", err)
	}
	if err := say(); err == nil {
		t.Error("the fault came once, not twice")
	}
	tg.FailNext("sendMessage", 1, telegram.Fault{Cut: telegram.CutBefore})
	if err := say(); err == nil || seen() != 0 {
		t.Errorf("cut before: %v, %d messages", err, seen())
	}
	tg.FailNext("", 1, telegram.Fault{Cut: telegram.CutAfter})
	if err := say(); err == nil || seen() != 1 {
		t.Errorf("cut after: %v, %d messages", err, seen())
	}
	tg.FailNext("sendMessage", 1, telegram.Fault{Chat: 5, Status: 403})
	hold := make(chan struct{})
	tg.FailNext("sendMessage", 1, telegram.Fault{Hold: hold})
	done := make(chan error)
	go func() { done <- say() }()
	select {
	case err := <-done:
		t.Errorf("did not wait: %v", err)
	case hold <- struct{}{}: // the call is there
		close(hold)
	}
	if err := <-done; err != nil || seen() != 2 {
		t.Errorf("slow: %v, %d messages", err, seen())
	}
	tg.FailNext("sendMessage", 1, telegram.Fault{Status: 500, Delay: time.Millisecond})
	if a := call(t, tg, "sendMessage", params{"chat_id": 1001, "text": "x"}); a.Code != 500 || a.Description != "Internal Server Error" {
		t.Errorf("got %+v", a)
	}

	if a := call(t, tg, "sendMessage", params{"chat_id": 5, "text": "x"}); a.Code != 403 || a.Description != "Forbidden" {
		t.Errorf("got %+v", a)
	}

	want := []string{"502 false false", "502 false false", "0 false true", "0 true false", "0 false false", "500 false false", "403 false false"}
	for i, c := range tg.Calls("sendMessage") {
		if got := fmt.Sprint(c.Code, " ", c.Lost, " ", c.Cut); got != want[i] || !c.At.Equal(now.Now()) {
			t.Errorf("call %d: %s at %v, want %s", i, got, c.At, want[i])
		}
	}
	if text := fmt.Sprintf("%+v %v %+v", tg.Calls(), tg, tg); strings.Contains(text, "AAtelegramtest") {
		t.Errorf("the token shows in %s", text)
	}
}

func TestLimits(t *testing.T) {
	now := newClock()
	tg := telegram.Start(t, telegram.Config{
		Now:    now.Now,
		Limits: telegram.Limits{PerSecond: 3, PerChatSecond: 2, PerGroupMinute: 4},
	})
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "fr")
	anna.Start("")
	bob.Start("")
	g := tg.Group("Famille", anna)
	say := func(id int64) answer { return call(t, tg, "sendMessage", params{"chat_id": id, "text": "x"}) }
	full := func(id int64, seconds int) {
		t.Helper()
		a := say(id)
		refused(t, a, 429, fmt.Sprintf("Too Many Requests: retry after %d", seconds))
		if a.Parameters.RetryAfter != seconds {
			t.Errorf("retry_after %d", a.Parameters.RetryAfter)
		}
	}
	say(1001)
	say(1001)
	full(1001, 1)
	if a := say(1002); !a.OK {
		t.Errorf("another chat: %+v", a)
	}
	full(1002, 1) // all chats together
	for range 4 {
		now.Add(time.Second)
		if a := say(g.ID()); !a.OK {
			t.Errorf("the group: %+v", a)
		}
	}
	now.Add(10 * time.Second)
	full(g.ID(), 47)
	now.Add(47 * time.Second)
	if a := say(g.ID()); !a.OK {
		t.Errorf("after the pause: %+v", a)
	}
}

// TestForms sends the same call in every form that Telegram reads.
func TestForms(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Start("")
	url := tg.URL + "/bot" + tg.Token() + "/"
	for _, a := range []answer{
		post(t, url+"sendMessage?chat_id=1001&text=query", "", nil),
		post(t, url+"SENDMESSAGE", "application/x-www-form-urlencoded", []byte("chat_id=1001&text=form%20é")),
		post(t, url+"sendMessage", "application/json; charset=utf-8", []byte(`{"chat_id":"1001","text":"json","parse_mode":null}`)),
		post(t, url+"sendMessage", "multipart/form-data; boundary=x", []byte(
			"--x\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n1001\r\n"+
				"--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nmultipart\r\n--x--\r\n")),
		post(t, url+"sendDocument", "multipart/form-data; boundary=x", []byte(
			"--x\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n1001\r\n"+
				"--x\r\nContent-Disposition: form-data; name=\"document\"\r\n\r\nattach://f\r\n"+
				"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nattached\r\n--x--\r\n")),
	} {
		if !a.OK {
			t.Errorf("got %+v", a)
		}
	}
	var got []string
	for _, m := range p.Messages()[1:] {
		if m.Document != nil {
			m.Text = string(m.Document.Data)
		}
		got = append(got, m.Text)
	}
	if text := strings.Join(got, "|"); text != "query|form é|json|multipart|attached" {
		t.Errorf("got %s", text)
	}
	refused(t, post(t, url+"sendMessage", "application/json", []byte(`[]`)), 400, "can't parse the request")
	refused(t, post(t, url+"sendMessage", "application/json", []byte("{\"chat_id\":1001,\"text\":\"\xff\"}")), 400, "strings must be encoded in UTF-8")
	refused(t, post(t, url+"sendMessage?chat_id=1001&text=%FF", "", nil), 400, "strings must be encoded in UTF-8")
}

func TestBodyIsBounded(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	body := io.LimitReader(endless{}, 52<<20)
	req, err := http.NewRequest(http.MethodPost, tg.URL+"/bot"+tg.Token()+"/sendMessage", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the server may close the connection before all is written
	}
	defer resp.Body.Close()
	var a answer
	json.NewDecoder(resp.Body).Decode(&a)
	if a.Code != 413 || a.Description != "Request Entity Too Large" {
		t.Errorf("got %+v", a)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil } // zeros, or whatever is in p
