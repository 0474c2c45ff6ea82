package chat

// Notice is something that an adapter has to tell people about its platform. The core has the sentences, and
// says them in the language of the chat.
type Notice string

// What adapters may have to tell.
const (
	// NoticeUnreadable asks to send a message again that could not be decrypted.
	NoticeUnreadable Notice = "matrix.unreadable"
	// NoticeWithheld says the same to a person whose app keeps its keys from devices that it has not verified.
	NoticeWithheld Notice = "matrix.withheld"
	// NoticeGap says that messages may have been missed.
	NoticeGap Notice = "matrix.gap"
	// NoticeNotPrivate takes the place of an answer in a room that other people have joined meanwhile.
	NoticeNotPrivate Notice = "matrix.not_private"
	// NoticeUnknownDevice refuses a message from a device that its owner's server does not list.
	NoticeUnknownDevice Notice = "matrix.unknown_device"
	// NoticeUnsignedDevice refuses a confirmation from a device that its owner has not signed.
	NoticeUnsignedDevice Notice = "matrix.unsigned_device"
	// NoticeNewIdentity refuses whoever speaks with a changed identity. Argument: code, which is to be typed to
	// have the accounts forgotten.
	NoticeNewIdentity Notice = "matrix.new_identity"
	// NoticeForgotten says that this was done.
	NoticeForgotten Notice = "matrix.forgotten"
	// NoticeClear refuses a message that was not encrypted in a room that is.
	NoticeClear Notice = "matrix.clear"
	// NoticePleaseDelete asks a person to delete a message with a secret.
	NoticePleaseDelete Notice = "matrix.please_delete"
	// NoticeNotEnough says that a reaction or a number does not confirm this. Argument: code, which does.
	NoticeNotEnough Notice = "matrix.not_enough"
	// NoticeWrongCode refuses a typed confirmation that confirms nothing.
	NoticeWrongCode Notice = "matrix.wrong_code"
	// NoticeNoVerification declines to compare emojis.
	NoticeNoVerification Notice = "matrix.no_verification"
	// NoticeRoomTooLarge says why the bot leaves.
	NoticeRoomTooLarge Notice = "matrix.room_too_large"

	// NoticeTypeCode stands beside a choice that is confirmed by typing. Argument: code.
	NoticeTypeCode Notice = "matrix.type_code"
	// NoticePick stands above a list of choices.
	NoticePick Notice = "matrix.pick"
	// NoticeType stands there where no reaction counts.
	NoticeType Notice = "matrix.type"
	// NoticeVote stands above a list of choices of which a poll follows.
	NoticeVote Notice = "matrix.vote"
	// NoticeInPrivate stands beside a choice that leads to the private chat. Arguments: bot, text.
	NoticeInPrivate Notice = "matrix.in_private"
)
