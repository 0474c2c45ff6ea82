package talk

import (
	"context"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// A message may end the program, for example by what its school answers. It is left over then, and read again at the
// next start, which must not go on for ever. So when a run did not end well, what it left is handled one message after
// the other, with a note in the store while each is: should the program end in it once more, the next start knows which
// one it was, sets it aside and says so to whoever wrote it.

// trial is what is known of a message that was left over.
type trial struct {
	Crashes int  `json:"crashes,omitempty"` // of the program, while it was being handled
	Running bool `json:"running,omitempty"` // it is being handled, and no other that was left over
}

// ending says that the last run with a platform ended as it was asked to.
type ending struct {
	At time.Time `json:"at"`
}

var (
	trials  = store.Table[trial]{Bucket: "trials"}   // group: platform; name: Message.Left
	endings = store.Table[ending]{Bucket: "endings"} // name: platform
)

const (
	// mostCrashes is after how many a message is set aside.
	mostCrashes = 2
	// newWait is how long new messages wait at most until those left over are handled.
	newWait = 30 * time.Second
)

// left keeps the messages that were left over and are to be tried one by one.
type left struct {
	mu       sync.Mutex
	began    map[string]bool // platforms of this run: true where the one before ended well
	queue    []leftover
	trying   bool
	thaw     *time.Timer
	setAside int
}

type leftover struct {
	adapter chat.Adapter
	message chat.Message
	crashes int
	done    func()
}

// SetAside counts the messages that were given up since the start because the program had ended twice in them.
func (t *Talk) SetAside() int {
	t.left.mu.Lock()
	defer t.left.mu.Unlock()
	return t.left.setAside
}

// begin reads how the last run with a platform ended, once. Without a note of a good end, what was being tried then
// has ended the program.
func begin(t *Talk, platform string) {
	t.left.mu.Lock()
	defer t.left.mu.Unlock()
	if _, known := t.left.began[platform]; known {
		return
	}
	well := false
	var tried map[string]trial
	read := func(tx store.Tx) (err error) {
		tried = make(map[string]trial)
		if _, well, err = store.Legible(endings.Get(tx, "", platform)); err != nil {
			return err
		}
		_, err = trials.Each(tx, platform, func(name string, tr trial) error {
			if tr.Running {
				tried[name] = tr
			}
			return nil
		})
		return err
	}
	err := t.cfg.Store.View(read)
	if err == nil && (well || len(tried) > 0) {
		err = t.cfg.Store.Update(func(tx store.Tx) error {
			if err := read(tx); err != nil {
				return err
			}
			for name, tr := range tried {
				if tr.Running = false; !well {
					tr.Crashes++
				}
				if err := trials.Put(tx, platform, name, tr); err != nil {
					return err
				}
			}
			return endings.Delete(tx, "", platform)
		})
	}
	if err != nil {
		t.cfg.Log.Error("it cannot be read how the last run ended", "platform", platform, "error", err)
	}
	t.left.began[platform] = well
}

// endWell notes that this run ends as it was asked to: what it leaves is not to blame for that.
func endWell(t *Talk) {
	t.left.mu.Lock()
	defer t.left.mu.Unlock()
	if len(t.left.began) == 0 {
		return
	}
	if err := t.cfg.Store.Update(func(tx store.Tx) error {
		for platform := range t.left.began {
			if err := endings.Put(tx, "", platform, ending{t.cfg.Now()}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.cfg.Log.Error("the end of the program is not noted", "error", err)
	}
}

// tryAlone takes a message that was left over, unless it is one like any other.
func tryAlone(t *Talk, a chat.Adapter, m chat.Message, done func()) (taken bool, err error) {
	var tr trial
	var known bool
	if err := t.cfg.Store.View(func(tx store.Tx) (err error) {
		tr, known, err = store.Legible(trials.Get(tx, m.Chat.Platform, m.Left))
		return err
	}); err != nil {
		t.cfg.Log.Error("it cannot be read how often a message was tried", "error", err)
	}
	t.left.mu.Lock()
	defer t.left.mu.Unlock()
	switch {
	case !known && t.left.began[m.Chat.Platform]:
		return false, nil
	case !known:
		tr.Crashes = 1 // it was there
	}
	if err := t.serial.hold(m.Chat); err != nil {
		return true, err
	}
	t.left.queue = append(t.left.queue, leftover{a, m, tr.Crashes, done})
	if t.left.trying {
		return true, nil
	}
	if err := t.serial.atOnce(func() { tryLeft(t) }); err != nil {
		return true, err
	}
	t.left.trying = true
	t.serial.freeze(true)
	t.left.thaw = time.AfterFunc(newWait, func() { t.serial.freeze(false) })
	return true, nil
}

// tryLeft handles what was left over, one after the other, until nothing is or the program stops.
func tryLeft(t *Talk) {
	for {
		t.left.mu.Lock()
		if len(t.left.queue) == 0 || t.life.Err() != nil || t.serial.shut() {
			t.left.trying = false
			t.left.thaw.Stop()
			t.serial.freeze(false)
			t.left.mu.Unlock()
			return
		}
		l := t.left.queue[0]
		t.left.queue = t.left.queue[1:]
		t.left.mu.Unlock()
		tryOne(t, l)
		t.serial.release(l.message.Chat)
	}
}

func tryOne(t *Talk, l leftover) {
	platform, name := l.message.Chat.Platform, l.message.Left
	handled := true
	if l.crashes >= mostCrashes {
		setAside(t, l)
	} else {
		noteTrial(t, func(tx store.Tx) error { return trials.Put(tx, platform, name, trial{l.crashes, true}) })
		handled = handle(t, l.adapter, l.message, "", false)
	}
	if !handled { // the program stops
		return
	}
	noteTrial(t, func(tx store.Tx) error { return trials.Delete(tx, platform, name) })
	l.done()
}

func noteTrial(t *Talk, note func(store.Tx) error) {
	if err := t.cfg.Store.Update(note); err != nil {
		t.cfg.Log.Error("it is not noted which message is tried", "error", err)
	}
}

// setAside tells whoever wrote a message that it is not handled.
func setAside(t *Talk, l leftover) {
	ctx, cancel := context.WithTimeout(t.life, busyLimit)
	defer cancel()
	l.message.Choice = "" // the message whose buttons were pressed stays
	turn := turn(t, l.adapter, l.message)
	defer ended(ctx, turn)
	t.left.mu.Lock()
	t.left.setAside++
	t.left.mu.Unlock()
	reference := turn.Reference()
	turn.Log.Error("the program has ended twice in a message: it is set aside", "reference", reference)
	send(ctx, turn, turn.Say("left.set_aside", "reference", reference))
}
