// Package linking holds the dialogues by which accounts come, are shown in groups, and go. It alone knows which
// systems of schools there are: it makes the logins and has the sentences of what only they report. It keeps nothing.
package linking

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

// Config is what the dialogues work with. Rights, Family, Wallet, School, Current and Forget are required.
type Config struct {
	Rights *rights.Rights
	Family *family.Family
	Wallet *wallet.Wallet
	School *pronote.Client // is asked whether a host exists

	AllowPrivate bool // school addresses on private networks or plain http are accepted
	// Admit refuses schools before anything else is asked about them; default none.
	Admit func(pronote.Address) error

	Zone *time.Location // of the schools; default UTC

	Alerts bool // the bot tells of what changes in a linked account; the dialogues say how to choose

	// Current is the present name of a chat that may have got a new one since it was noted.
	Current func(chat.ChatID) (chat.ChatID, error)
	// Linked, when not nil, is called in the transaction that adds an account. One that its owner links again is
	// not new, and keeps all that hangs on it.
	Linked func(tx store.Tx, a rights.Account) error
	// Forget logs out of an account, and removes it with all that was kept of it. The end of ctx ends the logout alone.
	Forget func(ctx context.Context, account string) error
}

// Linking is the dialogues. Make one with New.
type Linking struct{ cfg Config }

