//go:build goolm

package matrix

import (
	"cmp"
	"context"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// addresses tells whether a message in a group is for the bot: a command, or words that call it by its name. The name is
// taken out of them.
func (l *connection) addresses(ctx context.Context, evt *event.Event, content *event.MessageEventContent, r *row) bool {
	pills := pillsOf(content.FormattedBody, l.me)
	mentioned := content.Mentions.Has(l.me) || len(pills) > 0
	names := append(pills, l.displayName(ctx, evt.RoomID, l.me), l.me.Localpart())
	rest, called := uncall(r.Text, l.me, names, mentioned)
	if called || mentioned {
		r.Text, r.Named = rest, true
		return true
	}
	text := strings.TrimSpace(r.Text)
	return strings.HasPrefix(text, "!") || strings.HasPrefix(text, "/")
}

// maxCalls bounds how often within an hour somebody who was not admitted is answered for calling the bot.
const maxCalls = 30

func (l *connection) mayCall(user id.UserID) bool {
	admitted, err := l.a.cfg.Core.Admitted(personOf(user))
	return err == nil && admitted || l.a.limiter.allow("call "+user.String(), maxCalls)
}

// uncall takes the name of the bot out of a text that begins or ends with it, and tells whether it did. What apps write
// for a mention differs: "Cartable: edt" (Element), "[@cartable:example.org](https://matrix.to/#/…) edt" (Element X),
// "Cartable edt" and others. Without a mention a text is only for the bot when it begins with its whole address, or with
// a name and a colon: people speak about it too.
func uncall(text string, me id.UserID, names []string, mentioned bool) (rest string, called bool) {
	text = strings.TrimSpace(text)
	if rest, found := cutLink(text, me); found {
		return unmark(rest), true
	}
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.Trim(n, "@ ") == "" })
	for i, name := range names {
		names[i] = strings.TrimPrefix(strings.TrimSpace(name), "@")
	}
	whole := strings.TrimPrefix(me.String(), "@")
	names = append(names, whole)
	// The longest first: a bot may be called "Car" and have the address "@cartable:example.org".
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	bare := strings.TrimPrefix(text, "@")
	for _, name := range names {
		after, found := cutPrefixFold(bare, name)
		if !found || !endsName(after) {
			continue
		}
		if mentioned || name == whole || strings.HasPrefix(after, ":") || strings.HasPrefix(after, ",") {
			return unmark(after), true
		}
	}
	if !mentioned {
		return text, false
	}
	return uncallEnd(text, me, names)
}

// uncallEnd takes the name off the end of a text: "edt demain @cartable".
func uncallEnd(text string, me id.UserID, names []string) (rest string, called bool) {
	end := strings.TrimRight(text, " ?!.")
	if at := strings.LastIndexByte(end, '['); at > 0 {
		if rest, found := cutLink(end[at:], me); found && rest == "" {
			return unmark(end[:at]), true
		}
	}
	for _, name := range names {
		if before, found := cutSuffixFold(end, name); found {
			last, _ := utf8.DecodeLastRuneInString(before)
			if before == "" || last == '@' || unicode.IsSpace(last) {
				return unmark(strings.TrimRight(before, "@, \t")), true
			}
		}
	}
	return text, false
}

// endsName tells whether a name that stands before this is at its end: "cartable" is none in "cartables", nor in
// "cartable:elsewhere.org", which is somebody else.
func endsName(after string) bool {
	first, size := utf8.DecodeRuneInString(after)
	switch {
	case after == "" || unicode.IsSpace(first):
		return true
	case !strings.ContainsRune(":,;.!?…", first):
		return false
	}
	next, _ := utf8.DecodeRuneInString(after[size:])
	return len(after) == size || unicode.IsSpace(next) || first == ',' || next == '!' || next == '/'
}

// unmark takes away what stands between a name and what is said.
func unmark(text string) string { return strings.TrimSpace(strings.TrimLeft(text, ":,;.?… \t\n")) }

// linkForm is a mention in the plain text, as Markdown.
var linkForm = regexp.MustCompile(`^\[[^\]\n]{0,255}\]\(\s*<?(https?://matrix\.to/#/[^)\s>]{1,1000})>?\s*\)`)

// cutLink takes a link to the bot off the beginning of a text.
func cutLink(text string, me id.UserID) (rest string, found bool) {
	link := linkForm.FindStringSubmatch(text)
	if link == nil || !leadsTo(link[1], me) {
		return text, false
	}
	return text[len(link[0]):], true
}

// leadsTo tells whether an address of matrix.to, or a matrix: URI, is a user's.
func leadsTo(address string, user id.UserID) bool {
	if short, found := strings.CutPrefix(address, "matrix:u/"); found {
		address = "@" + short
	} else if _, address, found = strings.Cut(address, "matrix.to/#/"); !found {
		return false
	}
	address, _, _ = strings.Cut(address, "?")
	plain, err := url.PathUnescape(address)
	return err == nil && id.UserID(plain) == user
}

// maxPills bounds the links of a message that are looked at.
const maxPills = 20

var (
	pillForm = regexp.MustCompile(`(?is)<a\s[^>]{0,200}?href\s*=\s*["']([^"'>]{1,1000})["'][^>]{0,200}>(.{0,255}?)</a>`)
	tagForm  = regexp.MustCompile(`<[^>]*>`)
)

// pillsOf are the names in the pills of a message that lead to a user.
func pillsOf(formatted string, user id.UserID) (names []string) {
	for _, pill := range pillForm.FindAllStringSubmatch(formatted, maxPills) {
		if leadsTo(html.UnescapeString(pill[1]), user) {
			names = append(names, strings.TrimSpace(html.UnescapeString(tagForm.ReplaceAllString(pill[2], ""))))
		}
	}
	return names
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func cutSuffixFold(s, suffix string) (string, bool) {
	if len(s) < len(suffix) || !strings.EqualFold(s[len(s)-len(suffix):], suffix) {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}
