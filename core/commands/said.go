package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/i18n"
)

// grammar reads what people say. It is filled once all commands are known.
type grammar struct{ *ask.Grammar }

// takesAway are the commands that a typing error must not run.
var takesAway = map[string]bool{"deconnexion": true, "supprimer": true, "annuler": true}

// fill makes it the grammar of some commands.
func (g *grammar) fill(list []talk.Command) {
	var all []ask.Command
	for _, command := range list {
		all = append(all, ask.Command{Name: command.Name, Words: append([]string{command.English}, command.Words...), Exact: takesAway[command.Name]})
	}
	g.Grammar = ask.New(all)
}

// world is what a text of this chat is read against, beside the wallets. page is that of which the pupils are shown.
func (c schools) world(t *talk.Turn, page rights.Page, command string) ask.World {
	w := ask.World{Now: t.Now, Command: command}
	seen := make(map[string]bool)
	for _, p := range c.pupils(t, page) {
		w.Children = append(w.Children, ask.Child{Key: p.Ref(), Name: p.Name + " " + p.Apart, Is: p.Is})
		for _, period := range p.Periods {
			if name := i18n.Fold(period.Name); !seen[name] {
				seen[name] = true
				w.Periods = append(w.Periods, ask.Period{Key: name, Name: period.Name})
			}
		}
	}
	return w
}

// wanted is what a person wants to read of which pupils, at least one.
type wanted struct {
	ask.Request
	said string
	who  []family.Pupil
}

// read reads what stands after a command. Without a name it is about the pupil chosen for this chat, or else the first
// one. What it does not understand is an error with a sentence.
func (c schools) read(ctx context.Context, t *talk.Turn, page rights.Page, command, args string) (wanted, error) {
	q, err := c.readOnly(t, page, command, args)
	if err != nil {
		return q, err
	}
	for i, who := range q.who {
		this, err := c.Family.ThisYear(ctx, who)
		if err != nil && !family.OutOfReach(err) {
			return q, err
		}
		if err == nil {
			q.who[i] = this
		}
	}
	return q, nil
}

// readOnly is read, which asks no school whether the year is over.
func (c schools) readOnly(t *talk.Turn, page rights.Page, command, args string) (wanted, error) {
	all := c.pupils(t, page)
	if len(all) == 0 {
		return wanted{}, talk.Refuse("school.none", "link", t.Cmd("connexion"))
	}
	q := wanted{Request: c.said.Read(args, c.world(t, page, command)), said: args}
	byKey := make(map[string]family.Pupil)
	for _, p := range all {
		byKey[p.Ref()] = p
	}
	for _, key := range q.Children {
		q.who = append(q.who, byKey[key])
	}
	var noDate *ask.NoSuchDateError
	var other *ask.OtherWeekdayError
	switch {
	case len(q.Unclear) > 0:
		var fit []family.Pupil
		for _, key := range q.Unclear {
			fit = append(fit, byKey[key])
		}
		return q, talk.Refuse("child.ambiguous", "typed", i18n.Short(q.Vague), "names", c.view(t).Names(fit))
	case errors.As(q.DayErr, &noDate):
		return q, talk.Refuse("day.none_such", "date", noDate.Date, "command", t.Cmd(command))
	case errors.As(q.DayErr, &other):
		return q, talk.Refuse("day.other", "date", t.P.Date(other.Day), "weekday", t.P.Weekday(other.Day.Weekday()),
			"command", t.Cmd(command)+" "+dayArg(other.Day))
	case len(q.who) == 0:
		q.who = []family.Pupil{c.usual(t, all)}
	}
	return q, nil
}

// usual is the pupil chosen for this chat, or else the first one.
func (c schools) usual(t *talk.Turn, all []family.Pupil) family.Pupil {
	for _, p := range all {
		if p.Is(t.Prefs().Child) {
			return p
		}
	}
	return all[0]
}

// leftOver says which words were not understood, and offers the command without them.
func (c services) leftOver(t *talk.Turn, command string, q ask.Request) chat.Reply {
	line := t.Cmd(command)
	if words := without(q.Args, q.Rest); words != "" && words == i18n.Short(words) { // a button has room for little
		line += " " + words
	}
	r := t.Say("ask.rest", "typed", i18n.Short(q.Rest), "command", line)
	r.Choices = []chat.Choice{t.RunChoice(line, line)}
	return r
}

// without takes words out of a text.
func without(text, words string) string {
	left := strings.Fields(words)
	var kept []string
	for _, word := range strings.Fields(text) {
		if len(left) > 0 && word == left[0] {
			left = left[1:]
			continue
		}
		kept = append(kept, word)
	}
	return strings.Join(kept, " ")
}

// most bounds how many answers one message gets: pupils by days.
const most = 6

// each answers for every pupil and day that is meant, in one reply. The buttons are those of a single one.
func (q wanted) each(days []ask.Span, answer func(who family.Pupil, on ask.Span) (chat.Reply, error)) (chat.Reply, error) {
	if len(days) == 0 {
		days = []ask.Span{{}}
	}
	var all chat.Reply
	n := 0
	for _, who := range q.who {
		for _, on := range days {
			if n == most {
				return all, nil
			}
			r, err := answer(who, on)
			switch {
			case err != nil:
				return chat.Reply{}, err
			case n == 0:
				all = r
			default:
				if r.Title != "" {
					all.Body = append(all.Body, chat.Line{Kind: chat.LineHeading, Text: r.Title})
				}
				all.Body = append(all.Body, r.Body...)
				all.Choices = nil
			}
			n++
		}
	}
	return all, nil
}

// singleDays are the days of spans that are no weeks, each on its own.
func singleDays(spans []ask.Span) []ask.Span {
	var days []ask.Span
	for _, s := range spans {
		if s.Week || s.From.Equal(s.To) {
			days = append(days, s)
			continue
		}
		for day := s.From; !day.After(s.To) && len(days) < most; day = day.AddDate(0, 0, 1) {
			days = append(days, ask.Span{From: day, To: day})
		}
	}
	return days
}

// dayArg writes a day so that the grammar reads it back.
func dayArg(t time.Time) string { return t.Format("02/01/2006") }

// readsItself are the commands that read all that was said themselves.
var readsItself = map[string]bool{"edt": true, "notes": true, "devoirs": true, "historique": true, "recharger": true, "enfant": true}

// reads are the commands that change nothing: what is said against doing them does no harm.
var reads = map[string]bool{"edt": true, "notes": true, "devoirs": true, "historique": true, "solde": true, "aide": true, "confidentialite": true}

// plainWords reads what is said in a private chat without a command's mark.
func (c schools) plainWords(t *talk.Turn, text string) talk.Said {
	q := c.said.Read(text, c.world(t, "", ""))
	if q.Not && q.Named && !reads[q.Command] {
		return talk.Said{}
	}
	said := talk.Said{Command: q.Command, Args: q.Args, Understood: q.Understood() || q.Named, Sure: q.Named && q.Rest == "", Thanks: q.Thanks}
	switch {
	case !readsItself[q.Command]:
	case said.Understood:
		said.Args = text
	default:
		said.Args = without(q.Args, q.Rest)
	}
	return said
}
