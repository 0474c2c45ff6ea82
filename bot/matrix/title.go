//go:build goolm

package matrix

import (
	"context"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// titlePatience bounds how long a message waits for the name of its room.
const titlePatience = 5 * time.Second

// title is what a group is called, as far as that can be learned soon.
func (l *connection) title(ctx context.Context, name id.RoomID) string {
	l.mu.Lock()
	title, known := l.titles[name]
	l.mu.Unlock()
	if known {
		return title
	}
	ctx, cancel := context.WithTimeout(mautrix.WithMaxRetries(ctx, 0), titlePatience)
	defer cancel()
	title, err := l.readTitle(ctx, name)
	if err != nil && passing(err) {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.titles[name] = title
	return title
}

// readTitle asks what a room is called; it may have no name.
func (l *connection) readTitle(ctx context.Context, name id.RoomID) (string, error) {
	var titled event.RoomNameEventContent
	err := l.cli.StateEvent(ctx, name, event.StateRoomName, "", &titled)
	if err != nil && !refusedAs(err, mautrix.MNotFound) {
		return "", err
	}
	return bound(titled.Name, maxName), nil
}

// onTitle has the name of a room asked for anew.
func (l *connection) onTitle(_ context.Context, evt *event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.titles, evt.RoomID)
}
