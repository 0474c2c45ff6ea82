//go:build goolm

package matrix

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"
)

// lists says when devices are asked for again that have not come: those of people whose homeserver is dead
// may never.
type lists struct {
	busy atomic.Bool // somebody is asking, with nobody waiting

	mu    sync.Mutex
	begun bool                  // the first response has been read
	later map[id.UserID]respite // who is left alone for a while
}

// respite is how long somebody's devices are not asked for.
type respite struct {
	wait  time.Duration
	until time.Time
}

const (
	listPause     = time.Minute // after the first question without an answer; doubled after each other
	listPauseMost = time.Hour
	listLimit     = 15 * time.Second // for the questions that the sync loop waits for
)

// markLists notes whose devices have changed before the library asks for them, so that a question without an
// answer is asked again (matrix-notes §7). After a first sync any of them may have.
func (l *connection) markLists(ctx context.Context, answer *mautrix.RespSync, since string) {
	users := answer.DeviceLists.Changed
	if since == "" {
		users = append(users, l.everybody(ctx)...)
	}
	if len(users) == 0 {
		return
	}
	if err := l.a.store.MarkTrackedUsersOutdated(ctx, users); err != nil {
		l.a.log.Error("changed devices not noted", "error", err)
	}
	l.lists.mu.Lock()
	defer l.lists.mu.Unlock()
	for _, user := range users {
		delete(l.lists.later, user) // there is news of them
	}
}

// everybody are the users whose devices we know.
func (l *connection) everybody(ctx context.Context) []id.UserID {
	tracked, err := l.a.store.TrackedUsers(ctx)
	if err != nil {
		l.a.log.Error("known devices not read", "error", err)
	}
	return tracked
}

// refreshLists asks for the devices that were marked and not fetched since. The sync loop waits for them the
// first time, when what it goes on to read is answered for these devices; and for our own, which the library
// keeps without a lock. It does not wait for the rest: a homeserver may take its time for each that is dead.
func (l *connection) refreshLists(ctx context.Context, _ *mautrix.RespSync, _ string) bool {
	users, first := l.dueLists(ctx)
	now, others := users, []id.UserID(nil)
	if !first {
		now, others = nil, users
		if i := slices.Index(users, l.me); i >= 0 {
			now, others = []id.UserID{l.me}, slices.Delete(users, i, i+1)
		}
	}
	if len(now) > 0 {
		limited, cancel := context.WithTimeout(ctx, listLimit)
		l.fetchLists(limited, now)
		cancel()
	}
	if len(others) > 0 && l.lists.busy.CompareAndSwap(false, true) {
		l.a.background(func(context.Context) {
			defer l.lists.busy.Store(false)
			l.fetchLists(l.life, others)
		})
	}
	return true
}

// dueLists are those whose devices are to be asked for now, and whether it is the first time.
func (l *connection) dueLists(ctx context.Context) (users []id.UserID, first bool) {
	users, err := l.a.store.GetOutdatedTrackedUsers(ctx)
	if err != nil {
		l.a.log.Error("changed devices not read", "error", err)
	}
	now := l.a.cfg.Now()
	l.lists.mu.Lock()
	defer l.lists.mu.Unlock()
	first, l.lists.begun = !l.lists.begun, true
	return slices.DeleteFunc(users, func(user id.UserID) bool { return now.Before(l.lists.later[user].until) }), first
}

// askDevices asks for the devices of users and keeps them.
func (l *connection) askDevices(ctx context.Context, users ...id.UserID) error {
	_, err := l.mach.FetchKeys(l.a.store.AskedNow(ctx), users, true)
	return err
}

// fetchLists asks for devices, and leaves alone for a while whose have not come.
func (l *connection) fetchLists(ctx context.Context, users []id.UserID) {
	if err := l.askDevices(ctx, users...); err != nil {
		l.a.log.Warn("changed devices not fetched, asked for again later", "error", fail("fetch devices", err))
	}
	marked, err := l.a.store.GetOutdatedTrackedUsers(ctx)
	if err != nil {
		l.a.log.Error("changed devices not read", "error", err)
	}
	now := l.a.cfg.Now()
	l.lists.mu.Lock()
	defer l.lists.mu.Unlock()
	for _, user := range users {
		if !slices.Contains(marked, user) {
			delete(l.lists.later, user)
			continue
		}
		wait := min(max(listPause, 2*l.lists.later[user].wait), listPauseMost)
		l.lists.later[user] = respite{wait, now.Add(wait)}
	}
}
