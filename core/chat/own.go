package chat

import "strings"

// ownMark stands before a command of the bot's own in the text of a reply. It is a noncharacter, which Unicode keeps for
// use within programs: nobody sees it, core/talk takes it out of what people write, and core/visible out of what servers do.
const ownMark = "\uFDD0"

// Own is a command as the bot says it: "/edt". Where a platform makes commands something to tap, it does so for these
// alone; what looks like one in the words of a school or a person stays text.
func Own(command string) string { return ownMark + command }

// Plain is a text without what tells the bot's own commands.
func Plain(text string) string { return strings.ReplaceAll(text, ownMark, "") }

// Pieces divides a text before each command of the bot's own: the first piece begins with none, the others do.
func Pieces(text string) []string { return strings.Split(text, ownMark) }
