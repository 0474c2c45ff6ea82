package telegram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
)

const (
	maxMenu        = 100 // entries (setMyCommands)
	maxCommandText = 256 // characters (BotCommand)
	maxLong        = 512 // characters of a description
	maxBrief       = 120 // of a short description
)

var commandForm = regexp.MustCompile(`^[a-z0-9_]{1,32}$`) // BotCommand

// announcement is one call that changes what people see of the bot before they talk to it.
type announcement struct {
	name    string // of its record, under which the content that was last announced is noted
	op      string
	content any
	call    func(context.Context) error
}

// publishMenus announces menus and descriptions, those that have changed since they were last announced.
// What fails is tried again at the next start.
func (a *Adapter) publishMenus(ctx context.Context) {
	var noted map[string]string
	if kept, err := a.inbox.record("announced"); err != nil || json.Unmarshal(kept, &noted) != nil || noted == nil {
		noted = make(map[string]string)
	}
	changed := false
	for _, an := range a.announcements() {
		sum := digest(an.content)
		if noted[an.name] == sum {
			continue
		}
		err := a.insist(ctx, func(ctx context.Context) error { return a.api.typed(ctx, an.op, quickCall, an.call) })
		if err != nil {
			if ctx.Err() == nil {
				a.log.Warn("menu or description not set", "what", an.name, "error", err)
			}
			continue
		}
		noted[an.name], changed = sum, true
	}
	if !changed {
		return
	}
	kept, err := json.Marshal(noted)
	if err == nil {
		err = a.inbox.setRecord("announced", kept)
	}
	if err != nil {
		a.log.Error("menus not noted as set", "error", err)
	}
}

func digest(content any) string {
	text, err := json.Marshal(content)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// announcements are all there are, for each language, and in the first one for everybody else.
func (a *Adapter) announcements() []announcement {
	var all []announcement
	for i, lang := range a.cfg.Langs {
		codes := []string{lang}
		if i == 0 {
			codes = append(codes, "")
		}
		for _, code := range codes {
			if a.cfg.Menu != nil {
				all = append(all, a.menu(lang, code, true), a.menu(lang, code, false))
			}
			if a.cfg.About != nil {
				all = append(all, a.describe(lang, code)...)
			}
		}
	}
	return all
}

// menu is that of one language; code is empty for everybody else.
func (a *Adapter) menu(lang, code string, private bool) announcement {
	commands := []models.BotCommand{}
	for _, e := range a.cfg.Menu(lang, private) {
		text := cut(oneLine(e.Text), maxCommandText)
		if commandForm.MatchString(e.Name) && text != "" && len(commands) < maxMenu {
			commands = append(commands, models.BotCommand{Command: e.Name, Description: text})
		}
	}
	name, scope := "menu private ", models.BotCommandScope(&models.BotCommandScopeAllPrivateChats{})
	if !private {
		name, scope = "menu group ", &models.BotCommandScopeAllGroupChats{}
	}
	return announcement{name + code, "setMyCommands", commands, func(ctx context.Context) error {
		_, err := a.api.bot.SetMyCommands(ctx, &bot.SetMyCommandsParams{
			Commands: commands, Scope: scope, LanguageCode: code,
		})
		return err
	}}
}

func (a *Adapter) describe(lang, code string) []announcement {
	long, brief := a.cfg.About(lang)
	long, brief = cut(long, maxLong), cut(brief, maxBrief)
	return []announcement{
		{"description " + code, "setMyDescription", long, func(ctx context.Context) error {
			_, err := a.api.bot.SetMyDescription(ctx, &bot.SetMyDescriptionParams{Description: long, LanguageCode: code})
			return err
		}},
		{"short description " + code, "setMyShortDescription", brief, func(ctx context.Context) error {
			_, err := a.api.bot.SetMyShortDescription(ctx, &bot.SetMyShortDescriptionParams{ShortDescription: brief, LanguageCode: code})
			return err
		}},
	}
}
