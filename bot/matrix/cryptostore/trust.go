//go:build goolm

package cryptostore

import (
	"context"
	"errors"

	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

type (
	crossKeys     map[id.CrossSigningUsage]id.CrossSigningKey
	keySignatures map[id.UserID]map[id.Ed25519]string // by signer and their key
)

// PutCrossSigningKey keeps a user's key of that usage. First stays the first key ever seen: that another
// came is how a changed identity is noticed. An answer that is older than the one that is kept changes nothing; see
// AskedNow.
func (s *Store) PutCrossSigningKey(ctx context.Context, user id.UserID, usage id.CrossSigningUsage, key id.Ed25519) error {
	return s.updateUnlessOld(ctx, user, func(tx store.Tx) error {
		keys, err := crossKeysOf(tx, user)
		if err != nil {
			return err
		}
		entry, seen := keys[usage]
		if !seen {
			entry.First = key
		}
		entry.Key = key
		keys[usage] = entry
		return Put(tx, crossBucket, string(user), keys)
	})
}

// GetCrossSigningKeys returns a user's keys; an empty map when none are known.
func (s *Store) GetCrossSigningKeys(_ context.Context, user id.UserID) (map[id.CrossSigningUsage]id.CrossSigningKey, error) {
	var keys crossKeys
	err := s.view(func(tx store.Tx) (err error) {
		keys, err = crossKeysOf(tx, user)
		return err
	})
	return keys, err
}

// ResetMasterKeyTOFU accepts a user's changed identity. key must be the master key that is stored.
func (s *Store) ResetMasterKeyTOFU(_ context.Context, user id.UserID, key id.Ed25519) error {
	return s.update(func(tx store.Tx) error {
		keys, err := crossKeysOf(tx, user)
		if err != nil {
			return err
		}
		master, known := keys[id.XSUsageMaster]
		if !known || master.Key != key {
			return errors.New("matrix: reset trust: not the master key that is known")
		}
		master.First = key
		keys[id.XSUsageMaster] = master
		return Put(tx, crossBucket, string(user), keys)
	})
}

func crossKeysOf(tx store.Tx, user id.UserID) (crossKeys, error) {
	keys, err := Get[crossKeys](tx, crossBucket, string(user))
	if err != nil || keys == nil {
		return make(crossKeys), err
	}
	return *keys, nil
}

// PutSignature keeps the signature of a user's key by a key of the same or another user. The caller has
// verified it.
func (s *Store) PutSignature(_ context.Context, user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519, signature string) error {
	return s.update(func(tx store.Tx) error {
		all, err := signaturesOf(tx, user, key)
		if store.Unreadable(err) { // the others are put again when the device is
			all, err = make(keySignatures), nil
		}
		if err != nil {
			return err
		}
		if all[signer] == nil {
			all[signer] = make(map[id.Ed25519]string)
		}
		all[signer][signerKey] = signature
		return Put(tx, signatureBucket, signatureKey(user, key), all)
	})
}

// GetSignaturesForKeyBy returns the signatures of a key by that signer, by the signer's keys; an empty map
// when there are none.
func (s *Store) GetSignaturesForKeyBy(_ context.Context, user id.UserID, key id.Ed25519, signer id.UserID) (map[id.Ed25519]string, error) {
	found := make(map[id.Ed25519]string)
	err := s.view(func(tx store.Tx) error {
		all, err := signaturesOf(tx, user, key)
		if by := all[signer]; by != nil {
			found = by
		}
		return err
	})
	return found, err
}

// IsKeySignedBy tells whether there is such a signature.
func (s *Store) IsKeySignedBy(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519) (bool, error) {
	by, err := s.GetSignaturesForKeyBy(ctx, user, key, signer)
	_, signed := by[signerKey]
	return signed, err
}

// DropSignaturesByKey deletes all signatures that were made with a key, in one transaction, and tells how
// many there were. An answer that is older than the one that is kept, and lacks the key, drops none; see AskedNow.
func (s *Store) DropSignaturesByKey(ctx context.Context, signer id.UserID, signerKey id.Ed25519) (count int64, err error) {
	err = s.updateUnlessOld(ctx, signer, func(tx store.Tx) error {
		count = 0
		_, err := Each(tx, signatureBucket, func(key string, all *keySignatures) error {
			if _, signed := (*all)[signer][signerKey]; !signed {
				return nil
			}
			delete((*all)[signer], signerKey)
			count++
			return Put(tx, signatureBucket, key, all)
		})
		return err
	})
	return count, err
}

func signaturesOf(tx store.Tx, user id.UserID, key id.Ed25519) (keySignatures, error) {
	all, err := Get[keySignatures](tx, signatureBucket, signatureKey(user, key))
	if err != nil || all == nil {
		return make(keySignatures), err
	}
	return *all, nil
}

func signatureKey(user id.UserID, key id.Ed25519) string { return string(user) + " " + string(key) }

// PutSecret keeps a secret that the library shares between the bot's own devices.
func (s *Store) PutSecret(_ context.Context, name id.Secret, value string) error {
	return s.update(func(tx store.Tx) error { return tx.Put(secretBucket, "", string(name), []byte(value)) })
}

// GetSecret returns a secret; the empty string when there is none.
func (s *Store) GetSecret(_ context.Context, name id.Secret) (string, error) {
	var value []byte
	err := s.view(func(tx store.Tx) (err error) {
		value, err = tx.Get(secretBucket, "", string(name))
		return err
	})
	return string(value), err
}

// DeleteSecret deletes a secret, or does nothing when there is none.
func (s *Store) DeleteSecret(_ context.Context, name id.Secret) error {
	return s.update(func(tx store.Tx) error { return tx.Delete(secretBucket, "", string(name)) })
}
