//go:build goolm

package cryptostore

import (
	"context"
	"slices"

	"cartable/core/store"

	"go.mau.fi/util/confusable"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// membersOf names the bucket of a room's members, who are kept by user. Each room with members has a
// record of its own among the rooms, which is how they are found again.
func (s *Store) membersOf(room id.RoomID) string { return s.own("members") + "." + string(room) }

// putMember writes a member, and tells whether somebody comes or goes by that.
func (s *Store) putMember(tx store.Tx, room id.RoomID, user string, member *event.MemberEventContent) (moved bool, err error) {
	old, err := Get[event.MemberEventContent](tx, s.membersOf(room), user)
	lost := store.Unreadable(err)
	if err != nil && !lost {
		return false, err
	}
	if err := s.changeRoom(tx, room, func(*roomRecord) {}); err != nil {
		return false, err
	}
	was := old != nil && present(old)
	return lost || was != present(member), Put(tx, s.membersOf(room), user, member)
}

// changeMember is update for fn, which changes one member as the news have it and tells whether somebody comes or goes
// by that.
func (s *Store) changeMember(room id.RoomID, fn func(store.Tx) (moved bool, err error)) error {
	s.write.Lock()
	defer s.write.Unlock()
	moved, err := s.commitMembers(room, fn)
	if moved {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.moves[room]++
	}
	return err
}

// Moves counts those who came to a room or went. Whoever asks the homeserver who is there, and keeps the answer with
// ReplaceCachedMembers, compares the count from before: the answer may be older than the news.
func (s *Store) Moves(room id.RoomID) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.moves[room]
}

