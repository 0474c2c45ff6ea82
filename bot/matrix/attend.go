//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

const (
	typeAfter = 400 * time.Millisecond // most answers are there before
	typeEvery = 8 * time.Second
	typeFor   = 12 * time.Second
)

// attend shows that a message was read and that an answer is being written, if the answer is not there before. The
// function that it returns ends that.
func (a *Adapter) attend(l *connection, r *row) (stop func()) {
	read := sync.OnceFunc(func() {
		if r.Made {
			return
		}
		a.background(func(ctx context.Context) {
			if a.traffic.afterAnswers(ctx) != nil {
				return
			}
			if err := l.cli.MarkRead(mautrix.WithMaxRetries(ctx, 0), r.Room, r.Event); err != nil {
				a.log.Debug("read receipt not sent", "error", fail("mark read", err))
			}
		})
	})
	ended := make(chan struct{})
	a.background(func(ctx context.Context) {
		ctx = mautrix.WithMaxRetries(ctx, 0) // it is only for show
		timer := time.NewTimer(typeAfter)
		defer timer.Stop()
		typing := false
		for {
			select {
			case <-timer.C:
				read()
				if !a.traffic.slow() {
					typing = true
					_, _ = l.cli.UserTyping(ctx, r.Room, true, typeFor)
				}
				timer.Reset(typeEvery)
			case <-ended:
				read()
				if typing {
					_, _ = l.cli.UserTyping(ctx, r.Room, false, 0)
				}
				return
			case <-ctx.Done():
				return
			}
		}
	})
	return sync.OnceFunc(func() { close(ended) })
}

// download reads a file from the homeserver, at most chat.MaxFile bytes.
func (l *connection) download(ctx context.Context, uri id.ContentURI) ([]byte, error) {
	answer, err := l.cli.Download(ctx, uri)
	if err != nil {
		return nil, fail("fetch a file", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, chat.MaxFile+1))
	switch {
	case err != nil:
		return nil, errors.New("matrix: fetch a file: cut off")
	case len(data) > chat.MaxFile:
		return nil, fmt.Errorf("matrix: fetch a file: more than %d bytes", chat.MaxFile)
	}
	return data, nil
}

// Redact implements chat.Redacter: it deletes the person's message. Where the bot cannot, it asks the person
// to, and says so in its error.
func (a *Adapter) Redact(ctx context.Context, m chat.Message) error {
	l, err := a.connected(ctx, nil)
	if err != nil {
		return err
	}
	room, evt := id.RoomID(m.Chat.ID), id.EventID(m.ID)
	err = a.patiently(ctx, sendPatience, func(ctx context.Context) error {
		_, err := l.cli.RedactEvent(ctx, room, evt, mautrix.ReqRedact{TxnID: evt.String() + "-redact"})
		return err
	})
	if err == nil || refusedAs(err, mautrix.MNotFound) {
		return nil
	}
	return errors.Join(fail("delete a message", err), a.sayTo(ctx, l, m, a.cfg.Core.Words(m.Chat, chat.NoticePleaseDelete)))
}

// Answer implements chat.Presser: who pressed in vain is told why, in the room, since there is no other way.
func (a *Adapter) Answer(ctx context.Context, m chat.Message, text string) error {
	if text == "" {
		return nil
	}
	l, err := a.connected(ctx, nil)
	if err != nil {
		return err
	}
	return a.sayTo(ctx, l, m, text)
}
