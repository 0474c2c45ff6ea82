package telegram

import "encoding/json"

// allowedUpdates are the kinds of update that are asked for. Edited messages are not: what was sent is
// what counts, and a secret that is edited afterwards has been deleted by then.
var allowedUpdates = []string{"message", "callback_query", "my_chat_member"}

// update is what the adapter reads of an Update. The library's own type refuses a whole update for one
// kind of forward or reaction that it does not know; this one looks at nothing that it does not use.
type update struct {
	ID      int64     `json:"update_id"`
	Message *message  `json:"message"`
	Query   *query    `json:"callback_query"`
	Member  *myMember `json:"my_chat_member"`
}

type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

type tgChat struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
}

type message struct {
	ID       int         `json:"message_id"`
	Thread   int         `json:"message_thread_id"`
	InTopic  bool        `json:"is_topic_message"`
	From     *user       `json:"from"`
	Sender   *tgChat     `json:"sender_chat"` // who speaks as a channel or group
	Date     int64       `json:"date"`        // 0: the message is too old to be shown or edited
	Chat     tgChat      `json:"chat"`
	ReplyTo  *replied    `json:"reply_to_message"`
	Text     string      `json:"text"`
	Caption  string      `json:"caption"`
	Album    string      `json:"media_group_id"`
	Photo    []photoSize `json:"photo"`
	Document *document   `json:"document"`
	Contact  *contact    `json:"contact"`
	unread
	MigrateTo   int64 `json:"migrate_to_chat_id"`
	MigrateFrom int64 `json:"migrate_from_chat_id"`
}

// unread are what people send that the bot cannot read: that it is there is all that is looked at.
type unread struct {
	Sticker   json.RawMessage `json:"sticker"`
	Animation json.RawMessage `json:"animation"` // comes with a document as well
	Dice      json.RawMessage `json:"dice"`
	Voice     json.RawMessage `json:"voice"`
	Audio     json.RawMessage `json:"audio"`
	Video     json.RawMessage `json:"video"`
	VideoNote json.RawMessage `json:"video_note"`
	Location  json.RawMessage `json:"location"` // comes with a venue as well
	Poll      json.RawMessage `json:"poll"`
	Story     json.RawMessage `json:"story"`
	Game      json.RawMessage `json:"game"`
	Checklist json.RawMessage `json:"checklist"`
	PaidMedia json.RawMessage `json:"paid_media"`
}

type contact struct {
	Phone string `json:"phone_number"`
}

type replied struct {
	From *user `json:"from"`
}

type photoSize struct {
	FileID string `json:"file_id"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Size   int64  `json:"file_size"`
}

type document struct {
	FileID string `json:"file_id"`
	Name   string `json:"file_name"`
	Type   string `json:"mime_type"`
	Size   int64  `json:"file_size"`
}

type query struct {
	ID      string   `json:"id"`
	From    user     `json:"from"`
	Message *message `json:"message"`
	Data    string   `json:"data"`
}

type myMember struct {
	Chat tgChat `json:"chat"`
	New  struct {
		Status   string `json:"status"`
		IsMember bool   `json:"is_member"` // with status "restricted"
	} `json:"new_chat_member"`
}

// decodeUpdate reads an update. Where only its id can be read, ok is false; where not even that, the id
// is 0.
func decodeUpdate(raw json.RawMessage) (u update, ok bool) {
	if json.Unmarshal(raw, &u) == nil && u.ID != 0 {
		return u, true
	}
	var only struct {
		ID int64 `json:"update_id"`
	}
	if json.Unmarshal(raw, &only) != nil {
		only.ID = 0
	}
	return update{ID: only.ID}, false
}
