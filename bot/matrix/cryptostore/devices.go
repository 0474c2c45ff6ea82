//go:build goolm

package cryptostore

import (
	"context"

	"cartable/core/store"

	"maunium.net/go/mautrix/id"
)

// devicesRecord is what is known of a user's devices.
type devicesRecord struct {
	Tracked bool // the list came from PutDevices, and is whole
	Devices map[id.DeviceID]deviceRecord
}

// deviceRecord has the trust as a number: its text form does not know all of them.
type deviceRecord struct {
	IdentityKey id.Curve25519
	SigningKey  id.Ed25519
	Trust       int
	Deleted     bool   `json:",omitempty"`
	Name        string `json:",omitempty"`
}

func (r *devicesRecord) device(user id.UserID, name id.DeviceID) *id.Device {
	d := r.Devices[name]
	return &id.Device{
		UserID: user, DeviceID: name, IdentityKey: d.IdentityKey, SigningKey: d.SigningKey,
		Trust: id.TrustState(d.Trust), Deleted: d.Deleted, Name: d.Name,
	}
}

func (r *devicesRecord) set(name id.DeviceID, d *id.Device) {
	r.Devices[name] = deviceRecord{d.IdentityKey, d.SigningKey, int(d.Trust), d.Deleted, d.Name}
}

// devices reads a user's record; an empty one, as of a list that was never stored, when there is none that can be
// read: it is fetched again.
func (s *Store) devices(tx store.Tx, user id.UserID) (*devicesRecord, error) {
	record, err := Find[devicesRecord](tx, s.own("devices"), string(user))
	if record == nil {
		record = new(devicesRecord)
	}
	if record.Devices == nil {
		record.Devices = make(map[id.DeviceID]deviceRecord)
	}
	return record, err
}

func (s *Store) viewDevices(user id.UserID) (record *devicesRecord, err error) {
	err = s.view(func(tx store.Tx) error {
		record, err = s.devices(tx, user)
		return err
	})
	return record, err
}

// GetDevices returns the devices of a user: nil when the list was never stored, an empty map when there
// are none. What it returns are copies.
func (s *Store) GetDevices(_ context.Context, user id.UserID) (map[id.DeviceID]*id.Device, error) {
	record, err := s.viewDevices(user)
	if err != nil || !record.Tracked {
		return nil, err
	}
	devices := make(map[id.DeviceID]*id.Device, len(record.Devices))
	for name := range record.Devices {
		devices[name] = record.device(user, name)
	}
	return devices, nil
}

// GetDevice returns a copy of one device; nil when it is not known.
func (s *Store) GetDevice(_ context.Context, user id.UserID, name id.DeviceID) (*id.Device, error) {
	record, err := s.viewDevices(user)
	if err != nil {
		return nil, err
	}
	if _, known := record.Devices[name]; !known {
		return nil, nil
	}
	return record.device(user, name), nil
}

// FindDeviceByKey returns a copy of the user's device with that key; nil when there is none.
func (s *Store) FindDeviceByKey(_ context.Context, user id.UserID, key id.IdentityKey) (*id.Device, error) {
	record, err := s.viewDevices(user)
	if err != nil {
		return nil, err
	}
	for name, d := range record.Devices {
		if d.IdentityKey == key {
			return record.device(user, name), nil
		}
	}
	return nil, nil
}

// PutDevice adds or replaces one device. It does not make the user tracked: the list may not be whole.
func (s *Store) PutDevice(_ context.Context, user id.UserID, device *id.Device) error {
	if !plausible(device) {
		return errKey
	}
	return s.update(func(tx store.Tx) error {
		record, err := s.devices(tx, user)
		if err != nil {
			return err
		}
		record.set(device.DeviceID, device)
		return Put(tx, s.own("devices"), string(user), record)
	})
}

// plausible tells whether that can be a device. The library takes whatever is signed with its own key.
func plausible(d *id.Device) bool { return isKey(d.IdentityKey) && !tooLong(string(d.DeviceID)) }