// New fills in the defaults.
func New(cfg Config) *Linking {
	if cfg.Admit == nil {
		cfg.Admit = func(pronote.Address) error { return nil }
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Linked == nil {
		cfg.Linked = func(store.Tx, rights.Account) error { return nil }
	}
	return &Linking{cfg}
}

// The actions behind the buttons. Their names are stored.
const (
	actionUnlink    = "account.unlink"     // forgets the account
	actionKeep      = "account.keep"       // forgets none
	actionTrade     = "account.trade"      // replaces its password by a token
	actionFromGroup = "account.from_group" // begins a linking for a group; the argument is an origin
	actionShow      = "grant.show"         // shows the account in a group; the argument is an offer
	actionHide      = "grant.hide"         // stops showing the account in the group where the button is
)

// Commands are /connexion and /deconnexion.
func (l *Linking) Commands() []talk.Command {
	return []talk.Command{
		{
			Name: "connexion", English: "link", Words: linkWords,
			Group: talk.GroupOwn, Role: talk.RoleLink, Changes: true, OnlyAsks: true, Secret: true, TakesWords: true, Run: l.link,
		},
		{
			Name: "deconnexion", English: "unlink", Words: []string{"deconnecter", "delier", "logout"},
			Needs: talk.NeedAccount, Group: talk.GroupOwn, Changes: true, TakesBack: true, TakesWords: true, Run: l.unlink,
		},
	}
}

// linkWords mean /connexion.
var linkWords = []string{
	"connecter", "connecte", "connect", "lier", "login", "relier", "relie", "reliez", "associer", "associe",
	"ajouter compte", "ajouter un compte", "ajoute compte", "ajoute un compte", "add account", "add an account",
}

// Actions are what the buttons do.
func (l *Linking) Actions() []talk.Action {
	return []talk.Action{
		{Name: actionUnlink, Risky: true, Changes: true, Voids: []string{actionKeep}, Run: l.forget},
		{Name: actionKeep, Voids: []string{actionUnlink}, Run: l.keep},
		{Name: actionTrade, Risky: true, Changes: true, Run: l.trade},
		{Name: actionFromGroup, Run: l.fromGroup},
		{Name: actionShow, Risky: true, Changes: true, Run: l.show},
		{Name: actionHide, Changes: true, TakesBack: true, Run: l.hide},
	}
}

// Interceptors see what links an account without being a command: a picture, the link of an SMS,
// an address with what opens the account.
func (l *Linking) Interceptors() []talk.Interceptor {
	return []talk.Interceptor{activations{l}, addresses{l}, pictures{l}}
}

// provider is the only system of schools that there is yet.
var provider = pronote.Provider{}.Name()

// School links a school account for a person in their private chat. It makes the requests of one login, and returns
// the errors of the provider, or one that says to wait when too many logins have failed.
func (l *Linking) School(ctx context.Context, who rights.Who, login school.Login) (family.Linked, error) {
	among, err := l.cfg.Rights.IDs(who) // those too that cannot be read may prove to be the one
	if err != nil {
		return family.Linked{}, err
	}
	linked, err := l.cfg.Family.Link(ctx, who.Person.Key(), provider, login, among, func(tx store.Tx, in family.Linked) error {
		return add(l, tx, in.Known, rights.Account{
			ID: in.Account, Kind: rights.School, Name: in.Profile.School, Label: SchoolLabel(in.Profile),
			Owner: who.Person, Home: who.Chat, Same: in.Same,
		})
	})
	if linked.Account != "" { // it is linked, whatever went wrong after that
		err = errors.Join(err, l.cfg.Rights.Refresh(linked.Account))
	}
	return linked, err
}

// Wallet ends an enrolment that Wallet.RequestActivation of core/wallet began, for a person in their private chat.
// It returns the errors of izly.Client.Activate.
func (l *Linking) Wallet(ctx context.Context, who rights.Who, uid string, act izly.Activation) (wallet.Linked, error) {
	among, err := l.cfg.Rights.IDs(who)
	if err != nil {
		return wallet.Linked{}, err
	}
	linked, err := l.cfg.Wallet.Link(ctx, who.Person.Key(), uid, act, among, func(tx store.Tx, in wallet.Linked) error {
		return add(l, tx, in.Known, rights.Account{
			ID: in.Account, Kind: rights.Wallet, Name: WalletName, Label: WalletLabel(in.Holder.Phone),
			Owner: who.Person, Home: who.Chat, Same: in.Same,
		})
	})
	if linked.Account != "" { // it is linked, whatever went wrong after that
		err = errors.Join(err, l.cfg.Rights.Refresh(linked.Account))
	}
	return linked, err
}

// add makes an account its owner's.
func add(l *Linking, tx store.Tx, known bool, a rights.Account) error {
	if err := l.cfg.Rights.Add(tx, a); err != nil || known {
		return err
	}
	return l.cfg.Linked(tx, a)
}

// WalletName is what others see of a wallet on a button.
const WalletName = "Izly"

// SchoolLabel is how its owner knows a school account: "PRONOTE – CITÉ SCOLAIRE (DUPONT Marc)".
func SchoolLabel(p school.Profile) string { return "PRONOTE – " + p.School + " (" + p.Name + ")" }

// WalletLabel is how its owner knows a wallet: "Izly – …3344".
func WalletLabel(phone string) string { return WalletName + " – …" + phone[max(0, len(phone)-4):] }

// owned is the account of that ID, if this message may touch it.
func owned(l *Linking, who rights.Who, id string) (rights.Account, bool) {
	for _, a := range l.cfg.Rights.Owned(who) {
		if a.ID == id {
			return a, true
		}
	}
	return rights.Account{}, false
}

// gone says that an account was removed while it was in use.
func gone(t *talk.Turn) error { return talk.Refuse("error.link_gone", "link", t.Cmd("connexion")) }

// orGone says so of an account that is nobody's any more.
func orGone(t *talk.Turn, err error) error {
	if errors.Is(err, rights.ErrNotYours) {
		return gone(t)
	}
	return err
}

// viewOf makes sentences for a turn.
func viewOf(l *Linking, t *talk.Turn) view.View {
	return view.View{P: t.P, Zone: l.cfg.Zone, Now: t.Now, Cmd: t.Cmd}
}

// question is one of a linking: much may have been answered before it, so that it goes on waiting beside what only
// reads.
func question(expect chat.Expect, next talk.AnswerFunc) talk.Question {
	return talk.Question{Expect: expect, Lasts: true, Leave: leaveLinking, Next: next}
}

// leaveLinking is told to whoever leaves a question of a linking.
const leaveLinking = "cancel.link"

// after puts lines before those of a reply.
func after(first, r chat.Reply) chat.Reply {
	r.Body = append(first.Body, r.Body...)
	return r
}

// link is /connexion [pronote|izly]: it begins one of the two dialogues. What people say at once they are not asked for,
// and a message that says more than a kind and an address is deleted as one with a secret is.
func (l *Linking) link(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	if !t.Private {
		return linkInGroup(l, t), nil
	}
	from, came, err := fromRemembered(l, t)
	if err != nil {
		return chat.Reply{}, err
	}
	if args = withoutFillers(args); args != "" {
		if saysMore(args) {
			t.Redact(ctx)
		}
		return l.linkKind(ctx, t, args)
	}
	if came {
		return askKindFor(l, t, from), nil
	}
	return askKind(l, t), nil
}

// fillers are the words, folded, that people put before what they want to link: "mon compte izly".
var fillers = []string{
	"mon", "ma", "mes", "un", "une", "le", "la", "du", "de", "a", "au", "compte", "comptes", "my", "an", "the", "to", "account",
}

// withoutFillers is a text without the words at its beginning that say nothing.
func withoutFillers(text string) string {
	words := strings.Fields(text)
	for len(words) > 0 && slices.Contains(fillers, talk.Bare(words[0])) {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// saysMore tells whether more is said than a kind of account with an address or a phone number: it may be a password.
func saysMore(args string) bool {
	if kind, rest, _ := strings.Cut(args, " "); meansSchool(talk.Bare(kind)) || meansWallet(talk.Bare(kind)) {
		args = withoutFillers(rest)
	}
	_, phone := izly.ParsePhone(args)
	switch {
	case args == "", meansQRCode(talk.Bare(args)), phone == nil:
		return false
	default:
		return strings.Contains(args, " ") || !strings.ContainsAny(args, "./")
	}
}

func askKind(l *Linking, t *talk.Turn) chat.Reply {
	q := question(chat.ExpectNothing, l.linkKind)
	q.Takes, q.Topic = meansKind, topicAddress
	r := t.Ask(t.Say("link.ask", "cancel", t.Cmd("annuler")), q)
	r.Choices = []chat.Choice{
		t.AnswerChoice(t.P.T("link.button.school"), "pronote"),
		t.AnswerChoice(t.P.T("link.button.wallet"), "izly"),
	}
	return r
}

// linkKind reads which kind of account is meant; an address of a school or a QR code says it too.
func (l *Linking) linkKind(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
	kind, rest, _ := strings.Cut(answer, " ")
	switch word := i18n.Fold(answer); {
	case talk.No(answer):
		return t.Say(leaveLinking), nil
	case rest != "" && meansSchool(i18n.Fold(kind)) && !meansQRCode(i18n.Fold(rest)):
		if saysMore(answer) {
			t.Redact(ctx)
		}
		return l.takeAddress(ctx, t, rest)
	case rest != "" && meansWallet(i18n.Fold(kind)):
		return l.takePhone(ctx, t, rest)
	case meansQRCode(word):
		return askPicture(l, t), nil
	case meansSchool(word):
		return askAddress(l, t), nil
	case meansWallet(word):
		return askPhone(l, t), nil
	case strings.ContainsAny(answer, "./"), looksLikeQRCode(answer):
		return l.takeAddress(ctx, t, answer)
	default: // not quoted: it may be a password
		return after(t.Say("link.unknown"), askKind(l, t)), nil
	}
}

// meansKind tells whether a text surely says which kind of account is meant.
func meansKind(t *talk.Turn, answer string) bool {
	word := i18n.Fold(answer)
	return meansSchool(word) || meansWallet(word) || meansAddress(t, answer)
}

func meansSchool(word string) bool {
	return strings.HasPrefix("pronote", word) || strings.HasPrefix("ecole", word)
}

func meansWallet(word string) bool {
	return strings.HasPrefix("izly", word) || strings.HasPrefix("crous", word)
}
