package telegram

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"cartable/core/chat"
)

// The plain calls, one method each.

func (c *api) deleteMessage(ctx context.Context, chat int64, message int) error {
	return c.typed(ctx, "deleteMessage", quickCall, func(ctx context.Context) error {
		_, err := c.bot.DeleteMessage(ctx, &bot.DeleteMessageParams{ChatID: chat, MessageID: message})
		return err
	})
}

func (c *api) chatAction(ctx context.Context, chat int64, thread int) error {
	return c.typed(ctx, "sendChatAction", quickCall, func(ctx context.Context) error {
		_, err := c.bot.SendChatAction(ctx, &bot.SendChatActionParams{
			ChatID: chat, MessageThreadID: thread, Action: models.ChatActionTyping,
		})
		return err
	})
}

// dropButtons takes the buttons off a message of ours.
func (c *api) dropButtons(ctx context.Context, chat int64, message int) error {
	return c.typed(ctx, "editMessageReplyMarkup", quickCall, func(ctx context.Context) error {
		_, err := c.bot.EditMessageReplyMarkup(ctx, &bot.EditMessageReplyMarkupParams{ChatID: chat, MessageID: message})
		return err
	})
}

// answerQuery ends the waiting of a press; a text is shown to the one who pressed, to be dismissed.
func (c *api) answerQuery(ctx context.Context, id, text string) error {
	return c.typed(ctx, "answerCallbackQuery", quickCall, func(ctx context.Context) error {
		_, err := c.bot.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{
			CallbackQueryID: id, Text: text, ShowAlert: text != "",
		})
		return err
	})
}

func (c *api) deleteWebhook(ctx context.Context) error {
	return c.typed(ctx, "deleteWebhook", quickCall, func(ctx context.Context) error {
		_, err := c.bot.DeleteWebhook(ctx, &bot.DeleteWebhookParams{})
		return err
	})
}

func (c *api) webhookInfo(ctx context.Context) (info models.WebhookInfo, err error) {
	err = c.typed(ctx, "getWebhookInfo", quickCall, func(ctx context.Context) error {
		i, err := c.bot.GetWebhookInfo(ctx)
		if i != nil {
			info = *i
		}
		return err
	})
	return info, err
}

func (c *api) getMe(ctx context.Context) (me botUser, err error) {
	err = c.typed(ctx, "getMe", quickCall, func(ctx context.Context) error {
		u, err := c.bot.GetMe(ctx)
		if u != nil {
			me = botUser{id: u.ID, username: u.Username}
		}
		return err
	})
	if err == nil && (me.id == 0 || me.username == "") {
		err = &Error{Op: "getMe", Text: "the answer names no bot"}
	}
	return me, err
}

// filePath asks where a file can be read for the next hour.
func (c *api) filePath(ctx context.Context, id string) (file string, size int64, err error) {
	err = c.typed(ctx, "getFile", quickCall, func(ctx context.Context) error {
		f, err := c.bot.GetFile(ctx, &bot.GetFileParams{FileID: id})
		if f != nil {
			file, size = f.FilePath, f.FileSize
		}
		return err
	})
	return file, size, err
}

// chatNumber is the chat's id as Telegram writes it.
func chatNumber(chat chat.ChatID) (int64, error) {
	id, err := strconv.ParseInt(chat.ID, 10, 64)
	if chat.Platform != Platform || err != nil {
		return 0, errors.New("telegram: no such chat here")
	}
	return id, nil
}

func messageNumber(id string) (int, error) {
	n, err := strconv.Atoi(id)
	if err != nil || n <= 0 {
		return 0, errors.New("telegram: no such message here")
	}
	return n, nil
}

func chatID(id int64) chat.ChatID {
	return chat.ChatID{Platform: Platform, ID: strconv.FormatInt(id, 10)}
}

func personID(id int64) chat.PersonID {
	return chat.PersonID{Platform: Platform, ID: strconv.FormatInt(id, 10)}
}
