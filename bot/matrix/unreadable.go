//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// maxSealed bounds the encrypted events that are remembered for a second look.
const maxSealed = 256

// noteEncrypted remembers an encrypted event before the library tries it.
func (l *connection) noteEncrypted(ctx context.Context, evt *event.Event) {
	defer l.a.recovered("encrypted event")
	content, ok := evt.Content.Parsed.(*event.EncryptedEventContent)
	if !ok || evt.Sender == l.me {
		return
	}
	l.mu.Lock()
	if len(l.sealed) >= maxSealed {
		clear(l.sealed)
	}
	l.sealed[evt.ID] = evt
	l.mu.Unlock()
	session, err := l.a.store.GetGroupSession(ctx, evt.RoomID, content.SessionID)
	if session != nil || err != nil {
		return
	}
	if handled, err := l.a.inbox.has(evt.ID); err != nil || handled {
		return
	}
	l.a.inbox.wait(evt, l.a.log.Error)
	l.a.background(func(ctx context.Context) {
		select {
		case <-time.After(l.a.untold):
		case <-l.life.Done():
			return
		case <-ctx.Done():
			return
		}
		if l.a.inbox.stillSealed(evt.ID) {
			l.tellUnreadable(evt)
		}
	})
}

// untoldFor is how long a message may stay unreadable before its sender is told. Its key comes later at times, and then
// it is answered all the same; who waits is to know within ten seconds that they may send it again.
const untoldFor = 8 * time.Second

// retryWaiting tries the events that waited for their keys when the last connection ended.
func (l *connection) retryWaiting() {
	events, lost, err := l.a.inbox.waiting()
	if err != nil || lost > 0 {
		l.a.log.Error("some waiting events cannot be read", "count", lost, "error", err)
	}
	if len(events) == 0 {
		return
	}
	l.a.background(func(context.Context) {
		for _, evt := range events {
			evt.Type.Class = event.MessageEventType
			if evt.Content.ParseRaw(evt.Type) != nil {
				continue
			}
			evt.Mautrix.EventSource = event.SourceJoin | event.SourceTimeline
			l.sync.Dispatch(l.life, evt)
		}
	})
}

func (l *connection) noLongerWaits(evt id.EventID) {
	if err := l.a.inbox.noLongerWaits(evt); err != nil {
		l.a.log.Error("waiting event not forgotten", "error", err)
	}
}

// notDecrypted is told by the library of an event whose key did not come within 25 seconds, or that cannot be
// decrypted at all. When the connection ends it is told so at once of all that wait.
func (l *connection) notDecrypted(evt *event.Event, cause error) {
	defer l.a.recovered("unreadable event")
	if evt.Sender == l.me || l.leaves(cause) {
		return
	}
	if known, err := l.a.inbox.has(evt.ID); err != nil || known {
		return
	}
	if errors.Is(cause, crypto.ErrDuplicateMessageIndex) { // a repetition, or an attempt at one
		l.a.counters.refused.Add(1)
		l.noLongerWaits(evt.ID)
		return
	}
	l.a.background(func(context.Context) {
		mendable := errors.Is(cause, crypto.ErrNoSessionFound) || l.withheldAs(evt, event.RoomKeyWithheldNoOlmSession)
		if mendable && l.mend(l.life, evt) {
			return
		}
		l.giveUp(evt, cause)
	})
}

// giveUp ends the waiting for the key of a message.
func (l *connection) giveUp(evt *event.Event, cause error) {
	if l.leaves(cause) {
		return
	}
	l.noLongerWaits(evt.ID)
	l.a.counters.unreadable.Add(1)
	l.a.log.Warn("message not decrypted", "no_key", errors.Is(cause, crypto.ErrNoSessionFound))
	if err := l.a.store.MarkHandled(evt.ID, l.a.cfg.Now()); err != nil {
		l.a.log.Error("unreadable message not noted", "error", err)
	}
	l.tellUnreadable(evt)
}

// maxUnreadable bounds how often within an hour a room is told of messages that could not be read.
const maxUnreadable = 5

