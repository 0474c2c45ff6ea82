package rights

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"cartable/core/store"
)

// Salt is what the key of invitation codes is derived with. One that nobody outside knows keeps a code from being
// something that passphrases can be tried on.
type Salt struct {
	Bytes []byte    `json:"bytes,omitempty"` // none: that of the codes from before there were salts
	Until time.Time `json:"until,omitzero"`  // its codes are good until then; zero: new ones are made with it
}

func (s Salt) is(salt []byte) bool { return len(s.Bytes) > 0 && bytes.Equal(s.Bytes, salt) }

// keptSalts are those that codes may be good of. The one in use is the first.
type keptSalts struct {
	Salts []Salt `json:"salts"`
}

// saltRecord holds the only record, which is in no group.
var saltRecord = store.Table[keptSalts]{Bucket: "invitation_salts"}

const (
	saltsName = "salts"
	maxSalts  = 4 // each costs a passphrase scrypt's time at the start
)

// KeepSalts tells with which salts codes are good, the one in use first. file is that of the file beside the store, with
// which codes are made while the store is locked; nil when there is none. Then it is the one that was in use last, so
// that codes survive a restored backup, or else fresh. Codes of a salt that another one replaces are good for as long as
// a code may be. A record that cannot be read is as good as none.
func KeepSalts(s store.Store, now time.Time, file, fresh []byte) (list []Salt, err error) {
	if err := s.Update(func(tx store.Tx) error {
		kept, found, err := store.Legible(saltRecord.Get(tx, "", saltsName))
		if err != nil {
			return err
		}
		if !found {
			kept.Salts = []Salt{{Until: now.Add(invitationLife)}}
		}
		list = follow(kept.Salts, now, file, fresh)
		if found && slices.EqualFunc(list, kept.Salts, func(a, b Salt) bool { return bytes.Equal(a.Bytes, b.Bytes) && a.Until.Equal(b.Until) }) {
			return nil
		}
		return saltRecord.Put(tx, "", saltsName, keptSalts{list})
	}); err != nil {
		return nil, fmt.Errorf("rights: salts: %w", err)
	}
	return list, nil
}

// follow is what is kept after kept.
func follow(kept []Salt, now time.Time, file, fresh []byte) []Salt {
	inUse := file
	if at := slices.IndexFunc(kept, func(s Salt) bool { return s.Until.IsZero() }); file == nil && at >= 0 {
		inUse = kept[at].Bytes
	}
	if inUse == nil {
		inUse = fresh
	}
	list := []Salt{{Bytes: inUse}}
	for _, s := range kept {
		switch {
		case s.is(inUse):
			continue
		case s.Until.IsZero():
			s.Until = now.Add(invitationLife)
		}
		if now.Before(s.Until) && len(list) < maxSalts {
			list = append(list, s)
		}
	}
	return list
}
