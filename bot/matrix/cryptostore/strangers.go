//go:build goolm

package cryptostore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"cartable/core/store"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// ForgetStrangers drops the devices, their signatures and the Olm sessions with them of people who are in no
// room with the bot: the homeserver says nothing of them any more, and where they come back all is asked for
// anew. Their cross-signing keys stay: accounts may be linked by them, and a changed identity must be noticed
// however long they were away.
func (s *Store) ForgetStrangers(context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	var sessions []olmName
	var known map[id.UserID]bool
	err := s.finish(func(tx store.Tx) (err error) {
		if known, err = s.acquaintances(tx); err != nil {
			return err
		}
		gone, err := s.dropDevices(tx, known)
		if err != nil {
			return err
		}
		_, err = drop(tx, signatureBucket, func(key string, _ []byte) bool {
			user, _, _ := strings.Cut(key, " ")
			return !known[id.UserID(user)]
		})
		if err != nil {
			return err
		}
		sessions = s.sessionsOf(gone)
		for _, n := range sessions {
			if err := tx.Delete(s.own("olm"), "", olmKey(n.sender, n.session)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.lists, func(user id.UserID, _ moments) bool { return !known[user] })
	for _, n := range sessions {
		delete(s.olm, n.sender)
	}
	return nil
}

// acquaintances are the people in the rooms that we know, and the bot.
func (s *Store) acquaintances(tx store.Tx) (map[id.UserID]bool, error) {
	known := make(map[id.UserID]bool)
	session, err := Get[Session](tx, mainBucket, keySession)
	if err != nil {
		return nil, err
	}
	if session != nil {
		known[session.UserID] = true
	}
	_, err = tx.Scan(s.own("rooms"), "", func(room string, _ []byte) error {
		_, err := Each(tx, s.membersOf(id.RoomID(room)), func(user string, member *event.MemberEventContent) error {
			if present(member) {
				known[id.UserID(user)] = true
			}
			return nil
		})
		return err
	})
	return known, err
}

// dropDevices drops the lists of all others, and returns the identity keys that nobody is left with.
func (s *Store) dropDevices(tx store.Tx, known map[id.UserID]bool) ([]id.IdentityKey, error) {
	gone, kept := make(map[id.IdentityKey]bool), make(map[id.IdentityKey]bool)
	bucket := s.own("devices")
	users, err := drop(tx, bucket, func(user string, value []byte) bool {
		list := gone
		if known[id.UserID(user)] {
			list = kept
		}
		if record, err := Decode[devicesRecord](value); err == nil {
			for _, d := range record.Devices {
				list[d.IdentityKey] = true
			}
		}
		return !known[id.UserID(user)]
	})
	for _, user := range users {
		if err == nil {
			err = clearMark(tx, s.own("outdated"), user)
		}
	}
	maps.DeleteFunc(gone, func(key id.IdentityKey, _ bool) bool { return kept[key] })
	return slices.Collect(maps.Keys(gone)), err
}

func (s *Store) sessionsOf(devices []id.IdentityKey) (names []olmName) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, device := range devices {
		for name := range s.olm[device] {
			names = append(names, olmName{device, name})
		}
	}
	return names
}
