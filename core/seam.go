package core

import "cartable/core/chat"

// The seam's names, for this package.
type (
	ChatID      = chat.ChatID
	PersonID    = chat.PersonID
	Message     = chat.Message
	Target      = chat.Target
	Adapter     = chat.Adapter
	Handler     = chat.Handler
	Presser     = chat.Presser
	Exposed     = chat.Exposed
	ExposedChat = chat.ExposedChat
	TextOnly    = chat.TextOnly
	Marker      = chat.Marker
	Redacter    = chat.Redacter
	Reply       = chat.Reply
	File        = chat.File
	Line        = chat.Line
	LineKind    = chat.LineKind
	Choice      = chat.Choice
	Expect      = chat.Expect
	Notice      = chat.Notice
)

const (
	NoticeTypeCode = chat.NoticeTypeCode
	MaxFile        = chat.MaxFile
	MaxText        = chat.MaxText
	LineHeading    = chat.LineHeading
	LineNote       = chat.LineNote
	LineStruck     = chat.LineStruck
	ExpectNothing  = chat.ExpectNothing
	ExpectText     = chat.ExpectText
	ExpectSecret   = chat.ExpectSecret
)

var (
	ErrClosed     = chat.ErrClosed
	ErrNotPrivate = chat.ErrNotPrivate
	ErrChatGone   = chat.ErrChatGone
)
