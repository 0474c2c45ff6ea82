package vault

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/nacl/secretbox"
)

// One label per use of the master key. A change of what is derived, or of the record format, gets a new
// version here and a new format in the header. A vault has the labels of its own format.
const (
	labelCheck   = "cartable/vault/v1/check"
	labelNames1  = "cartable/vault/v1/names"
	labelNames2  = "cartable/vault/v2/names"
	labelRecord1 = "cartable/vault/v1/record"
	labelRecord2 = "cartable/vault/v2/record"
	labelCount   = "cartable/vault/v2/count"
)

// A sealed record is the format byte, the nonce and a secretbox of
//
//	bucket, group, name, value, zeros up to a multiple of padBlock
//
// where the first four have their length before them, as a big-endian uint32; format 1 has no group. The
// names are inside because the file holds only HMACs of them: Scan needs the one, All two, Rekey all.
const (
	nonceSize = 24
	minSealed = 1 + nonceSize + secretbox.Overhead + padBlock

	// groupSize is how much of the HMAC of a group the names on disk of its records begin with. Two groups of
	// a bucket that share it would only cost time: a scan leaves out what is of another group.
	groupSize = 8

	// padBlock is the grain in which the size of a record shows. secretbox does not hide lengths: without
	// padding, one could tell a code of four digits from one of six, or which chat has the longer id.
	// Larger blocks would hide more and make each small record, which most are, larger.
	padBlock = 64

	maxName  = 4 << 10  // bytes; chat ids and the like are far below
	maxValue = 16 << 20 // bytes; larger ones do not belong in a store that is mapped and copied whole
)

// A keyring holds what is derived from one master key and the salt of one vault.
type keyring struct {
	format byte   // of the vault and of its records
	root   []byte // HKDF pseudorandom key; every other key is expanded from it
	names  []byte // HMAC key of the names on disk
}

// newKeyring extracts with the vault's own salt, so that two vaults with the same key share neither the
// keys of their records nor the names on disk.
func newKeyring(master, salt []byte, format byte) *keyring {
	root, err := hkdf.Extract(sha256.New, master, salt)
	if err != nil {
		panic("vault: hkdf: " + err.Error()) // only a bad hash can fail
	}
	k := &keyring{format: format, root: root}
	k.names = k.derive(k.label(labelNames1, labelNames2))
	return k
}

// label picks the one of the vault's format.
func (k *keyring) label(one, two string) string {
	if k.format == formatPlain {
		return one
	}
	return two
}

// derive expands the key for one label and context.
func (k *keyring) derive(label string, context ...string) []byte {
	key, err := hkdf.Expand(sha256.New, k.root, string(join(label, context...)), sha256.Size)
	if err != nil {
		panic("vault: hkdf: " + err.Error()) // only a bad size can fail
	}
	return key
}

// bucketID is the name of a bucket on disk.
func (k *keyring) bucketID(bucket string) []byte { return k.hide("bucket", bucket) }

// groupID is what the names on disk of a group's records begin with. The bucket is part of it: the same group
// in two buckets does not look the same. In a vault without groups it is nothing, and all begin with that.
func (k *keyring) groupID(bucket, group string) []byte {
	if k.format == formatPlain {
		return nil
	}
	return k.hide("group", bucket, group)[:groupSize]
}

// recordID is the name of a record on disk. Bucket and group are part of it, as the bucket is of groupID.
func (k *keyring) recordID(bucket, group, name string) []byte {
	if k.format == formatPlain {
		return k.hide("record", bucket, name)
	}
	return append(k.groupID(bucket, group), k.hide("record", bucket, group, name)...)
}

func (k *keyring) hide(kind string, parts ...string) []byte {
	mac := hmac.New(sha256.New, k.names)
	mac.Write(join(kind, parts...))
	return mac.Sum(nil)
}

// recordKey is the key of one record. It is bound to the record's place by the names on disk, which are
// HMACs of the real ones, since a reader who iterates learns those only from the opened record.
func (k *keyring) recordKey(bucketID, id []byte) *[32]byte {
	return (*[32]byte)(k.derive(k.label(labelRecord1, labelRecord2), string(bucketID), string(id)))
}

// record is what a sealed record holds.
type record struct {
	bucket, group, name string
	value               []byte
}

// seal encrypts a record.
func (k *keyring) seal(r record) []byte {
	plain := make([]byte, 0, 4*4+len(r.bucket)+len(r.group)+len(r.name)+len(r.value)+padBlock)
	plain = appendField(plain, r.bucket)
	if k.format != formatPlain {
		plain = appendField(plain, r.group)
	}
	plain = appendField(plain, r.name)
	plain = appendField(plain, r.value)
	return k.box(plain, k.recordKey(k.bucketID(r.bucket), k.recordID(r.bucket, r.group, r.name)))
}

// box pads and encrypts; it may write behind plain. The nonce is random: 24 bytes do not repeat by chance, and there is
// no counter to lose when a backup is restored.
func (k *keyring) box(plain []byte, key *[32]byte) []byte {
	plain = append(plain, make([]byte, -len(plain)&(padBlock-1))...)
	var nonce [nonceSize]byte
	rand.Read(nonce[:]) // never fails since Go 1.24
	sealed := make([]byte, 0, 1+nonceSize+secretbox.Overhead+len(plain))
	sealed = append(sealed, k.format)
	sealed = append(sealed, nonce[:]...)
	return secretbox.Seal(sealed, plain, &nonce, key)
}

// unbox gives back what box was given, with its padding, or ErrDamaged whatever is wrong.
func (k *keyring) unbox(sealed []byte, key *[32]byte) ([]byte, error) {
	// A newer format would show in the header first, so that here it is an overwritten byte.
	if len(sealed) < minSealed || sealed[0] != k.format {
		return nil, ErrDamaged
	}
	plain, ok := secretbox.Open(nil, sealed[1+nonceSize:], (*[nonceSize]byte)(sealed[1:]), key)
	if !ok {
		return nil, ErrDamaged
	}
	return plain, nil
}

// open gives back what seal was given, or ErrDamaged whatever is wrong. It accepts a record only in the
// place that it was sealed for.
func (k *keyring) open(bucketID, id, sealed []byte) (record, error) {
	plain, err := k.unbox(sealed, k.recordKey(bucketID, id))
	if err != nil {
		return record{}, err
	}
	bucket, rest, ok1 := cutField(plain)
	group, ok2 := []byte(nil), true
	if k.format != formatPlain {
		group, rest, ok2 = cutField(rest)
	}
	name, rest, ok3 := cutField(rest)
	value, _, ok4 := cutField(rest)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return record{}, ErrDamaged
	}
	return record{string(bucket), string(group), string(name), slices.Clip(value)}, nil
}

// join encodes a list of strings such that no two lists give the same bytes.
func join(first string, rest ...string) []byte {
	b := appendField(nil, first)
	for _, s := range rest {
		b = appendField(b, s)
	}
	return b
}

func appendField[T string | []byte](b []byte, field T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
	return append(b, field...)
}

func cutField(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	size := binary.BigEndian.Uint32(b)
	if uint64(size) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+size], b[4+size:], true
}
