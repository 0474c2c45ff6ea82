//go:build goolm

package matrix

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// syncer is the library's, with a patience of its own.
type syncer struct {
	*mautrix.DefaultSyncer
	l *connection

	mu   sync.Mutex
	wait time.Duration // before the next try; 0 when all is well
	read bool          // something was
}

func newSyncer(l *connection) *syncer {
	s := &syncer{DefaultSyncer: mautrix.NewDefaultSyncer(), l: l}
	usual := s.ParseErrorHandler
	s.ParseErrorHandler = func(evt *event.Event, err error) bool { return usual(evt, err) || heeded(evt) }
	return s
}

// heeded makes of state that cannot be parsed what matters of it: somebody with an odd name reads along all the
// same, and a room that says in an odd way that it is encrypted is encrypted. The library would drop it.
func heeded(evt *event.Event) bool {
	switch evt.Type {
	case event.StateMember:
		membership, _ := evt.Content.Raw["membership"].(string)
		evt.Content.Parsed = &event.MemberEventContent{Membership: event.Membership(membership)}
	case event.StateEncryption:
		evt.Content.Parsed = &event.EncryptionEventContent{}
	default:
		return false
	}
	return true
}

// OnFailedSync waits one second, then twice as long each time, up to thirty. A token that the server does
// not know ends the loop.
func (s *syncer) OnFailedSync(_ *mautrix.RespSync, err error) (time.Duration, error) {
	if errors.Is(err, mautrix.MUnknownToken) {
		return 0, err
	}
	if err = fail("sync", err); lasting(err) {
		return 0, err
	}
	s.l.a.pulse.Miss(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wait == 0 {
		s.l.a.log.Warn("connection lost", "error", err)
	}
	s.wait = min(max(firstBackoff, 2*s.wait), longBackoff)
	return s.wait, nil
}

var errPanicked = errors.New("matrix: a panic while the news were read")

// ProcessResponse hands a response on, and tells those whom a long pause may have cost messages.
func (s *syncer) ProcessResponse(ctx context.Context, answer *mautrix.RespSync, since string) error {
	s.mu.Lock()
	back := s.wait != 0
	if back {
		s.l.a.log.Info("connection is back")
	}
	first := !s.read
	s.wait, s.read = 0, true
	s.mu.Unlock()
	gaps := s.l.gaps(answer, since)
	clear(s.l.moved) // of a response that could not be handled
	s.l.markLists(ctx, answer, since)
	if s.DefaultSyncer.ProcessResponse(s.l.a.store.AskedNow(ctx), answer, since) != nil {
		return errPanicked // the library's text quotes what was being read, and the token
	}
	s.l.afterMoves(ctx, since == "")
	if s.l.a.missed.Load() {
		return errMissed
	}
	s.l.a.pulse.Beat(s.l.a.cfg.Now())
	switch {
	case first:
		s.l.a.background(s.l.begin)
	case back:
		s.l.a.background(s.l.resend)
	}
	for _, room := range gaps {
		s.l.a.say(room, chat.NoticeGap)
	}
	return nil
}

// errMissed ends a connection after a response of which something could not be decided on. The next one begins
// before that response.
var errMissed = errors.New("matrix: something has to be read again")

// beginPatience is how long new answers wait for those of an earlier run.
const beginPatience = 20 * time.Second

// begin sends what answers of an earlier run are left, now that it is known who is in which room, and then lets
// new ones through. Where there was a connection before, that one must not go on sending beside this one.
func (l *connection) begin(context.Context) {
	if l.a.inUse() {
		l.a.use(l)
	}
	limited, cancel := context.WithTimeout(l.life, beginPatience)
	defer cancel()
	l.resend(limited)
	l.a.use(l)
	if !l.ended() {
		l.a.log.Info("connected", "device", string(l.cli.DeviceID))
		l.introduce()
	}
}

// timelineLimit is how many events of a room a response brings (the library's filter). After a longer pause
// only the newest come.
const timelineLimit = 50

// gaps are the private chats of which more was written than came.
func (l *connection) gaps(answer *mautrix.RespSync, since string) (list []id.RoomID) {
	if since == "" {
		return nil
	}
	for room, news := range answer.Rooms.Join {
		if news == nil || !news.Timeline.Limited || len(news.Timeline.Events) < timelineLimit || l.begins(news.Timeline.Events) >= 0 {
			continue
		}
		if private, err := l.a.isPrivate(room); err == nil && private {
			list = append(list, room)
		}
	}
	return list
}

// leaveOutOld takes out of a response what was written before the bot was there to be asked: everything
// before its first start, and in a room that it joins everything before its invitation. What was deleted goes
// too, and what the bot wrote itself: to decrypt it again would be for nothing. State stays: without it nobody
// in the room could read the bot (matrix-notes §6).
func (l *connection) leaveOutOld(_ context.Context, answer *mautrix.RespSync, since string) bool {
	for _, news := range answer.Rooms.Join {
		if news == nil {
			continue
		}
		from := l.begins(news.Timeline.Events)
		if since == "" {
			from = len(news.Timeline.Events)
		}
		kept := news.Timeline.Events[:0]
		for i, evt := range news.Timeline.Events {
			if evt.StateKey != nil || i >= from && evt.Unsigned.RedactedBecause == nil && evt.Sender != l.me {
				kept = append(kept, evt)
			}
		}
		news.Timeline.Events = kept
	}
	for _, news := range answer.Rooms.Leave { // nobody there can be answered
		if news != nil {
			news.Timeline.Events = slices.DeleteFunc(news.Timeline.Events, func(evt *event.Event) bool { return evt.StateKey == nil })
		}
	}
	return true
}

// begins is the place in a timeline where the bot was invited last, or else joined; -1 when it did neither.
func (l *connection) begins(timeline []*event.Event) int {
	at := -1
	for i, evt := range timeline {
		if evt.Type.Type != event.StateMember.Type || evt.GetStateKey() != l.me.String() {
			continue
		}
		membership, _ := evt.Content.Raw["membership"].(string)
		before := ""
		if evt.Unsigned.PrevContent != nil {
			before, _ = evt.Unsigned.PrevContent.Raw["membership"].(string)
		}
		switch event.Membership(membership) {
		case event.MembershipInvite:
			at = i
		case event.MembershipJoin:
			if at < 0 && before != string(event.MembershipJoin) { // not a new name
				at = i
			}
		}
	}
	return at
}
