package outbox

import (
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// PutGone notes that a chat cannot be written to, since a time; for the steps of a migration.
func PutGone(tx store.Tx, c chat.ChatID, since time.Time) error {
	return gone.Put(tx, "", c.Key(), goneSince{since})
}
