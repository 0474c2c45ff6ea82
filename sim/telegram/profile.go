package telegram

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Command is one line of the menu.
type Command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

// profile is what the bot says of itself, by language code ("" for all others).
type profile struct {
	menus       map[string][]Command // by scope and language, see scope.key
	description map[string]string
	short       map[string]string
}

func newProfile() profile {
	return profile{menus: map[string][]Command{}, description: map[string]string{}, short: map[string]string{}}
}

// scope is a BotCommandScope.
type scope struct {
	Type   string `json:"type"`
	ChatID int64  `json:"chat_id"`
	UserID int64  `json:"user_id"`
}

func (s scope) key(language string) string {
	return fmt.Sprintf("%s/%d/%d/%s", s.Type, s.ChatID, s.UserID, language)
}

const maxCommands = 100

var (
	commandName  = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	languageForm = regexp.MustCompile(`^([a-z]{2})?$`)
)

func (q *query) language() (string, error) {
	if !languageForm.MatchString(q.str("language_code")) {
		return "", badRequest("invalid language code specified")
	}
	return q.str("language_code"), nil
}

// scopeKey reads scope and language_code.
func (s *Server) scopeKey(q *query) (string, error) {
	sc := scope{Type: "default"}
	if err := q.object("scope", &sc, "can't parse BotCommandScope JSON object"); err != nil {
		return "", err
	}
	switch sc.Type {
	case "default", "all_private_chats", "all_group_chats", "all_chat_administrators":
		sc.ChatID, sc.UserID = 0, 0
	case "chat", "chat_administrators", "chat_member":
		if s.chats[sc.ChatID] == nil {
			return "", badRequest("chat not found")
		}
	default:
		return "", badRequest("can't parse BotCommandScope: unsupported type specified")
	}
	language, err := q.language()
	return sc.key(language), err
}

func (s *Server) setMyCommands(q *query) (any, error) {
	key, err := s.scopeKey(q)
	if err != nil {
		return nil, err
	}
	var commands []Command
	if err := q.object("commands", &commands, "can't parse commands JSON object"); err != nil {
		return nil, err
	}
	if len(commands) > maxCommands {
		return nil, badRequest("BOT_COMMANDS_TOO_MUCH")
	}
	for _, c := range commands {
		switch n := utf8.RuneCountInString(c.Description); {
		case !commandName.MatchString(c.Command):
			return nil, badRequest("BOT_COMMAND_INVALID")
		case n < 1 || n > 256:
			return nil, badRequest("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	s.profile.menus[key] = commands
	return true, nil
}

func (s *Server) getMyCommands(q *query) (any, error) {
	key, err := s.scopeKey(q)
	if commands := s.profile.menus[key]; commands != nil {
		return commands, err
	}
	return []Command{}, err
}

func (s *Server) deleteMyCommands(q *query) (any, error) {
	key, err := s.scopeKey(q)
	delete(s.profile.menus, key)
	return true, err
}

func (s *Server) setMyDescription(q *query) (any, error) {
	return setText(q, s.profile.description, "description", 512)
}

func (s *Server) setMyShortDescription(q *query) (any, error) {
	return setText(q, s.profile.short, "short_description", 120)
}

func (s *Server) getMyDescription(q *query) (any, error) {
	return getText(q, s.profile.description, "description")
}

func (s *Server) getMyShortDescription(q *query) (any, error) {
	return getText(q, s.profile.short, "short_description")
}

func setText(q *query, texts map[string]string, name string, limit int) (any, error) {
	language, err := q.language()
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(q.str(name)) > limit {
		return nil, badRequest("%s is too long", name)
	}
	texts[language] = q.str(name)
	return true, nil
}

func getText(q *query, texts map[string]string, name string) (any, error) {
	language, err := q.language()
	if err != nil {
		return nil, err
	}
	return map[string]string{name: fallback(texts, language)}, nil
}

// fallback is the text for the language, else the one for all languages.
func fallback(texts map[string]string, language string) string {
	if text := texts[language]; text != "" {
		return text
	}
	return texts[""]
}

// menuFor picks the menu that a person sees in a chat ("Determining list of commands").
func (s *Server) menuFor(c *chat, u *User) []Command {
	admin := c.members[u.ID] == administrator || c.members[u.ID] == creator
	var scopes []scope
	switch {
	case c.kind == private:
		scopes = []scope{{Type: "chat", ChatID: c.id}, {Type: "all_private_chats"}}
	case admin:
		scopes = []scope{
			{Type: "chat_member", ChatID: c.id, UserID: u.ID},
			{Type: "chat_administrators", ChatID: c.id},
			{Type: "chat", ChatID: c.id},
			{Type: "all_chat_administrators"},
			{Type: "all_group_chats"},
		}
	default:
		scopes = []scope{
			{Type: "chat_member", ChatID: c.id, UserID: u.ID},
			{Type: "chat", ChatID: c.id},
			{Type: "all_group_chats"},
		}
	}
	for _, sc := range append(scopes, scope{Type: "default"}) {
		for _, language := range []string{u.Language, ""} {
			if menu := s.profile.menus[sc.key(language)]; len(menu) > 0 {
				return menu
			}
		}
	}
	return nil
}
