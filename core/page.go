package core

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"iter"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/core/watch"
)

// page writes what is kept of a person as a page to be read: what export writes, in their language. It loads nothing
// from anywhere. One account without its readings, or one reading, stands in memory at a time.
func (e *Engine) page(w io.Writer, who rights.Who, v view.View) error {
	head, err := e.exportHead(who)
	if err != nil {
		return fmt.Errorf("core: page: %w", err)
	}
	p := pageWriter{w: bufio.NewWriter(w), v: v}
	p.begin()
	p.field("page.generated", p.moment(head.Generated))
	if head.Language != "" {
		p.field("page.language", head.Language)
	}
	if !head.Admitted.IsZero() {
		p.field("page.admitted", p.moment(head.Admitted))
	}
	owned := e.Rights.Owned(who)
	for _, pupil := range e.Family.Pupils(idsOf(owned)) {
		if pupil.Key == head.Child {
			p.field("page.child", pupil.Name)
		}
	}
	for _, a := range owned {
		account, err := e.exportAccount(a)
		if err != nil {
			return fmt.Errorf("core: page: %w", err)
		}
		p.account(account, func(x family.Export) iter.Seq2[family.ExportReading, error] { return e.readings(a.ID, x) })
	}
	p.raw("</main></body></html>\n")
	return errors.Join(p.failed, p.w.Flush())
}

func idsOf(list []rights.Account) (ids []string) {
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return ids
}

// pageWriter writes HTML. The first error of the writer ends it.
type pageWriter struct {
	w      *bufio.Writer
	v      view.View
	failed error
}

func (p *pageWriter) raw(s string) {
	if p.failed == nil {
		_, p.failed = p.w.WriteString(s)
	}
}