// PutDevices replaces the list of a user, who is tracked from now on and no longer outdated. What cannot be a
// device is left out: nothing could be encrypted for it.
//
// An answer that is older than the one before it changes nothing; see AskedNow. One that is older than the last news
// of the user may lack a device: whose list was outdated stays so, whoever was not tracked is asked about again.
func (s *Store) PutDevices(ctx context.Context, user id.UserID, devices map[id.DeviceID]*id.Device) error {
	record := &devicesRecord{Devices: make(map[id.DeviceID]deviceRecord, len(devices))}
	for name, device := range devices {
		if plausible(device) {
			record.set(name, device)
		}
	}
	s.write.Lock()
	defer s.write.Unlock()
	asked, last := s.asked(ctx, user)
	if asked < last.answered {
		s.endSharing()
		return nil
	}
	whole := asked >= last.changed
	err := s.commit(func(tx store.Tx) error {
		if err := s.settleMark(tx, user, record, whole); err != nil {
			return err
		}
		return Put(tx, s.own("devices"), string(user), record)
	})
	if err != nil {
		return err
	}
	last.answered = asked
	s.mu.Lock()
	s.lists[user] = last
	s.mu.Unlock()
	if !whole {
		s.endSharing()
	}
	return nil
}

// settleMark makes a new list the whole one of a tracked user; or leaves it to the next answer to do so.
func (s *Store) settleMark(tx store.Tx, user id.UserID, record *devicesRecord, whole bool) error {
	record.Tracked = whole
	if whole {
		return clearMark(tx, s.own("outdated"), string(user))
	}
	old, err := s.devices(tx, user)
	if err != nil || !old.Tracked {
		return err
	}
	record.Tracked = true
	return Put(tx, s.own("outdated"), string(user), true)
}

// clearMark deletes a record if there is one, since deleting none would be a write all the same.
func clearMark(tx store.Tx, bucket, key string) error {
	if value, err := tx.Get(bucket, "", key); err == nil && value == nil {
		return nil
	}
	return tx.Delete(bucket, "", key)
}

// FilterTrackedUsers returns those of the users whose lists were stored. It leaves the argument alone.
func (s *Store) FilterTrackedUsers(_ context.Context, users []id.UserID) (tracked []id.UserID, err error) {
	err = s.view(func(tx store.Tx) error {
		for _, user := range users {
			record, err := s.devices(tx, user)
			if err != nil {
				return err
			}
			if record.Tracked {
				tracked = append(tracked, user)
			}
		}
		return nil
	})
	return tracked, err
}

// MarkTrackedUsersOutdated notes whose lists have to be fetched again, in one transaction. Of users who are
// not tracked it is only known, until the process ends, that questions under way are too old.
func (s *Store) MarkTrackedUsersOutdated(_ context.Context, users []id.UserID) error {
	if len(users) == 0 {
		return nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.noteChanged(users)
	return s.commit(func(tx store.Tx) error {
		for _, user := range users {
			record, err := s.devices(tx, user)
			if err == nil && record.Tracked {
				err = Put(tx, s.own("outdated"), string(user), true)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// GetOutdatedTrackedUsers returns whose lists have to be fetched again.
func (s *Store) GetOutdatedTrackedUsers(context.Context) ([]id.UserID, error) {
	return s.users(s.own("outdated"), func(value []byte) bool { return true })
}

// TrackedUsers returns all whose lists are stored: those to be marked as outdated when the sync starts
// without a token (matrix-notes §7).
func (s *Store) TrackedUsers(context.Context) ([]id.UserID, error) {
	return s.users(s.own("devices"), func(value []byte) bool {
		record, err := Decode[devicesRecord](value)
		return err == nil && record.Tracked
	})
}

func (s *Store) users(bucket string, match func(value []byte) bool) (users []id.UserID, err error) {
	err = s.view(func(tx store.Tx) error {
		_, err := tx.Scan(bucket, "", func(key string, value []byte) error {
			if match(value) {
				users = append(users, id.UserID(key))
			}
			return nil
		})
		return err
	})
	return users, err
}