// updateMembers is update for fn, which changes any number of members.
func (s *Store) updateMembers(room id.RoomID, fn func(store.Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	_, err := s.commitMembers(room, func(tx store.Tx) (bool, error) {
		before, lost, err := s.presentIn(tx, room)
		if err == nil {
			err = fn(tx)
		}
		if err != nil {
			return false, err
		}
		after, _, err := s.presentIn(tx, room)
		slices.Sort(before)
		slices.Sort(after)
		return lost > 0 || !slices.Equal(before, after), err
	})
	return err
}

// commitMembers is commit for fn, which tells whether somebody comes or goes. The session of the room ends with that
// in the same transaction: who comes has no key of it, who goes must not have the next one.
func (s *Store) commitMembers(room id.RoomID, fn func(store.Tx) (moved bool, err error)) (moved bool, err error) {
	err = s.commit(func(tx store.Tx) (err error) {
		if moved, err = fn(tx); err != nil || !moved {
			return err
		}
		return clearMark(tx, s.own("outbound"), string(room))
	})
	if err != nil {
		return false, err
	}
	if moved {
		s.dropOutbound(room)
	}
	return moved, nil
}

// TryGetMember returns what is known of a member; nil when nothing is.
func (s *Store) TryGetMember(_ context.Context, room id.RoomID, user id.UserID) (member *event.MemberEventContent, err error) {
	err = s.view(func(tx store.Tx) error {
		member, err = Get[event.MemberEventContent](tx, s.membersOf(room), string(user))
		return err
	})
	return member, err
}

// GetMember is TryGetMember, but takes those who are not known for people who have left.
func (s *Store) GetMember(ctx context.Context, room id.RoomID, user id.UserID) (*event.MemberEventContent, error) {
	member, err := s.TryGetMember(ctx, room, user)
	if member == nil && err == nil {
		member = &event.MemberEventContent{Membership: event.MembershipLeave}
	}
	return member, err
}

// IsInRoom tells whether the user has joined the room.
func (s *Store) IsInRoom(ctx context.Context, room id.RoomID, user id.UserID) bool {
	return s.IsMembership(ctx, room, user, event.MembershipJoin)
}

// IsInvited tells whether the user has joined the room or is invited to it.
func (s *Store) IsInvited(ctx context.Context, room id.RoomID, user id.UserID) bool {
	return s.IsMembership(ctx, room, user, event.MembershipJoin, event.MembershipInvite)
}

// IsMembership tells whether the user's membership is one of those; it is not when it cannot be read.
func (s *Store) IsMembership(ctx context.Context, room id.RoomID, user id.UserID, allowed ...event.Membership) bool {
	member, err := s.GetMember(ctx, room, user)
	return err == nil && slices.Contains(allowed, member.Membership)
}

// SetMember keeps a member as the state event has it.
func (s *Store) SetMember(_ context.Context, room id.RoomID, user id.UserID, member *event.MemberEventContent) error {
	return s.changeMember(room, func(tx store.Tx) (bool, error) { return s.putMember(tx, room, string(user), member) })
}

// SetMembership changes the membership of a user and leaves the rest.
func (s *Store) SetMembership(_ context.Context, room id.RoomID, user id.UserID, membership event.Membership) error {
	return s.changeMember(room, func(tx store.Tx) (bool, error) {
		member, err := Find[event.MemberEventContent](tx, s.membersOf(room), string(user))
		if err != nil {
			return false, err
		}
		if member == nil {
			member = new(event.MemberEventContent)
		}
		member.Membership = membership
		return s.putMember(tx, room, string(user), member)
	})
}

// GetAllMembers returns all who are known in a room, those who left included. Those whose records cannot be read
// are not known.
func (s *Store) GetAllMembers(_ context.Context, room id.RoomID) (members map[id.UserID]*event.MemberEventContent, err error) {
	err = s.view(func(tx store.Tx) error {
		members, _, err = s.members(tx, room)
		return err
	})
	return members, err
}

// members are those of a room who are known, and how many records cannot be read.
func (s *Store) members(tx store.Tx, room id.RoomID) (members map[id.UserID]*event.MemberEventContent, lost int, err error) {
	members = make(map[id.UserID]*event.MemberEventContent)
	lost, err = Each(tx, s.membersOf(room), func(key string, member *event.MemberEventContent) error {
		members[id.UserID(key)] = member
		return nil
	})
	return members, lost, err
}

// GetRoomJoinedOrInvitedMembers returns who gets the keys of a room: those who joined or are invited, and
// nobody who left (matrix-notes §4).
func (s *Store) GetRoomJoinedOrInvitedMembers(_ context.Context, room id.RoomID) ([]id.UserID, error) {
	users, _, err := s.PresentIn(room)
	return users, err
}

// PresentIn are those who joined a room or are invited, and how many others there may be.
func (s *Store) PresentIn(room id.RoomID) (users []id.UserID, lost int, err error) {
	err = s.view(func(tx store.Tx) error {
		users, lost, err = s.presentIn(tx, room)
		return err
	})
	return users, lost, err
}

func (s *Store) presentIn(tx store.Tx, room id.RoomID) (users []id.UserID, lost int, err error) {
	members, lost, err := s.members(tx, room)
	if err != nil {
		return nil, 0, err
	}
	users = make([]id.UserID, 0, len(members))
	for user, member := range members {
		if present(member) {
			users = append(users, user)
		}
	}
	return users, lost, nil
}

func present(member *event.MemberEventContent) bool {
	return member.Membership == event.MembershipJoin || member.Membership == event.MembershipInvite
}

// FindSharedRooms returns the encrypted rooms that the user has joined or is invited to.
func (s *Store) FindSharedRooms(_ context.Context, user id.UserID) (rooms []id.RoomID, err error) {
	err = s.view(func(tx store.Tx) error {
		_, err := tx.Scan(encryptedBucket, "", func(key string, _ []byte) error {
			member, err := Find[event.MemberEventContent](tx, s.membersOf(id.RoomID(key)), string(user))
			if member != nil && present(member) {
				rooms = append(rooms, id.RoomID(key))
			}
			return err
		})
		return err
	})
	return rooms, err
}

// IsConfusableName returns the other joined members whose names look like that one.
func (s *Store) IsConfusableName(ctx context.Context, room id.RoomID, current id.UserID, name string) ([]id.UserID, error) {
	members, err := s.GetAllMembers(ctx, room)
	if err != nil {
		return nil, err
	}
	var alike []id.UserID
	skeleton := confusable.Skeleton(name)
	for user, member := range members {
		if user != current && member.Membership == event.MembershipJoin && confusable.Skeleton(member.Displayname) == skeleton {
			alike = append(alike, user)
		}
	}
	return alike, nil
}

// HasFetchedMembers tells whether all members of a room are known.
func (s *Store) HasFetchedMembers(_ context.Context, room id.RoomID) (bool, error) {
	r, err := s.room(room)
	return r.MembersFetched, err
}

// MarkMembersFetched notes that all members of a room are known.
func (s *Store) MarkMembersFetched(_ context.Context, room id.RoomID) error {
	return s.setRoom(room, func(r *roomRecord) { r.MembersFetched = true })
}

// ClearCachedMembers drops the members with one of those memberships, or all when none is named.
func (s *Store) ClearCachedMembers(_ context.Context, room id.RoomID, memberships ...event.Membership) error {
	return s.updateMembers(room, func(tx store.Tx) error { return s.clearMembers(tx, room, memberships) })
}

// ReplaceCachedMembers puts the members of the events in the place of those with one of the memberships,
// or of all when none is named, in one transaction.
func (s *Store) ReplaceCachedMembers(_ context.Context, room id.RoomID, evts []*event.Event, only ...event.Membership) error {
	return s.updateMembers(room, func(tx store.Tx) error {
		if err := s.clearMembers(tx, room, only); err != nil {
			return err
		}
		for _, evt := range evts {
			member, ok := evt.Content.Parsed.(*event.MemberEventContent)
			if !ok || evt.StateKey == nil || tooLong(*evt.StateKey) {
				continue
			}
			if _, err := s.putMember(tx, room, *evt.StateKey, member); err != nil {
				return err
			}
		}
		if len(only) > 0 {
			return nil
		}
		return s.changeRoom(tx, room, func(r *roomRecord) { r.MembersFetched = true })
	})
}

func (s *Store) clearMembers(tx store.Tx, room id.RoomID, memberships []event.Membership) error {
	var err error
	if len(memberships) == 0 {
		err = tx.DeleteGroup(s.membersOf(room), "")
	} else {
		_, err = drop(tx, s.membersOf(room), func(_ string, value []byte) bool {
			member, err := Decode[event.MemberEventContent](value)
			return err != nil || slices.Contains(memberships, member.Membership)
		})
	}
	if err != nil {
		return err
	}
	return s.changeRoom(tx, room, func(r *roomRecord) { r.MembersFetched = false })
}
