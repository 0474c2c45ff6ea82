//go:build goolm

package matrix

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/chat"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

// has tells whether there is such a record, readable or not.
func has(v store.Store, bucket, key string) (there bool, err error) {
	err = v.View(func(tx store.Tx) error {
		record, err := tx.Get(bucket, "", key)
		there = record != nil || store.Unreadable(err)
		if there {
			return nil
		}
		return err
	})
	return there, err
}

// spoiled runs a test with a record that holds garbage, and with one that cannot be opened. spoil makes it so.
func spoiled(t *testing.T, test func(t *testing.T, v store.Store, spoil func(bucket, key string))) {
	for _, kind := range []string{"garbage", "damaged"} {
		t.Run(kind, func(t *testing.T) {
			v := storetest.Damageable{Store: newVault(t)}
			test(t, v, func(bucket, key string) {
				t.Helper()
				equal(t, value[bool](t)(has(v, bucket, key)), true)
				if kind == "damaged" {
					noError(t, v.Damage(bucket, "", key))
					return
				}
				noError(t, v.Update(func(tx store.Tx) error { return tx.Put(bucket, "", key, []byte("[")) }))
			})
		})
	}
}

// TestAnUnreadableRoomIsNoPrivateChat, and does not keep the others from being read.
func TestAnUnreadableRoomIsNoPrivateChat(t *testing.T) {
	spoiled(t, func(t *testing.T, v store.Store, spoil func(bucket, key string)) {
		kept := newRooms(v, slog.New(slog.DiscardHandler))
		for _, name := range []id.RoomID{room1, room2} {
			noError(t, kept.change(name, func(record *room) { record.Direct, record.Person = true, ana }))
		}
		spoil(roomNotesBucket, string(room1))
		kept = newRooms(v, slog.New(slog.DiscardHandler))
		for _, tt := range []struct {
			name          id.RoomID
			found, direct bool
		}{{room1, true, false}, {room2, true, true}, {"!new:example.org", false, false}} {
			record, found, err := kept.get(tt.name)
			if err != nil || found != tt.found || record.Direct != tt.direct {
				t.Errorf("%s: %+v, %t, %v", tt.name, record, found, err)
			}
		}
		noError(t, kept.change(room1, func(record *room) { *record = room{Direct: true, Person: ana, Inviter: ana, Waiting: true} }))
		record, found, err := newRooms(v, slog.New(slog.DiscardHandler)).get(room1)
		if err != nil || !found || !record.Direct {
			t.Errorf("invited again: %+v, %t, %v", record, found, err)
		}
	})
}

// TestUnreadableOffersAndMessages are left out of what is read together.
func TestUnreadableOffersAndMessages(t *testing.T) {
	spoiled(t, func(t *testing.T, v store.Store, spoil func(bucket, key string)) {
		now := time.Now()
		f := newOffers(v, func() time.Time { return now })
		for _, evt := range []id.EventID{"$bad", "$good"} {
			o := &offer{Room: room1, Event: evt, Made: now, Choices: []offered{{ID: string(evt), Risky: true, Code: "12" + string(evt[1:2])}}}
			noError(t, f.said(room1, evt, o, chat.ExpectNothing))
		}
		spoil(offersBucket, "$bad")
		if o, _, err := f.byCode(room1, "12g"); err != nil || o == nil {
			t.Errorf("the good code: %v, %v", o, err)
		}
		if o, _, err := f.byCode(room1, "12b"); err != nil || o != nil {
			t.Errorf("the code of what cannot be read: %v, %v", o, err)
		}
		now = now.Add(offerLife + time.Minute)
		if lost, err := f.cleanUp(); err != nil || lost != 1 {
			t.Errorf("%d lost, %v", lost, err)
		}
		equal(t, value[bool](t)(has(v, offersBucket, "$good")), false)
		spoil(latestBucket, string(room1))
		equal(t, value[latest](t)(f.last(room1)), latest{})
		noError(t, f.said(room1, "$next", nil, chat.ExpectText))
		equal(t, value[latest](t)(f.last(room1)).Expect, chat.ExpectText)

		s := value[*cryptostore.Store](t)(openStore(v, nil))
		b := newInbox(v, s)
		for _, evt := range []id.EventID{"$one", "$two", "$three"} {
			noError(t, b.put(&row{Event: evt, Room: room1}))
			b.wait(encryptedEvent(t, string(evt)), func(what string, _ ...any) { t.Error(what) })
		}
		spoil(inboxBucket, "$two")
		spoil(waitingBucket, "$two")
		b = newInbox(v, s)
		rows, lost, err := b.load()
		noError(t, err)
		equal(t, lost, 1)
		equal(t, slices.EqualFunc(rows, []id.EventID{"$one", "$three"}, func(r *row, evt id.EventID) bool { return r.Event == evt }), true)
		events, lost, err := b.waiting()
		noError(t, err)
		equal(t, lost, 1)
		equal(t, len(events), 2)
	})
}

// TestForgottenDevice takes along what waited for an answer or a key of it.
func TestForgottenDevice(t *testing.T) {
	v := newVault(t)
	s := value[*cryptostore.Store](t)(openStore(v, nil))
	b := newInbox(v, s)
	noError(t, b.put(&row{Event: "$asked", Room: room1}))
	b.wait(encryptedEvent(t, "$sealed"), func(what string, _ ...any) { t.Error(what) })
	noError(t, s.ForgetOlm(background))
	b = newInbox(v, s)
	rows, _, err := b.load()
	noError(t, err)
	events, _, err := b.waiting()
	noError(t, err)
	equal(t, len(rows)+len(events), 0)
}