// tellUnreadable says that a message could not be read, once for those of a minute.
func (l *connection) tellUnreadable(evt *event.Event) {
	l.mu.Lock()
	told := l.told[evt.ID]
	if len(l.told) >= maxSealed {
		clear(l.told)
	}
	l.told[evt.ID] = true
	l.mu.Unlock()
	minute := fmt.Sprintf("unreadable %s %d", evt.RoomID, l.a.limiter.now().Unix()/60)
	if told || !l.a.limiter.allow(minute, 1) || !l.a.limiter.allow("unreadable "+evt.RoomID.String(), maxUnreadable) {
		return
	}
	trouble := chat.NoticeUnreadable
	if l.withheldAs(evt, event.RoomKeyWithheldUnverified) {
		trouble = chat.NoticeWithheld
	}
	l.a.answerTrouble(evt, trouble)
}

// leaves tells whether an event is left to the next connection: it is among those that wait for their keys.
func (l *connection) leaves(cause error) bool {
	return l.ended() && errors.Is(cause, crypto.ErrNoSessionFound)
}

// withheldAs tells whether the sender's app said that it does not give the key, for this reason.
func (l *connection) withheldAs(evt *event.Event, why event.RoomKeyWithheldCode) bool {
	content, ok := evt.Content.Parsed.(*event.EncryptedEventContent)
	if !ok {
		return false
	}
	word, err := l.a.store.GetWithheldGroupSession(context.Background(), evt.RoomID, content.SessionID)
	return err == nil && word != nil && word.Code == why
}

const (
	mendPause = 10 * time.Minute // between two attempts with one device
	mendWait  = 15 * time.Second // for the key to come
	mendMost  = 5                // devices of one person
)

// mend makes the Olm sessions with the sender's device anew, as after an older copy of the vault was put
// back: with a new session the other side sends the key again (matrix-notes §8). Where that was done a moment
// ago, the key may be on its way. It tells whether the event could be read then.
func (l *connection) mend(ctx context.Context, evt *event.Event) bool {
	content := evt.Content.AsEncrypted()
	devices, err := l.a.store.GetDevices(ctx, evt.Sender)
	if err != nil {
		l.a.log.Error("devices not read", "error", err)
		return false
	}
	tried, recent := 0, 0
	for _, device := range devices {
		switch {
		case content.SenderKey != "" && device.IdentityKey != content.SenderKey || tried >= mendMost:
			continue
		case !l.mayMend(device.DeviceID):
			recent++
			continue
		}
		tried++
		if err := l.renew(ctx, device); err != nil {
			l.a.log.Warn("encrypted session not renewed", "error", fail("renew a session", err))
		}
	}
	switch {
	case tried > 0:
		//lint:ignore SA1019 a device that is not named asks all of them
		l.helper.RequestSession(ctx, evt.RoomID, content.SenderKey, content.SessionID, evt.Sender, content.DeviceID)
	case recent == 0:
		return false
	}
	if !l.helper.WaitForSession(ctx, evt.RoomID, content.SenderKey, content.SessionID, mendWait) {
		return false
	}
	decrypted, err := l.helper.Decrypt(ctx, evt)
	if err != nil {
		return false
	}
	l.a.log.Info("encrypted session mended")
	l.sync.Dispatch(ctx, decrypted)
	return true
}

func (l *connection) mayMend(device id.DeviceID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.a.cfg.Now()
	if at, ever := l.mended[device]; ever && now.Sub(at) < mendPause {
		return false
	}
	l.mended[device] = now
	return true
}

// renew forgets the Olm sessions with a device and begins a new one with an empty message.
func (l *connection) renew(ctx context.Context, device *id.Device) error {
	sessions, err := l.a.store.GetSessions(ctx, device.IdentityKey)
	for _, session := range sessions {
		if err == nil {
			err = l.a.store.DeleteSession(ctx, device.IdentityKey, session)
		}
	}
	if err != nil {
		return err
	}
	return l.mach.SendEncryptedToDevice(ctx, device, event.ToDeviceDummy, event.Content{Parsed: &event.DummyEventContent{}})
}
