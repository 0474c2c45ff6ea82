package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	simtelegram "cartable/sim/telegram"
)

// recorder is a script that keeps what it was given and answers by another.
func recorder(next func(*rig, chat.Message)) (script func(*rig, chat.Message), messages chan chat.Message) {
	messages = make(chan chat.Message, 100)
	return func(r *rig, m chat.Message) {
		messages <- m
		next(r, m)
	}, messages
}

// silent answers nothing.
func silent(*rig, chat.Message) {}

// plainFields are those of a message that can be compared.
func plainFields(m chat.Message) string {
	m.File = nil
	return fmt.Sprintf("%+v", m)
}

func chatOf(id int64) chat.ChatID {
	return chat.ChatID{Platform: "telegram", ID: strconv.FormatInt(id, 10)}
}

func TestPrivateTalk(t *testing.T) {
	script, messages := recorder(echo)
	r := newRig(t, simtelegram.Config{}, script)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	sent := anna.Say("/edt demain")
	answer := anna.WaitFor("echo /edt demain")
	if !answer.NoPreview || answer.Silent || answer.Protected {
		t.Errorf("sent as %+v", answer)
	}
	r.tg.WaitConfirmed()
	r.stop()
	got := <-messages
	want := chat.Message{
		ID: strconv.Itoa(sent.ID), Chat: chatOf(1001), Person: chat.PersonID{Platform: "telegram", ID: "1001"},
		Name: "Anna", Private: true, Text: "/edt demain",
	}
	if got.File != nil || plainFields(got) != plainFields(want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if n := r.store.rows(); n != 0 {
		t.Errorf("%d updates left in the store", n)
	}
}

func TestWhatIsHeardInGroups(t *testing.T) {
	script, messages := recorder(echo)
	r := newRig(t, simtelegram.Config{NoPrivacy: true}, script) // the bot gets everything
	anna, bob := r.tg.User(1001, "Anna", "fr"), r.tg.User(1002, "Bob", "en")
	g := r.tg.Supergroup("Famille", anna, bob)
	a := g.As(anna)
	a.Say("bonjour tout le monde")
	a.Say("/edt@other_bot")
	g.AsAnonymous(bob).Say("/edt anonymous")
	g.As(r.tg.OtherBot(99, "other_bot")).Say("/edt of a bot")
	a.Say("/path/to")
	first := a.Say("/edt@Cartable_Test_Bot demain")
	answer := a.WaitFor("demain")
	got := <-messages
	if got.Text != first.Text || got.Private || got.Title != "Famille" || got.Chat != chatOf(g.ID()) {
		t.Errorf("got %+v", got)
	}
	g.As(bob).Reply(answer.ID, "et lundi ?")
	if got := <-messages; got.Text != "et lundi ?" || got.Person.ID != "1002" {
		t.Errorf("got %+v", got)
	}
	r.tg.WaitConfirmed()
	if len(messages) > 0 {
		t.Errorf("heard %+v", <-messages)
	}
}

func TestTopics(t *testing.T) {
	script, messages := recorder(echo)
	r := newRig(t, simtelegram.Config{}, script)
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Forum("Famille", anna)
	topic := g.NewTopic("École")
	p := g.As(anna).In(topic)
	p.Say("/edt")
	if answer := p.WaitFor("echo /edt"); answer.Thread != topic {
		t.Errorf("answered in thread %d, not %d", answer.Thread, topic)
	}
	if m := <-messages; m.Thread != strconv.Itoa(topic) {
		t.Errorf("thread %q", m.Thread)
	}
	g.As(anna).Say("/notes")
	if answer := g.As(anna).WaitFor("echo /notes"); answer.Thread != 0 {
		t.Errorf("the general topic answered in %d", answer.Thread)
	}
}

// day is a reply whose buttons lead to the days beside it.
func day(n int) chat.Reply {
	return chat.Reply{Title: fmt.Sprintf("day %d", n), Choices: []chat.Choice{
		{ID: "go" + strconv.Itoa(n-1), Label: "◀"},
		{ID: "go" + strconv.Itoa(n+1), Label: "▶"},
		{ID: "end", Label: "Terminer"},
		{ID: "no", Label: "Pas pour vous"},
	}}
}

func navigate(r *rig, m chat.Message) {
	to := chat.Target{Chat: m.Chat, Thread: m.Thread, Edit: m.ID}
	n, err := strconv.Atoi(strings.TrimPrefix(m.Choice, "go"))
	switch {
	case m.Choice == "":
		r.send(m, day(1))
	case m.Choice == "no":
		_ = r.adapter.Answer(context.Background(), m, "Seulement Anna")
	case m.Choice == "end":
		_ = r.adapter.Answer(context.Background(), m, "")
		r.sendTo(to, chat.Reply{Title: "ended"})
	case err == nil: // the adapter answers such a press itself, when all is done
		r.sendTo(to, day(n))
	}
}

func TestPresses(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, navigate)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/edt")
	shown := anna.WaitFor("day 1")
	for _, label := range []string{"▶", "▶", "◀"} {
		if a := anna.Press(label).WaitAnswer(); a.Text != "" || a.Alert {
			t.Errorf("answered with %+v", a)
		}
	}
	if m := anna.WaitFor("day 2"); m.ID != shown.ID || !m.Edited {
		t.Errorf("not edited in place: %+v", m)
	}
	if a := anna.Press("Pas pour").WaitAnswer(); a.Text != "Seulement Anna" || !a.Alert {
		t.Errorf("answered with %+v", a)
	}
	anna.Press("Terminer").WaitAnswer()
	if m := anna.WaitFor("ended"); m.ID != shown.ID || len(m.Buttons) != 0 {
		t.Errorf("buttons stay: %+v", m)
	}
	if n := len(r.tg.Calls("sendMessage")); n != 1 {
		t.Errorf("%d messages sent", n)
	}
}

