package telegram

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"cartable/core/chat"
)

const pollTimeout = 50 * time.Second // the most that Telegram grants

// botUser is who the bot is.
type botUser struct {
	id       int64
	username string
}

// identity remembers what getMe said.
type identity struct {
	mu sync.Mutex
	me botUser
}

func (i *identity) known() (botUser, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.me, i.me.id != 0
}

func (i *identity) set(me botUser) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.me = me
}

// whoAmI asks Telegram once.
func (a *Adapter) whoAmI(ctx context.Context) (botUser, error) {
	if me, known := a.self.known(); known {
		return me, nil
	}
	me, err := a.api.getMe(ctx)
	if err == nil {
		a.self.set(me)
	}
	return me, err
}

// Run implements chat.Adapter. It first hands over what was left from the last time. It returns nil when
// ctx has ended or the engine takes no more messages, and an error that matches ErrToken when Telegram
// refuses the token; everything else that goes wrong it logs, waits, and tries again.
func (a *Adapter) Run(ctx context.Context, handle chat.Handler) error {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	a.mu.Lock()
	a.quit = quit
	a.mu.Unlock()
	err := a.run(ctx, handle)
	if ctx.Err() != nil && !errors.Is(err, ErrToken) {
		return nil
	}
	return err
}

func (a *Adapter) run(ctx context.Context, handle chat.Handler) error {
	if err := a.persist(ctx, func(ctx context.Context) error {
		_, err := a.whoAmI(ctx)
		return err
	}); err != nil {
		return err
	}
	var menus sync.WaitGroup
	defer menus.Wait()
	menus.Go(func() { a.publishMenus(ctx) })
	a.replay(handle)
	defer a.stopTaking()
	if a.cfg.Webhook != nil {
		return a.serve(ctx)
	}
	if err := a.persist(ctx, a.api.deleteWebhook); err != nil { // one left over would be a conflict for ever
		return err
	}
	return a.poll(ctx)
}

// replay begins to hand over, with the updates that were stored and not handled.
func (a *Adapter) replay(handle chat.Handler) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rows, err := a.inbox.load()
	if err != nil {
		a.log.Error("some waiting updates cannot be read", "error", err)
	}
	a.handle = handle
	if len(rows) > 0 {
		a.log.Info("updates waited to be handled", "count", len(rows))
	}
	for _, r := range rows {
		u, ok := decodeUpdate(r.raw)
		if !ok {
			a.forget(r.seq)
			continue
		}
		a.dispatch(r.seq, &u, true)
	}
}

// stopTaking makes the webhook refuse updates, which Telegram then keeps.
func (a *Adapter) stopTaking() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handle = nil
}

// poll reads updates until ctx ends or the token is refused. An offset confirms what comes before it,
// and an empty answer says that this is done. From then on it asks without one, as it does at the start:
// after a quiet week the ids of updates begin anew, maybe below an offset, which would throw them away.
func (a *Adapter) poll(ctx context.Context) error {
	p := a.patience()
	var offset int64
	for {
		if err := a.waitForRoom(ctx, &p); err != nil {
			return err
		}
		last, err := a.pollOnce(ctx, offset)
		if err != nil {
			if err := p.failed(ctx, err); err != nil {
				return err
			}
			continue
		}
		p.fine()
		offset = 0
		if last != 0 {
			offset = last + 1
		}
	}
}

// pollOnce waits for updates, takes them, and returns the id of the last; 0 when there was none.
func (a *Adapter) pollOnce(ctx context.Context, offset int64) (int64, error) {
	raws, err := a.api.getUpdates(ctx, offset, pollTimeout)
	if err != nil || len(raws) == 0 {
		return 0, err
	}
	last, err := a.take(raws)
	if err == nil && last == 0 {
		err = &Error{Op: "getUpdates", Code: http.StatusBadGateway, Text: "updates without an id"}
	}
	return last, err
}

// tooManyWait is why nothing is read while the engine is far behind.
const tooManyWait = "too many updates wait to be handled: no more are taken"

// waitForRoom blocks while the engine is far behind.
func (a *Adapter) waitForRoom(ctx context.Context, p *patience) error {
	for a.inbox.full() {
		p.complain(tooManyWait, nil)
		select {
		case <-a.inbox.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
