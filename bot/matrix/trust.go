//go:build goolm

package matrix

import (
	"context"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// verdict is how far an event may be believed to come from its sender.
type verdict int

const (
	refused  verdict = iota // not at all
	inClear                 // the room is not encrypted: the homeserver's word
	unsigned                // from a device of the sender's that they have not signed: no confirmations
	trusted                 // from a device that the sender has signed
	changed                 // signed by an identity that is not the one known
)

// judge decides by the rules of matrix-notes §10. What it refuses it has answered.
func (l *connection) judge(ctx context.Context, evt *event.Event) (verdict, error) {
	encrypted, err := l.a.store.IsEncrypted(ctx, evt.RoomID)
	switch {
	case err != nil:
		return refused, err
	case !encrypted:
		return inClear, nil
	case !evt.Mautrix.WasEncrypted: // any server can put this there
		l.a.log.Warn("clear event in an encrypted room not obeyed")
		l.tellSender(evt, chat.NoticeClear)
		return refused, nil
	}
	state := evt.Mautrix.TrustState
	if state == id.TrustStateUnknownDevice {
		state = l.lookAgain(ctx, evt)
	}
	if evt.Mautrix.ForwardedKeys {
		state = id.TrustStateForwarded
	}
	v := verdictOf(state)
	if v == refused {
		l.a.log.Warn("event not obeyed", "trust", state.String())
		l.tellSender(evt, chat.NoticeUnknownDevice)
	}
	return v, nil
}

// tellSender says why an event is not obeyed, if it was meant for the bot.
func (l *connection) tellSender(evt *event.Event, what chat.Notice) {
	private, err := l.a.isPrivate(evt.RoomID)
	content, ok := evt.Content.Parsed.(*event.MessageEventContent)
	if err == nil && private || ok && (strings.HasPrefix(content.Body, "!") || content.Mentions.Has(l.me)) {
		l.a.say(evt.RoomID, what)
	}
}

// verdictOf names what is accepted: the library's numbers are in no order of trust.
func verdictOf(state id.TrustState) verdict {
	switch state {
	case id.TrustStateCrossSignedTOFU, id.TrustStateCrossSignedVerified, id.TrustStateVerified:
		return trusted
	case id.TrustStateUnset:
		return unsigned
	case id.TrustStateCrossSignedUntrusted:
		return changed
	default:
		return refused
	}
}

// fetchPause is the least time between two questions for the devices of somebody with an unknown one.
const fetchPause = time.Minute

// lookAgain asks for the devices of a sender whose device is not known, and judges anew: the library asks
// once in a run.
func (l *connection) lookAgain(ctx context.Context, evt *event.Event) id.TrustState {
	l.mu.Lock()
	original := l.sealed[evt.ID]
	now := l.a.cfg.Now()
	ask := original != nil && now.Sub(l.fetched[evt.Sender]) >= fetchPause
	if ask {
		l.fetched[evt.Sender] = now
	}
	l.mu.Unlock()
	if !ask {
		return id.TrustStateUnknownDevice
	}
	if err := l.askDevices(ctx, evt.Sender); err != nil {
		l.a.log.Warn("devices not fetched", "error", fail("fetch devices", err))
		return id.TrustStateUnknownDevice
	}
	again, err := l.mach.DecryptMegolmEvent(ctx, original)
	if err != nil {
		return id.TrustStateUnknownDevice
	}
	return again.Mautrix.TrustState
}

// onChangedIdentity answers somebody whose encryption identity is not the one that the bot knows: they, who
// made a new one, or somebody who passes for them with the homeserver's help. Nothing of what was linked
// before is shown to them; who confirms begins anew. What they say to others in a group is none of the bot's
// business.
func (l *connection) onChangedIdentity(ctx context.Context, evt *event.Event, r *row, spoken bool) error {
	if typedCode(r.Text) != l.a.offers.identityCode(evt.Sender) {
		if !spoken {
			l.tellChangedIdentity(evt)
		}
		return nil
	}
	keys, err := l.a.store.GetCrossSigningKeys(ctx, evt.Sender)
	if err == nil {
		err = l.a.cfg.Core.Disown(ctx, personOf(evt.Sender))
	}
	if err == nil {
		err = l.a.store.ResetMasterKeyTOFU(ctx, evt.Sender, keys[id.XSUsageMaster].Key)
	}
	if err != nil {
		return err
	}
	l.a.offers.dropIdentityCode(evt.Sender)
	l.a.log.Info("accounts of a changed identity forgotten")
	l.a.answerTrouble(evt, chat.NoticeForgotten)
	return nil
}

// tellChangedIdentity refuses an event of theirs, and says so some times an hour.
func (l *connection) tellChangedIdentity(evt *event.Event) {
	l.a.counters.refused.Add(1)
	if l.a.limiter.allow("identity "+evt.Sender.String(), 5) {
		l.a.answerTrouble(evt, chat.NoticeNewIdentity, "code", l.a.offers.identityCode(evt.Sender))
	}
}
