package core

// Trouble is something that an adapter has to tell people about its platform. The core has the sentences, and
// says them in the language of the chat.
type Trouble string

// What adapters may have to tell.
const (
	// TroubleUnreadable asks to send a message again that could not be decrypted.
	TroubleUnreadable Trouble = "matrix.unreadable"
	// TroubleWithheld says the same to a person whose app keeps its keys from devices that it has not verified.
	TroubleWithheld Trouble = "matrix.withheld"
	// TroubleGap says that messages may have been missed.
	TroubleGap Trouble = "matrix.gap"
	// TroubleNotPrivate takes the place of an answer in a room that other people have joined meanwhile.
	TroubleNotPrivate Trouble = "matrix.not_private"
	// TroubleUnknownDevice refuses a message from a device that its owner's server does not list.
	TroubleUnknownDevice Trouble = "matrix.unknown_device"
	// TroubleUnsignedDevice refuses a confirmation from a device that its owner has not signed.
	TroubleUnsignedDevice Trouble = "matrix.unsigned_device"
	// TroubleNewIdentity refuses whoever speaks with a changed identity. Argument: code, which is to be typed to
	// have the accounts forgotten.
	TroubleNewIdentity Trouble = "matrix.new_identity"
	// TroubleForgotten says that this was done.
	TroubleForgotten Trouble = "matrix.forgotten"
	// TroubleClear refuses a message that was not encrypted in a room that is.
	TroubleClear Trouble = "matrix.clear"
	// TroublePleaseDelete asks a person to delete a message with a secret.
	TroublePleaseDelete Trouble = "matrix.please_delete"
	// TroubleNotEnough says that a reaction or a number does not confirm this. Argument: code, which does.
	TroubleNotEnough Trouble = "matrix.not_enough"
	// TroubleWrongCode refuses a typed confirmation that confirms nothing.
	TroubleWrongCode Trouble = "matrix.wrong_code"
	// TroubleNoVerification declines to compare emojis.
	TroubleNoVerification Trouble = "matrix.no_verification"
	// TroubleRoomTooLarge says why the bot leaves.
	TroubleRoomTooLarge Trouble = "matrix.room_too_large"

	// WordsTypeCode stands beside a choice that is confirmed by typing. Argument: code.
	WordsTypeCode Trouble = "matrix.type_code"
	// WordsPick stands above a list of choices.
	WordsPick Trouble = "matrix.pick"
	// WordsType stands there where no reaction counts.
	WordsType Trouble = "matrix.type"
	// WordsVote stands above a list of choices of which a poll follows.
	WordsVote Trouble = "matrix.vote"
	// WordsInPrivate stands beside a choice that leads to the private chat. Arguments: bot, text.
	WordsInPrivate Trouble = "matrix.in_private"
)

// Words says a sentence in the language of a chat. args are pairs of a name and a value.
func (e *Engine) Words(chat ChatID, what Trouble, args ...any) string {
	t, err := e.newTurn(nil, Message{Chat: chat})
	if err != nil {
		e.logger(chat).Warn("settings unreadable", "error", err) // the default language will do
	}
	return t.p.T(string(what), args...)
}

// Disown forgets every account of a person, as if they had unlinked each of them: their platform says that
// they may be somebody else now.
func (e *Engine) Disown(p PersonID) error {
	t := &turn{e: e, msg: Message{Person: p, Private: true}}
	for _, l := range t.owned() {
		t, err := e.newTurn(nil, Message{Chat: l.Chat, Person: p, Private: true})
		if err != nil {
			return err
		}
		if _, err := t.unlink(l.ID); err != nil {
			return err
		}
	}
	return nil
}
