package commands

import (
	"context"
	"slices"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/talk"
)

// cancel is /annuler: it leaves any question, and takes back what waits for a confirmation and every choice that
// would change something.
func (c settings) cancel(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	var left []string
	if key, asked := t.Leave(); asked {
		left = append(left, key)
	}
	proposed, failed := false, error(nil)
	for _, a := range c.Rights.Owned(t.Who) {
		if a.Kind != rights.Wallet {
			continue
		}
		taken, err := c.Wallet.CancelAll(a.ID)
		if err != nil { // one account that cannot be read keeps nobody in a question
			failed = err
		}
		proposed = proposed || taken
	}
	if proposed { // which says it also for a question about a top-up
		left = append(slices.DeleteFunc(left, func(key string) bool { return key == "cancel.topup" || key == "cancel.amount" }), "cancel.topup")
	}
	offered, err := t.VoidChoices()
	switch {
	case err != nil:
		return chat.Reply{}, err
	case len(left) > 0:
	case failed != nil:
		return chat.Reply{}, failed
	case offered:
		left = []string{"cancel.choices"}
	default:
		left = []string{"cancel.nothing"}
	}
	r := chat.Reply{Withdraws: true}
	for _, key := range left {
		r.Body = append(r.Body, t.Say(key).Body...)
	}
	return r, nil
}
