//go:build goolm

package matrix

import (
	"context"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// declineVerification declines to compare emojis with a person's device: nobody is there to look at them.
// The device that asks shows the reason.
func (l *connection) declineVerification(_ context.Context, evt *event.Event) {
	defer l.a.recovered("verification")
	content, ok := evt.Content.Parsed.(*event.VerificationRequestEventContent)
	if !ok || !l.a.limiter.allow("verification "+evt.Sender.String(), 10) {
		return
	}
	cancel := &event.VerificationCancelEventContent{
		ToDeviceVerificationEvent: content.ToDeviceVerificationEvent,
		Code:                      event.VerificationCancelCodeUser,
	}
	request := &mautrix.ReqSendToDevice{Messages: map[id.UserID]map[id.DeviceID]*event.Content{
		evt.Sender: {content.FromDevice: {Parsed: cancel}},
	}}
	l.a.background(func(ctx context.Context) {
		if _, err := l.cli.SendToDevice(ctx, event.ToDeviceVerificationCancel, request); err != nil {
			l.a.log.Warn("verification not declined", "error", fail("decline a verification", err))
		}
	})
}

// declineInRoom does the same for a request that was made in a room, and says so there.
func (l *connection) declineInRoom(evt *event.Event) {
	if !l.a.limiter.allow("verification "+evt.Sender.String(), 10) {
		return
	}
	reason := l.a.cfg.Core.Words(chatOf(evt.RoomID), chat.NoticeNoVerification)
	cancel := &event.VerificationCancelEventContent{
		InRoomVerificationEvent: event.InRoomVerificationEvent{RelatesTo: &event.RelatesTo{Type: event.RelReference, EventID: evt.ID}},
		Code:                    event.VerificationCancelCodeUser, Reason: reason,
	}
	l.a.background(func(ctx context.Context) {
		if _, err := l.post(ctx, evt.RoomID, event.InRoomVerificationCancel, cancel, evt.ID.String()+"-decline"); err != nil {
			l.a.log.Warn("verification not declined", "error", err)
		}
	})
	l.a.say(evt.RoomID, chat.NoticeNoVerification)
}