// element writes one with a text, which is escaped.
func (p *pageWriter) element(name, text string) {
	p.raw("<" + name + ">" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</" + name + ">\n")
}

// field writes a sentence with a value in it.
func (p *pageWriter) field(key, value string) { p.element("p", p.v.P.T(key, "value", value)) }

func (p *pageWriter) moment(at time.Time) string { return p.v.P.Moment(at.In(p.v.Zone)) }

func (p *pageWriter) begin() {
	p.raw(`<!doctype html><html lang="` + p.v.P.Lang + `"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` + "\n")
	p.element("title", p.v.P.T("page.title"))
	p.raw("<style>body{font:1rem/1.5 system-ui,sans-serif;margin:1rem;color-scheme:light dark}main{max-width:42rem;margin:auto}" +
		"dt{font-weight:600}dd{margin:0 0 .4rem}s{opacity:.7}small{opacity:.8}</style></head><body><main>\n")
	p.element("h1", p.v.P.T("page.title"))
}

// account writes what is kept of one account.
func (p *pageWriter) account(a exportAccount, readings func(family.Export) iter.Seq2[family.ExportReading, error]) {
	p.element("h2", a.Label)
	p.field("page.linked", p.moment(a.Linked))
	if a.Unreadable {
		p.element("p", p.v.P.T("page.damaged"))
	}
	switch {
	case a.School != nil:
		p.school(*a.School, readings(*a.School))
	case a.Wallet != nil:
		p.wallet(*a.Wallet)
	}
	p.alerts(a.Alerts)
	if n := len(a.ShownIn); n > 0 {
		p.element("p", p.v.P.N("page.shown", n))
	}
}

// alertNames are the sentences of what is told unasked.
var alertNames = map[watch.Kind]string{
	watch.CancelledLesson: "page.alert.cancelled", watch.NewGrade: "page.alert.grade", watch.LowBalance: "page.alert.balance",
}

func (p *pageWriter) alerts(told []watch.ExportedAlerts) {
	var list []string
	for _, t := range told {
		for _, kind := range t.Kinds {
			list = append(list, p.v.P.T(alertNames[watch.Kind(kind)]))
		}
	}
	if len(list) > 0 {
		p.field("page.alerts", p.v.P.List(list, p.v.P.T("and")))
	}
}

func (p *pageWriter) school(x family.Export, readings iter.Seq2[family.ExportReading, error]) {
	p.field("page.address", x.Address)
	p.field("page.login", x.Login)
	p.secrets(x.Secrets)
	if x.Damaged {
		p.element("p", p.v.P.T("page.damaged"))
	}
	var profile school.Profile
	if x.School != nil {
		profile = *x.School
		for _, pupil := range profile.Pupils {
			name := pupil.Name
			if pupil.Class != "" {
				name += " – " + pupil.Class
			}
			p.field("page.pupil", name)
		}
	}
	for r, err := range readings {
		if p.failed = errors.Join(p.failed, err); p.failed != nil {
			return
		}
		p.reading(r, profile)
	}
}

// reading writes one thing that the school said, as a command would.
func (p *pageWriter) reading(r family.ExportReading, profile school.Profile) {
	words := strings.Fields(r.What)
	var who family.Pupil
	for _, pupil := range profile.Pupils {
		if len(words) > 1 && pupil.Key == words[1] {
			who.Pupil = pupil
		}
	}
	switch {
	case len(words) == 0:
	case words[0] == "week":
		if week, err := decode[school.Week](r); err == nil {
			p.reply(p.v.WeekDetails(who, profile, week, week.Value.Monday.In(p.v.Zone)))
		}
	case words[0] == "grades":
		if grades, err := decode[school.Grades](r); err == nil {
			p.reply(p.v.GradesDetails(who, grades))
		}
	case words[0] == "homework" && len(words) == 4:
		from, err1 := time.ParseInLocation(time.DateOnly, words[2], p.v.Zone)
		to, err2 := time.ParseInLocation(time.DateOnly, words[3], p.v.Zone)
		if work, err := decode[[]school.Homework](r); errors.Join(err, err1, err2) == nil {
			p.reply(p.v.Homework(who, profile, work, from, to, ""))
		}
	}
	p.field("page.read", p.moment(r.At))
}

func decode[T any](r family.ExportReading) (got family.Reading[T], err error) {
	got.At = r.At
	err = json.Unmarshal(r.Value, &got.Value)
	return got, err
}

// reply writes what a command says.
func (p *pageWriter) reply(r chat.Reply) {
	if r.Title != "" {
		p.element("h3", r.Title)
	}
	for _, l := range r.Body {
		text := l.Text
		if l.Label != "" {
			text = l.Label + " – " + text
		}
		switch l.Kind {
		case chat.LineHeading:
			p.element("h4", text)
		case chat.LineNote:
			p.element("small", text)
		case chat.LineStruck:
			p.element("s", text)
			if l.Aside != "" {
				p.raw(" ")
				p.element("span", l.Aside)
			}
			p.raw("<br>")
		default:
			p.element("p", text)
		}
	}
}

func (p *pageWriter) wallet(x wallet.Export) {
	p.field("page.phone", x.Phone)
	if x.Holder != "" {
		p.field("page.holder", x.Holder)
	}
	if b := x.Balance; b != nil {
		p.element("p", p.v.P.T("page.balance", "value", p.v.P.Euros(int64(b.Main)), "at", p.moment(b.At)))
	}
	p.secrets(x.Secrets)
	if x.Unreadable > 0 {
		p.element("p", p.v.P.T("page.damaged"))
	}
	for _, o := range x.TopUps {
		p.element("p", p.v.P.T("page.topup", "at", p.moment(o.At), "amount", p.v.P.Euros(int64(o.Cents)), "card", o.Card))
		p.reply(p.v.Order(wallet.Order{Amount: o.Cents, Card: o.Card, State: o.Status, Created: o.At}))
	}
}

// secretKeys are the sentences of what is kept and not shown.
var secretKeys = map[string]string{
	"password": "page.secret.password", "token": "page.secret.token", "session": "page.secret.session",
	"one-time password key": "page.secret.otp", "secret code": "page.secret.code",
}

func (p *pageWriter) secrets(names []string) {
	var list []string
	for _, name := range names {
		list = append(list, p.v.P.T(secretKeys[name]))
	}
	if len(list) > 0 {
		p.field("page.secrets", p.v.P.List(list, p.v.P.T("and")))
	}
}