func TestSamePressTwice(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, navigate)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/edt")
	m := anna.WaitFor("day 1")
	first, second := anna.PressOn(m.ID, "▶"), anna.PressData(m.ID, "go2")
	first.WaitAnswer()
	second.WaitAnswer() // and "message is not modified" was no error
	anna.WaitFor("day 2")
	a := r.adapter
	r.stop()
	if n := len(a.presses.open); n != 0 {
		t.Errorf("%d presses are kept", n)
	}
}

func TestPressTooOldToAnswer(t *testing.T) {
	errs := make(chan error, 1)
	r := newRig(t, simtelegram.Config{QueryTTL: time.Nanosecond}, func(r *rig, m chat.Message) {
		if m.Choice == "" {
			r.send(m, day(1))
			return
		}
		errs <- r.adapter.Answer(context.Background(), m, "")
	})
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/edt")
	anna.WaitFor("day 1")
	anna.Press("▶")
	if err := <-errs; err != nil {
		t.Error(err)
	}
}

func TestPressOnVanishedMessage(t *testing.T) {
	script, messages := recorder(navigate)
	r := newRig(t, simtelegram.Config{}, script)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/edt")
	shown := anna.WaitFor("day 1")
	<-messages
	r.sendDelete(shown)
	anna.PressData(shown.ID, "go7").WaitAnswer()
	if m := <-messages; m.ID != "" {
		t.Errorf("a message out of reach has the ID %q", m.ID)
	}
	if m := anna.WaitFor("day 7"); m.ID == shown.ID {
		t.Error("edited what is gone")
	}
}

func (r *rig) sendDelete(m simtelegram.Message) {
	r.t.Helper()
	err := r.adapter.Redact(context.Background(), chat.Message{ID: strconv.Itoa(m.ID), Chat: chatOf(m.ChatID)})
	if err != nil {
		r.t.Fatal(err)
	}
}

