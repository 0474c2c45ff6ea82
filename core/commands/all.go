// Package commands holds what people can ask for, a file for each command. It opens no transaction and knows no
// protocol: the services do what is asked, the view says it.
package commands

import (
	"context"
	"io"
	"slices"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/linking"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/core/watch"
)

// Config is what the commands work with. All of it is required.
type Config struct {
	Rights  *rights.Rights
	Family  *family.Family
	Wallet  *wallet.Wallet
	Linking *linking.Linking
	Watch   *watch.Watch
	Zone    *time.Location // of the schools

	// Export writes all that is kept for a person as JSON, Page as a page to be read.
	Export func(w io.Writer, who rights.Who) error
	Page   func(w io.Writer, who rights.Who, v view.View) error
	// Erase removes all of it. The end of ctx ends the logouts alone.
	Erase func(ctx context.Context, who rights.Who) error
}

// services are what all commands work with.
type services struct {
	Config
	said *grammar
}

// The commands by what they are about.
type (
	schools  struct{ services }
	wallets  struct{ services }
	orders   struct{ wallets }
	alerts   struct{ services }
	settings struct {
		services
		exports *line
	}
)

// New is the registry, in the order of help, with what reads plain words. The help text of a command is the sentence
// "help.<name>".
func New(cfg Config) ([]talk.Command, []talk.Action, []talk.Interceptor, func(*talk.Turn, string) talk.Said) {
	all := services{cfg, new(grammar)}
	school, wallet, told, other := schools{all}, wallets{all}, alerts{all}, settings{all, newLine()}
	list := []talk.Command{
		{
			Name: "edt", English: "timetable", Words: []string{"emploi du temps", "cours", "agenda", "planning", "horaires", "lessons", "classes", "schedule"},
			Needs: talk.NeedSchool, Group: talk.GroupShown, Page: rights.Timetable, Role: talk.RoleExample, TakesWords: true, Run: school.timetable,
		},
		{
			Name: "notes", English: "grades", Words: []string{"note", "moyenne", "moyennes", "eu combien", "combien eu", "marks", "mark", "grade", "average", "averages"},
			Needs: talk.NeedSchool, Group: talk.GroupShown, Page: rights.Grades, TakesWords: true, Run: school.grades,
		},
		{
			Name: "devoirs", English: "homework", Words: []string{"devoir", "travail", "faire", "exercices", "exercice", "dm", "travaux"},
			Needs: talk.NeedSchool, Group: talk.GroupShown, Page: rights.Homework, TakesWords: true, Run: school.homework,
		},
		{
			Name: "solde", English: "balance", Words: []string{"izly", "argent", "sous", "combien", "combien reste", "combien izly", "money", "much", "much left", "much money"},
			Needs: talk.NeedWallet, Group: talk.GroupShown, Run: wallet.balance,
		},
		{
			Name: "historique", English: "history", Words: []string{"operations", "depenses", "depense", "achats", "transactions"},
			Needs: talk.NeedWallet, Group: talk.GroupShown, TakesWords: true, Run: wallet.history,
		},
		{
			Name: "recharger", English: "topup", Words: []string{"recharge", "recharges", "rechargement", "mets", "mettre", "ajoute", "ajouter", "crediter", "top up", "add"},
			Needs: talk.NeedWallet, Group: talk.GroupPrivate, Changes: true, TakesWords: true, Run: wallet.topUp,
		},
		{
			Name: "enfant", English: "child", Words: []string{"enfants", "children"},
			Needs: talk.NeedSchool, Group: talk.GroupShown, Changes: true, TakesWords: true, Run: school.child,
		},
		{
			Name: "alertes", English: "alerts", Words: []string{"alerte", "alert", "notifications"},
			Needs: talk.NeedAccount, Group: talk.GroupPrivate, Changes: true, TakesWords: true, Run: told.alerts,
		},
	}
	list = append(list, cfg.Linking.Commands()...)
	list = append(list, []talk.Command{
		{
			Name: "mesdonnees", English: "mydata", Words: []string{"mes donnees", "donnees", "my data", "data"},
			Needs: talk.NeedAccount, Group: talk.GroupPrivate, Run: other.myData,
		},
		{
			Name: "supprimer", English: "erase", Words: []string{"tout supprimer", "supprimer donnees", "effacer", "effacer donnees", "tout effacer", "erase everything", "delete", "delete data", "erase data"},
			Group: talk.GroupPrivate, Changes: true, OnlyAsks: true, Run: other.erase,
		},
		{Name: "confidentialite", English: "privacy", Words: []string{"rgpd", "gdpr", "vie privee"}, Run: other.privacy},
		{
			Name: "annuler", English: "cancel", Words: []string{"annule", "annulez", "stop", "quitter"}, Role: talk.RoleCancel, Run: other.cancel,
		},
		{Name: "langue", English: "language", Words: []string{"lang"}, Changes: true, TakesWords: true, Run: other.language},
		{Name: "inviter", English: "invite", Needs: talk.NeedAdmin, Group: talk.GroupPrivate, Run: other.invite},
		{
			Name: "aide", English: "help", Words: []string{"help", "menu", "commandes", "sais faire"}, Role: talk.RoleHelp,
			Harmless: true, TakesWords: true, Run: other.help,
		},
		{
			Name: "start", English: "start", Words: []string{"bonjour", "salut", "hello", "hi", "coucou", "bonsoir"},
			Role: talk.RoleStart, Hidden: true, Harmless: true, Run: other.greet,
		},
	}...)
	all.said.fill(list)
	order := orders{wallet}
	actions := slices.Concat(order.actions(), told.actions(), other.actions(), cfg.Linking.Actions())
	return list, actions, append(cfg.Linking.Interceptors(), orderWords{order}), school.plainWords
}

// view makes sentences for a turn.
func (c services) view(t *talk.Turn) view.View {
	return view.View{P: t.P, Zone: c.Zone, Now: t.Now, Cmd: t.Cmd}
}

// viewOf is view for what is said of a wallet: it is named where its owner has several.
func (c services) viewOf(t *talk.Turn, account string) view.View {
	v := c.view(t)
	if c.Rights.OfSeveral(account) {
		v.Wallet = c.walletName(account)
	}
	return v
}

// walletName tells a wallet from others.
func (c services) walletName(account string) string {
	holder, _ := c.Wallet.Holder(account)
	return view.WalletName(holder)
}

// ids are the IDs of accounts.
func ids(accounts []rights.Account) []string {
	list := make([]string, len(accounts))
	for i, a := range accounts {
		list[i] = a.ID
	}
	return list
}

// note is a less important line.
func note(text string) chat.Line { return chat.Line{Kind: chat.LineNote, Text: text} }
