//go:build goolm

package cryptostore

import (
	"context"
	"slices"
	"time"

	"cartable/core/store"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const (
	keptNotices = 64           // of a room
	noticeLife  = 2 * usualAge // as long as a session is of use
)

// withheldNotice says that the key of a session is kept from us. Those of a room are one record, since anybody
// can send as many as they like, and need not be in the room.
type withheldNotice struct {
	Content event.RoomKeyWithheldEventContent
	At      time.Time // when it came
}

// PutWithheldGroupSession keeps the notice that a session is withheld, unless the session is there. A room has
// its last keptNotices; what is of no room that we know, or is too long to be true, is not kept.
func (s *Store) PutWithheldGroupSession(_ context.Context, content event.RoomKeyWithheldEventContent) error {
	if tooLong(string(content.SessionID), string(content.SenderKey), string(content.Algorithm), string(content.Code), content.Reason) {
		return nil
	}
	return s.update(func(tx store.Tx) error {
		room, err := tx.Get(s.own("rooms"), "", string(content.RoomID))
		if err != nil || room == nil {
			return err
		}
		session, err := s.inbound(tx, content.RoomID, content.SessionID)
		if err != nil || session != nil {
			return err
		}
		notices, err := s.notices(tx, content.RoomID)
		if err != nil {
			return err
		}
		if i := noticeOf(notices, content.SessionID); i >= 0 {
			notices[i].Content = content
		} else {
			notices = append(notices, withheldNotice{content, time.Now()})
		}
		return s.setNotices(tx, content.RoomID, notices[max(0, len(notices)-keptNotices):])
	})
}

// GetWithheldGroupSession returns the notice that a session is withheld; nil when there is none.
func (s *Store) GetWithheldGroupSession(_ context.Context, room id.RoomID, name id.SessionID) (notice *event.RoomKeyWithheldEventContent, err error) {
	err = s.view(func(tx store.Tx) error {
		notice, err = s.withheld(tx, room, name)
		return err
	})
	return notice, err
}

func (s *Store) withheld(tx store.Tx, room id.RoomID, name id.SessionID) (*event.RoomKeyWithheldEventContent, error) {
	notices, err := s.notices(tx, room)
	if i := noticeOf(notices, name); i >= 0 {
		return &notices[i].Content, err
	}
	return nil, err
}

// dropWithheld forgets the notice of a session that came after all.
func (s *Store) dropWithheld(tx store.Tx, room id.RoomID, name id.SessionID) error {
	notices, err := s.notices(tx, room)
	i := noticeOf(notices, name)
	if err != nil || i < 0 {
		return err
	}
	return s.setNotices(tx, room, slices.Delete(notices, i, i+1))
}

// DropOldNotices forgets the notices of sessions that are not used any more.
func (s *Store) DropOldNotices(_ context.Context, now time.Time) error {
	bucket := s.own("withheld")
	return s.update(func(tx store.Tx) error {
		_, err := Each(tx, bucket, func(room string, notices *[]withheldNotice) error {
			left := slices.DeleteFunc(*notices, func(n withheldNotice) bool { return n.At.Add(noticeLife).Before(now) })
			return s.setNotices(tx, id.RoomID(room), left)
		})
		return err
	})
}

func (s *Store) notices(tx store.Tx, room id.RoomID) ([]withheldNotice, error) {
	notices, err := Find[[]withheldNotice](tx, s.own("withheld"), string(room))
	if err != nil || notices == nil {
		return nil, err
	}
	return *notices, nil
}

func (s *Store) setNotices(tx store.Tx, room id.RoomID, notices []withheldNotice) error {
	if len(notices) == 0 {
		return tx.Delete(s.own("withheld"), "", string(room))
	}
	return Put(tx, s.own("withheld"), string(room), notices)
}

func noticeOf(notices []withheldNotice, name id.SessionID) int {
	return slices.IndexFunc(notices, func(n withheldNotice) bool { return n.Content.SessionID == name })
}