func TestEditOfVanishedMessage(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	for _, edit := range []string{"77", "1"} { // one that never was, and one of hers
		r.sendTo(chat.Target{Chat: chatOf(1001), Edit: edit}, chat.Reply{Title: "instead of " + edit})
		anna.WaitFor("instead of " + edit)
	}
}

func TestEditOfDocument(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	r.sendTo(chat.Target{Chat: chatOf(1001)}, chat.Reply{
		Title: "data", File: &chat.File{Name: "a.json", Open: chat.Bytes([]byte("{}"))}, Choices: []chat.Choice{{ID: "x", Label: "Delete"}},
	})
	file := anna.WaitFor("data")
	r.sendTo(chat.Target{Chat: chatOf(1001), Edit: strconv.Itoa(file.ID)}, chat.Reply{Title: "deleted"})
	anna.WaitFor("deleted")
	for _, m := range anna.Messages() {
		if m.ID == file.ID && len(m.Buttons) > 0 {
			t.Error("the old buttons can still be pressed")
		}
	}
}

func TestEditWithManyParts(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	to := chat.Target{Chat: chatOf(1001)}
	r.sendTo(to, day(1))
	shown := anna.WaitFor("day 1")
	to.Edit = strconv.Itoa(shown.ID)
	long := chat.Reply{Title: "much", Choices: []chat.Choice{{ID: "x", Label: "OK"}}}
	for i := range 300 {
		long.Body = append(long.Body, chat.Line{Text: fmt.Sprintf("%03d all work and no play", i)})
	}
	r.sendTo(to, long)
	last := anna.WaitFor("299 all work")
	first := anna.WaitFor("000 all work")
	if first.ID != shown.ID || len(first.Buttons) > 0 || len(last.Buttons) == 0 || last.ID == shown.ID || !last.Silent {
		t.Errorf("first %+v\nlast %+v", first, last)
	}
}

func TestSilent(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	r.sendTo(chat.Target{Chat: chatOf(1001)}, chat.Reply{Title: "no hurry", Silent: true})
	if m := anna.WaitFor("no hurry"); !m.Silent || m.Protected || !m.NoPreview {
		t.Errorf("sent as %+v", m)
	}
}

func TestButtonThatOpensPrivateChat(t *testing.T) {
	r := newRig(t, simtelegram.Config{BotUsername: "famille_bot"}, func(r *rig, m chat.Message) {
		r.send(m, chat.Reply{Title: "here", Choices: []chat.Choice{{Label: "En privé", Start: "link_abc-1"}}})
	})
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Group("Famille", anna)
	g.As(anna).Say("/connexion")
	m := g.As(anna).WaitFor("here")
	if got := m.Buttons[0][0]; got.URL != "https://t.me/famille_bot?start=link_abc-1" || got.Kind != "url" {
		t.Errorf("button %+v", got)
	}
}

func TestQuestionInGroupAsksForReply(t *testing.T) {
	script, messages := recorder(func(r *rig, m chat.Message) {
		r.send(m, chat.Reply{Title: "How much?", Expect: chat.ExpectText})
	})
	r := newRig(t, simtelegram.Config{}, script) // privacy mode: only replies are heard
	anna := r.tg.User(1001, "Anna", "fr")
	g := r.tg.Group("Famille", anna)
	g.As(anna).Say("/recharger")
	question := g.As(anna).WaitFor("How much?")
	<-messages
	g.As(anna).Reply(question.ID, "20")
	if m := <-messages; m.Text != "20" {
		t.Errorf("got %+v", m)
	}
}

