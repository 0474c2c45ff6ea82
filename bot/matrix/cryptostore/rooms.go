//go:build goolm

package cryptostore

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

// roomRecord is the state of a room, besides its members and its encryption.
type roomRecord struct {
	PowerLevels    *event.PowerLevelsEventContent
	Create         *event.Event
	JoinRules      *event.JoinRulesEventContent
	Visibility     *event.HistoryVisibilityEventContent
	MembersFetched bool
}

// room reads the state of a room; an empty one when nothing is known.
func (s *Store) room(room id.RoomID) (record *roomRecord, err error) {
	err = s.view(func(tx store.Tx) error {
		record, err = s.roomOf(tx, room)
		return err
	})
	return record, err
}

func (s *Store) roomOf(tx store.Tx, room id.RoomID) (*roomRecord, error) {
	record, err := Find[roomRecord](tx, s.own("rooms"), string(room)) // knows asks for it again
	if record == nil {
		record = new(roomRecord)
	}
	return record, err
}

func (s *Store) setRoom(room id.RoomID, change func(*roomRecord)) error {
	return s.update(func(tx store.Tx) error { return s.changeRoom(tx, room, change) })
}

func (s *Store) changeRoom(tx store.Tx, room id.RoomID, change func(*roomRecord)) error {
	record, err := s.roomOf(tx, room)
	if err != nil {
		return err
	}
	change(record)
	return Put(tx, s.own("rooms"), string(room), record)
}

// SetEncryptionEvent notes that a room is encrypted, whatever the content says, for ever. Content that
// names another algorithm than Megolm does not replace one that names it.
func (s *Store) SetEncryptionEvent(_ context.Context, room id.RoomID, content *event.EncryptionEventContent) error {
	if content == nil || content.Algorithm != id.AlgorithmMegolmV1 {
		content = nil
	}
	return s.update(func(tx store.Tx) error {
		old, err := tx.Get(encryptedBucket, "", string(room))
		if err != nil && !store.Unreadable(err) || old != nil && content == nil {
			return err
		}
		if content == nil {
			content = &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}
		}
		return Put(tx, encryptedBucket, string(room), content)
	})
}

// IsEncrypted tells whether a room ever was encrypted. One whose record cannot be read was.
func (s *Store) IsEncrypted(ctx context.Context, room id.RoomID) (bool, error) {
	content, err := s.GetEncryptionEvent(ctx, room)
	return content != nil, err
}

// GetEncryptionEvent returns how a room is encrypted; nil when it is not.
func (s *Store) GetEncryptionEvent(_ context.Context, room id.RoomID) (content *event.EncryptionEventContent, err error) {
	err = s.view(func(tx store.Tx) error {
		content, err = Get[event.EncryptionEventContent](tx, encryptedBucket, string(room))
		if store.Unreadable(err) {
			content, err = &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}, nil
		}
		return err
	})
	return content, err
}

// SetPowerLevels keeps the power levels of a room.
func (s *Store) SetPowerLevels(_ context.Context, room id.RoomID, levels *event.PowerLevelsEventContent) error {
	return s.setRoom(room, func(r *roomRecord) { r.PowerLevels = levels })
}

// GetPowerLevels returns the power levels of a room, with the event that made it where that is known;
// nil when they are not known.
func (s *Store) GetPowerLevels(_ context.Context, room id.RoomID) (*event.PowerLevelsEventContent, error) {
	r, err := s.room(room)
	if err != nil || r.PowerLevels == nil {
		return nil, err
	}
	r.PowerLevels.CreateEvent, err = parseCreate(room, r.Create)
	return r.PowerLevels, err
}

// SetCreate keeps the event that made a room.
func (s *Store) SetCreate(_ context.Context, evt *event.Event) error {
	if evt.RoomID == "" {
		return errors.New("matrix: create event without a room")
	}
	return s.setRoom(evt.RoomID, func(r *roomRecord) { r.Create = evt })
}

// GetCreate returns the event that made a room; nil when it is not known.
func (s *Store) GetCreate(_ context.Context, room id.RoomID) (*event.Event, error) {
	r, err := s.room(room)
	if err != nil {
		return nil, err
	}
	return parseCreate(room, r.Create)
}

// parseCreate makes of an event that was read from its record what the library gave to SetCreate.
func parseCreate(room id.RoomID, evt *event.Event) (*event.Event, error) {
	if evt == nil {
		return nil, nil
	}
	evt.RoomID, evt.Type.Class = room, event.StateEventType
	if err := evt.Content.ParseRaw(event.StateCreate); err != nil {
		return nil, fmt.Errorf("matrix: create event: %w", err)
	}
	return evt, nil
}

// SetJoinRules keeps who may join a room.
func (s *Store) SetJoinRules(_ context.Context, room id.RoomID, content *event.JoinRulesEventContent) error {
	return s.setRoom(room, func(r *roomRecord) { r.JoinRules = content })
}

// GetJoinRules returns who may join a room; nil when it is not known.
func (s *Store) GetJoinRules(_ context.Context, room id.RoomID) (*event.JoinRulesEventContent, error) {
	r, err := s.room(room)
	return r.JoinRules, err
}

// SetHistoryVisibility keeps who may read old messages of a room.
func (s *Store) SetHistoryVisibility(_ context.Context, room id.RoomID, content *event.HistoryVisibilityEventContent) error {
	return s.setRoom(room, func(r *roomRecord) { r.Visibility = content })
}

// GetHistoryVisibility returns who may read old messages of a room; nil when it is not known.
func (s *Store) GetHistoryVisibility(_ context.Context, room id.RoomID) (*event.HistoryVisibilityEventContent, error) {
	r, err := s.room(room)
	return r.Visibility, err
}

// ForgetRoom drops what is known of a room that the bot has left: state, members and keys. That it was
// encrypted stays known, for the day the bot is invited again.
func (s *Store) ForgetRoom(ctx context.Context, room id.RoomID) error {
	if err := s.RemoveOutboundGroupSession(ctx, room); err != nil {
		return err
	}
	if _, err := s.RedactGroupSessions(ctx, room, "", "room forgotten"); err != nil {
		return err
	}
	return s.update(func(tx store.Tx) error {
		if err := s.dropShared(tx, room); err != nil {
			return err
		}
		if err := tx.DeleteGroup(s.membersOf(room), ""); err != nil {
			return err
		}
		if err := tx.Delete(s.own("withheld"), "", string(room)); err != nil {
			return err
		}
		return tx.Delete(s.own("rooms"), "", string(room))
	})
}
