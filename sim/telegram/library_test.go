package telegram_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"cartable/sim/telegram"
)

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestConversation is a whole conversation with the real library: polling, answer, press, edit.
func TestConversation(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	ctx, stop := context.WithCancel(context.Background())
	b := library(t, tg, bot.WithNotAsyncHandlers(), bot.WithDefaultHandler(func(ctx context.Context, b *bot.Bot, u *models.Update) {
		if q := u.CallbackQuery; q != nil {
			b.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: q.ID, Text: "Noté", ShowAlert: true})
			b.EditMessageText(ctx, &bot.EditMessageTextParams{
				ChatID: q.Message.Message.Chat.ID, MessageID: q.Message.Message.ID, Text: "Fait par " + q.From.FirstName,
			})
			return
		}
		b.SendMessage(ctx, &bot.SendMessageParams{
			ChatID: u.Message.Chat.ID, Text: "<b>Lundi</b> &lt;8h&gt;", ParseMode: models.ParseModeHTML,
			DisableNotification: true, LinkPreviewOptions: &models.LinkPreviewOptions{IsDisabled: bot.True()},
			ReplyMarkup: &models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{{
				{Text: "✅ Confirmer", CallbackData: "k1"}, {Text: "Annuler", CallbackData: "k2"},
			}}},
		})
	}))
	done := make(chan struct{})
	go func() { b.Start(ctx); close(done) }()

	p := tg.User(1001, "Anna", "fr").Start("")
	p.Say("/edt")
	m := p.WaitFor("Lundi")
	if m.Text != "Lundi <8h>" || !m.Styled("bold", "Lundi") || !m.Silent || !m.NoPreview || m.Edited ||
		strings.Join(m.Labels(), "|") != "✅ Confirmer|Annuler" || m.HTML() != "<b>Lundi</b> &lt;8h&gt;" {
		t.Errorf("got %+v", m)
	}
	if a := p.Press("Confirmer").WaitAnswer(); a.Text != "Noté" || !a.Alert {
		t.Errorf("answer %+v", a)
	}
	if m := p.WaitFor("Fait par Anna"); !m.Edited || m.Buttons != nil {
		t.Errorf("got %+v", m)
	}
	tg.WaitConfirmed()
	for _, id := range tg.Updates() {
		if n := tg.Delivered(id); n != 1 {
			t.Errorf("update %d was delivered %d times", id, n)
		}
	}
	stop()
	<-done
}

func TestLibraryFiles(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	b, ctx := library(t, tg), t.Context()
	p := tg.User(1001, "Anna", "fr").Start("")
	code := picture(t, 300, 200)
	sent, err := b.SendPhoto(ctx, &bot.SendPhotoParams{
		ChatID: 1001, Caption: "Code", ProtectContent: true,
		Photo: &models.InputFileUpload{Filename: "qr.png", Data: bytes.NewReader(code)},
	})
	if err != nil || len(sent.Photo) != 2 || sent.Photo[1].Width != 300 || sent.Photo[0].Width != 90 {
		t.Fatalf("got %+v, %v", sent, err)
	}
	if m := p.WaitFor("Code"); m.Photo == nil || !bytes.Equal(m.Photo.Data, code) || !m.Protected {
		t.Errorf("got %+v", m)
	}
	if _, err := b.EditMessageCaption(ctx, &bot.EditMessageCaptionParams{ChatID: 1001, MessageID: sent.ID, Caption: "Périmé"}); err != nil {
		t.Error(err)
	}
	if _, err := b.SendDocument(ctx, &bot.SendDocumentParams{
		ChatID:   1001,
		Document: &models.InputFileUpload{Filename: "données.json", Data: strings.NewReader("{}")},
	}); err != nil {
		t.Error(err)
	}
	p.WaitSeen("the export", func(all []telegram.Message) bool {
		d := all[len(all)-1].Document
		return d != nil && d.Name == "données.json" && string(d.Data) == "{}"
	})
	again, err := b.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: 1001, Photo: &models.InputFileString{Data: sent.Photo[1].FileID}})
	if err != nil || again.Photo[0].FileID != sent.Photo[1].FileID {
		t.Errorf("got %+v, %v", again, err)
	}

	qr := picture(t, 40, 40)
	theirs := p.SendPhoto(qr, "mon code")
	f, err := b.GetFile(ctx, &bot.GetFileParams{FileID: theirs.Photo.ID})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(b.FileDownloadLink(f))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(data, qr) {
		t.Errorf("downloaded %d bytes, %v", len(data), err)
	}
}