func TestFiles(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/mesdonnees")
	to, file := chat.Target{Chat: chatOf(1001)}, &chat.File{Name: "cartable.json", Type: "application/json", Open: chat.Bytes([]byte(`{"a":1}`))}
	r.sendTo(to, chat.Reply{Title: "Vos <données>", File: file})
	if m := anna.WaitFor("Vos <données>"); m.Document == nil || string(m.Document.Data) != `{"a":1}` || m.Document.Name != "cartable.json" {
		t.Errorf("sent %+v", m)
	}
	long := strings.TrimSpace(strings.Repeat("mot ", 300))
	r.sendTo(to, chat.Reply{Body: []chat.Line{{Text: long}}, File: file, Choices: []chat.Choice{{ID: "x", Label: "OK"}}})
	m := anna.WaitFor(long)
	all := anna.Messages()
	if before := all[len(all)-2]; before.Document == nil || before.Text != "" || len(m.Buttons) != 1 || m.Document != nil {
		t.Errorf("sent %+v, then %+v", before, m)
	}
	r.sendTo(to, chat.Reply{Title: "code", File: &chat.File{Name: "qr.png", Type: "image/png", Open: chat.Bytes(tinyPNG)}})
	if m := anna.WaitFor("code"); m.Photo == nil {
		t.Errorf("sent %+v", m)
	}
}

func TestPicturesOfPeople(t *testing.T) {
	var data []byte
	var err error
	script, messages := recorder(func(_ *rig, m chat.Message) {
		if m.File != nil {
			data, err = m.File(context.Background())
		}
	})
	r := newRig(t, simtelegram.Config{}, script)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.SendPhoto(tinyPNG, "mon code")
	if m := <-messages; m.Text != "mon code" || m.File == nil {
		t.Errorf("got %+v", m)
	}
	anna.SendDocument("code.png", tinyPNG)
	if m := <-messages; m.Text != "" || m.File == nil {
		t.Errorf("got %+v", m)
	}
	r.tg.WaitConfirmed()
	r.stop()
	if err != nil || !slices.Equal(data, tinyPNG) {
		t.Errorf("read %d bytes, %v", len(data), err)
	}
	for name, record := range r.store.records {
		if strings.Contains(record, string(tinyPNG)) {
			t.Errorf("the picture is in the store under %q", name)
		}
	}
}

func TestSecretsAreDeleted(t *testing.T) {
	var errs []error
	r := newRig(t, simtelegram.Config{}, func(r *rig, m chat.Message) {
		errs = append(errs, r.adapter.Redact(context.Background(), m), r.adapter.Redact(context.Background(), m))
		echo(r, m)
	})
	anna := r.tg.User(1001, "Anna", "fr")
	secret := anna.Private().Say("/secret hunter2")
	anna.Private().WaitDeleted(secret.ID)
	anna.Private().WaitFor("echo")
	if err := errors.Join(errs...); err != nil { // the second time, it was gone already
		t.Error(err)
	}
	g := r.tg.Group("Famille", anna)
	errs = nil
	g.As(anna).Say("/secret hunter2")
	g.As(anna).WaitFor("echo")
	if err := errs[0]; !refusedAs(err, "can't be deleted") {
		t.Errorf("in a group: %v", err)
	}
	if strings.Contains(r.log.String(), "hunter2") {
		t.Error("the log holds the secret")
	}
}

func TestTyping(t *testing.T) {
	finish := make(chan struct{})
	r := newRig(t, simtelegram.Config{}, func(r *rig, m chat.Message) {
		if m.Text == "slow" {
			<-finish
		}
		echo(r, m)
	})
	r.adapter.typists.setPace(5*time.Millisecond, 5*time.Millisecond)
	anna, bob := r.tg.User(1001, "Anna", "fr").Private(), r.tg.User(1002, "Bob", "fr").Private()
	anna.Say("slow")
	bob.Say("quick") // a slow school in one chat delays no other
	bob.WaitFor("echo quick")
	eventually(t, "Anna sees typing go on", func() bool { return len(anna.Actions()) >= 3 })
	close(finish)
	anna.WaitFor("echo slow")
	eventually(t, "typing ends", func() bool {
		r.adapter.typists.mu.Lock()
		defer r.adapter.typists.mu.Unlock()
		return len(r.adapter.typists.at) == 0
	})
	if a := anna.Actions(); a[0] != "typing" {
		t.Errorf("actions %q", a)
	}
}

func (ts *typists) setPace(after, every time.Duration) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.after, ts.every = after, every
}
