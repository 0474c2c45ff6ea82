package izly

import (
	"context"
	"strings"

	"cartable/core/visible"
)

// networks are the values of NWK (izly-today §6).
var networks = map[string]string{"0": "Mastercard", "1": "Visa", "2": "CB"}

// Cards lists the bank cards that the person has registered with Izly (seed-izly §III.e).
func (w *Wallet) Cards(ctx context.Context) (Cards, error) {
	end, err := w.begin(ctx)
	if err != nil {
		return Cards{}, err
	}
	defer end()
	doc, err := w.call(ctx, opCards, rootCards)
	if err != nil {
		return Cards{}, err
	}
	return w.c.readCards(doc)
}

func (c *Client) readCards(doc *node) (Cards, error) {
	cards := Cards{Balance: c.readBalance(doc)}
	for cb := range doc.named("CB") {
		hint := visible.Name(cb.at("HNT"))
		card := Card{
			ID:      cb.at("ID"),
			Label:   visible.Name(cb.at("ALIAS")),
			Hint:    hint,
			Last4:   lastDigits(hint),
			Network: networks[cb.at("NWK")],
			Default: strings.EqualFold(cb.at("DEFAULT"), "true"),
		}
		if !isCardID(card.ID) || len(cards.Cards) == maxCards {
			return Cards{}, &ReplyError{opCards, "a card without a usable ID, or too many cards"}
		}
		cards.Cards = append(cards.Cards, card)
	}
	for step := range doc.named("STEP") {
		if cents, err := ParseCents(step.text); err == nil && cents > 0 && len(cards.Steps) < maxCards {
			cards.Steps = append(cards.Steps, cents)
		}
	}
	return cards, nil
}

// isCardID tells whether a text can be sent and signed as a card: a comma would break the signed text.
func isCardID(id string) bool { return isToken(id) && len(id) <= 64 && !strings.Contains(id, ",") }

// lastDigits is the end of a masked card number, at most four digits; empty when it is masked itself.
func lastDigits(hint string) string {
	end := hint[len(strings.TrimRight(hint, "0123456789")):]
	return end[max(0, len(end)-4):]
}