func TestLibraryProfile(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	b, ctx := library(t, tg), t.Context()
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "en")
	set := func(scope models.BotCommandScope, language, text string) {
		t.Helper()
		if _, err := b.SetMyCommands(ctx, &bot.SetMyCommandsParams{
			Scope: scope, LanguageCode: language,
			Commands: []models.BotCommand{{Command: "edt", Description: text}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	set(nil, "", "all")
	set(&models.BotCommandScopeAllPrivateChats{}, "fr", "privé")
	set(&models.BotCommandScopeAllGroupChats{}, "", "group")
	g := tg.Group("Famille", anna, bob)
	for _, tt := range []struct {
		seat *telegram.Seat
		want string
	}{{anna.Private(), "privé"}, {bob.Private(), "all"}, {g.As(anna), "group"}} {
		if menu := tt.seat.Menu(); len(menu) != 1 || menu[0].Description != tt.want {
			t.Errorf("menu %+v, want %s", menu, tt.want)
		}
	}
	got, err := b.GetMyCommands(ctx, &bot.GetMyCommandsParams{Scope: &models.BotCommandScopeAllGroupChats{}})
	if err != nil || len(got) != 1 || got[0].Description != "group" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := b.DeleteMyCommands(ctx, &bot.DeleteMyCommandsParams{Scope: &models.BotCommandScopeAllGroupChats{}}); err != nil {
		t.Error(err)
	}
	if menu := g.As(anna).Menu(); menu[0].Description != "all" {
		t.Errorf("menu %+v", menu)
	}
	b.SetMyDescription(ctx, &bot.SetMyDescriptionParams{Description: "School bot"})
	b.SetMyDescription(ctx, &bot.SetMyDescriptionParams{Description: "Le cartable", LanguageCode: "fr"})
	b.SetMyShortDescription(ctx, &bot.SetMyShortDescriptionParams{ShortDescription: "Short"})
	if anna.Description() != "Le cartable" || bob.Description() != "School bot" || anna.ShortDescription() != "Short" {
		t.Errorf("got %q %q %q", anna.Description(), bob.Description(), anna.ShortDescription())
	}
	if d, err := b.GetMyDescription(ctx, &bot.GetMyDescriptionParams{LanguageCode: "fr"}); err != nil || d.Description != "Le cartable" {
		t.Errorf("got %+v, %v", d, err)
	}
	if d, err := b.GetMyShortDescription(ctx, &bot.GetMyShortDescriptionParams{}); err != nil || d.ShortDescription != "Short" {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestLibraryChats(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	b, ctx := library(t, tg), t.Context()
	me, err := b.GetMe(ctx)
	if err != nil || !me.IsBot || me.Username != "cartable_test_bot" || me.ID != b.ID() {
		t.Errorf("me %+v, %v", me, err)
	}
	anna := tg.User(1001, "Anna", "fr")
	g := tg.Forum("Famille", anna)
	if c, err := b.GetChat(ctx, &bot.GetChatParams{ChatID: g.ID()}); err != nil || c.Title != "Famille" || !c.IsForum {
		t.Errorf("chat %+v, %v", c, err)
	}
	g.Admin(telegram.Rights{DeleteMessages: true})
	m, err := b.GetChatMember(ctx, &bot.GetChatMemberParams{ChatID: g.ID(), UserID: b.ID()})
	if err != nil || m.Administrator == nil || !m.Administrator.CanDeleteMessages {
		t.Errorf("member %+v, %v", m, err)
	}
	if m, err := b.GetChatMember(ctx, &bot.GetChatMemberParams{ChatID: g.ID(), UserID: 1001}); err != nil || m.Owner == nil {
		t.Errorf("member %+v, %v", m, err)
	}
	if _, err := b.SendChatAction(ctx, &bot.SendChatActionParams{ChatID: g.ID(), Action: models.ChatActionTyping}); err != nil {
		t.Error(err)
	}
	if got := g.As(anna).Actions(); len(got) != 1 || got[0] != "typing" {
		t.Errorf("actions %v", got)
	}
	said := g.As(anna).Say("mot de passe")
	if ok, err := b.DeleteMessage(ctx, &bot.DeleteMessageParams{ChatID: g.ID(), MessageID: said.ID}); err != nil || !ok {
		t.Errorf("delete: %v", err)
	}
	g.As(anna).WaitDeleted(said.ID)
	if _, err := b.LeaveChat(ctx, &bot.LeaveChatParams{ChatID: g.ID()}); err != nil {
		t.Error(err)
	}
	if _, err := b.GetChat(ctx, &bot.GetChatParams{ChatID: g.ID()}); !errors.Is(err, bot.ErrorForbidden) {
		t.Errorf("after leaving: %v", err)
	}
}

// TestLibraryErrors shows how refusals look to a user of the library.
func TestLibraryErrors(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	b, ctx := library(t, tg), t.Context()
	anna := tg.User(1001, "Anna", "fr")
	send := func(id int64) error {
		_, err := b.SendMessage(ctx, &bot.SendMessageParams{ChatID: id, Text: "x"})
		return err
	}
	if err := send(1001); !errors.Is(err, bot.ErrorBadRequest) {
		t.Errorf("before /start: %v", err)
	}
	anna.Start("")
	anna.Block()
	if err := send(1001); !errors.Is(err, bot.ErrorForbidden) {
		t.Errorf("blocked: %v", err)
	}
	g := tg.Group("Famille", anna)
	old := g.Migrate()
	var migrated *bot.MigrateError
	if err := send(old); !errors.As(err, &migrated) || int64(migrated.MigrateToChatID) != g.ID() {
		t.Errorf("migrated: %v", err)
	}
	tg.FailNext("sendMessage", 1, telegram.Fault{Status: 429, RetryAfter: 7})
	var flood *bot.TooManyRequestsError
	if err := send(g.ID()); !errors.As(err, &flood) || flood.RetryAfter != 7 {
		t.Errorf("flood: %v", err)
	}
	wrong, _ := bot.New(strings.Replace(tg.Token(), "A", "B", 1), bot.WithServerURL(tg.URL), bot.WithSkipGetMe())
	if _, err := wrong.GetMe(ctx); !errors.Is(err, bot.ErrorUnauthorized) {
		t.Errorf("wrong token: %v", err)
	}
}
