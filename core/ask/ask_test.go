package ask_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/ask"
)

// tuesday is a school day in the morning.
var tuesday = time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)

var grammar = ask.New([]ask.Command{
	{Name: "edt", Words: []string{"timetable", "emploi du temps", "cours", "agenda", "planning", "horaire", "horaires", "lessons", "classes", "schedule", "edt"}},
	{Name: "notes", Words: []string{"grades", "note", "moyenne", "moyennes", "marks", "mark", "grade", "average", "averages", "eu combien", "combien eu"}},
	{Name: "devoirs", Words: []string{"homework", "devoir", "travail", "faire", "exercices", "exercice", "dm", "boulot"}},
	{Name: "controles", Words: []string{"tests", "controle", "ds", "interro", "interros", "test", "exam", "exams", "evaluation", "evaluations"}},
	{Name: "vacances", Words: []string{"holidays", "vacance", "holiday", "conges"}},
	{Name: "solde", Words: []string{"balance", "izly", "argent", "money", "sous", "combien", "combien reste", "combien izly", "much", "much left", "much money"}},
	{Name: "historique", Words: []string{"history", "operations", "depenses", "transactions", "achats"}},
	{Name: "recharger", Words: []string{"topup", "recharge", "recharges", "rechargement", "top up", "mets", "mettre", "ajoute", "ajouter", "crediter", "add"}},
	{Name: "mesdonnees", Words: []string{"mydata", "donnees", "data"}},
	{Name: "supprimer", Exact: true, Words: []string{"erase", "effacer", "effacer donnees", "tout supprimer", "delete", "supprimer donnees", "delete data", "erase data", "erase everything"}},
	{Name: "confidentialite", Words: []string{"privacy", "rgpd", "gdpr", "vie privee"}},
	{Name: "enfant", Words: []string{"child", "enfants", "children"}},
	{Name: "start", Words: []string{"bonjour", "salut", "hello", "hi", "coucou", "bonsoir"}},
	{Name: "langue", Words: []string{"language", "lang"}},
	{Name: "aide", Words: []string{"help", "menu", "commandes", "sais faire"}},
})

var world = ask.World{
	Now:      tuesday,
	Children: []ask.Child{{Key: "lea", Name: "ROUSSEL Léa"}, {Key: "hugo", Name: "ROUSSEL Hugo"}},
	Periods:  []ask.Period{{"p1", "Trimestre 1"}, {"p2", "Trimestre 2"}, {"p3", "Trimestre 3"}},
}

// short writes a request in a line: the command, and what is named.
func short(q ask.Request) string {
	var b strings.Builder
	b.WriteString(q.Command)
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
	}
	add("asks", string(q.Question))
	add("of", strings.Join(q.Children, "+"))
	add("unclear", strings.Join(q.Unclear, "+"))
	var days []string
	for _, d := range q.Days {
		switch {
		case d.From.IsZero():
			days = append(days, "week")
		case d.From.Equal(d.To):
			days = append(days, d.From.Format("02/01/06"))
		default:
			days = append(days, d.From.Format("02/01/06")+"-"+d.To.Format("02/01/06"))
		}
	}
	add("on", strings.Join(days, "+"))
	if q.DayErr != nil {
		add("day", q.DayErr.Error())
	}
	add("in", strings.Join(q.Subjects, "+"))
	add("period", q.Period)
	add("noperiod", q.NoPeriod)
	if q.Amount != nil {
		add("amount", fmt.Sprint(q.Amount.Cents))
	}
	if q.Number > 0 {
		add("number", fmt.Sprint(q.Number))
	}
	add("wallet", q.Wallet)
	for name, is := range map[string]bool{"overall": q.Overall, "thanks": q.Thanks} {
		if is {
			b.WriteString(" " + name)
		}
	}
	if q.Details {
		b.WriteString(" details")
	}
	if q.Not {
		b.WriteString(" not")
	}
	add("rest", q.Rest)
	return strings.TrimSpace(b.String())
}

func TestRead(t *testing.T) {
	for _, tt := range []struct{ said, want string }{
		{"mes notes de maths", "notes in=mathematiques"},
		{"notes en maths", "notes in=mathematiques"},
		{"notes d'anglais", "notes in=anglais"},
		{"moyenne de maths", "notes in=mathematiques"},
		{"moyenne générale", "notes overall"},
		{"dernières notes", "notes"},
		{"notes de hugo", "notes of=hugo"},
		{"notes hist geo", "notes in=histoire geographie"},
		{"notes 1er trimestre", "notes period=p1"},
		{"notes du trimestre 1", "notes period=p1"},
		{"notes semestre 2", "notes noperiod=semestre 2"},
		{"notes T1", "notes period=p1"},
		{"notes trim 1", "notes period=p1"},
		{"notes S2", "notes noperiod=semestre 2"},
		{"emploi du temps de hugo", "edt of=hugo"},
		{"edt de hugo mardi prochain", "edt of=hugo on=24/11/26"},
		{"les devoirs de hugo", "devoirs of=hugo"},
		{"devoirs de maths", "devoirs in=mathematiques"},
		{"devoirs pour lundi", "devoirs on=23/11/26"},
		{"edt demain matin", "edt on=18/11/26"},
		{"edt lundi et mardi", "edt on=23/11/26+24/11/26"},
		{"edt ajd", "edt on=17/11/26"},
		{"edt léa hugo", "edt of=lea+hugo"},
		{"demain", "edt on=18/11/26"},
		{"hugo demain", "edt of=hugo on=18/11/26"},
		{"lundi ?", "edt on=23/11/26"},
		{"j'ai quoi demain", "edt on=18/11/26"},
		{"on a quoi lundi", "edt on=23/11/26"},
		{"à quelle heure je commence lundi", "edt asks=begins on=23/11/26"},
		{"je finis à quelle heure", "edt asks=ends"},
		{"est-ce que le prof de maths est là demain", "edt asks=teacher on=18/11/26 in=mathematiques"},
		{"prochain contrôle", "controles"},
		{"vacances", "vacances"},
		{"c'est quand les vacances", "vacances"},
		{"combien il me reste", "solde"},
		{"j'ai combien sur izly", "solde"},
		{"recharger de 15 euros", "recharger amount=1500"},
		{"recharge moi 20 euros", "recharger amount=2000"},
		{"recharge izly 20", "recharger amount=2000"},
		{"recharger 20 € stp", "recharger amount=2000"},
		{"mets 20 euros sur ma carte", "recharger amount=2000"},
		{"quinze euros", "recharger amount=1500"},
		{"merci", "thanks"},
		{"ok", "thanks"},
		{"rgpd", "confidentialite"},
		{"effacer mes données", "supprimer"},
		{"grades french", "notes in=francais"},
		{"history grades", "notes in=histoire"},
		{"PE", "notes in=eps"},
		{"term 1", "notes period=p1"},
		{"timetable next monday", "edt on=23/11/26"},
		{"dec 1", "edt on=01/12/26"},
		{"day after tomorrow", "edt on=19/11/26"},
		{"what's on monday", "edt on=23/11/26"},
		{"is the maths teacher absent", "edt asks=teacher in=mathematiques"},
		{"when do I start tomorrow", "edt asks=begins on=18/11/26"},

		{"c'est quoi mon emploi du temps demain", "edt on=18/11/26"},
		{"t'as mon edt ?", "edt"},
		{"Léa a cours à quelle heure demain ?", "edt of=lea on=18/11/26"},
		{"elle finit à quelle heure lundi", "edt asks=ends on=23/11/26"},
		{"hugo commence quand demain", "edt asks=begins of=hugo on=18/11/26"},
		{"à quelle heure sort Léa ce soir", "edt asks=ends of=lea on=17/11/26"},
		{"quel jour on finit plus tôt", "edt asks=ends rest=tôt"},
		{"ya cours demain ?", "edt on=18/11/26"},
		{"y'a quoi lundi matin", "edt on=23/11/26"},
		{"qu'est-ce que j'ai comme cours cet aprem", "edt on=17/11/26"},
		{"cours de lundi prochain", "edt on=23/11/26"},
		{"emploi du temps de la semaine prochaine", "edt on=23/11/26-29/11/26"},
		{"semaine pro", "edt on=23/11/26-29/11/26"},
		{"le planning de la semaine", "edt on=week"},
		{"j'ai sport quand", "notes in=eps"},
		{"prof de svt absent ?", "edt asks=teacher in=svt"},
		{"les profs absents demain", "edt asks=teacher on=18/11/26"},
		{"qui est absent aujourd'hui", "edt asks=teacher on=17/11/26"},
		{"edt du 1er décembre", "edt on=01/12/26"},
		{"edt 12/01 lea", "edt of=lea on=12/01/27"},
		{"EDT HUGO VENDREDI", "edt of=hugo on=20/11/26"},
		{"edt+demain", "edt on=18/11/26"},
		{"l'emploi du temps d'hugo pour après-demain", "edt of=hugo on=19/11/26"},
		{"week-end", "edt on=21/11/26-22/11/26"},
		{"jeudi en huit", "edt on=26/11/26"},
		{"notes", "notes"},
		{"mes dernières notes stp", "notes"},
		{"nouvelles notes ?", "notes"},
		{"j'ai eu combien en maths", "notes in=mathematiques"},
		{"combien j'ai eu en histoire", "notes in=histoire"},
		{"moyenne de Léa en français", "notes of=lea in=francais"},
		{"quelle est la moyenne générale de hugo", "notes of=hugo overall"},
		{"ma moyenne du premier trimestre", "notes period=p1"},
		{"notes 2ème trimestre physique", "notes in=physique period=p2"},
		{"bulletin", "rest=bulletin"},
		{"notes trimestre 3 de Léa en SVT", "notes of=lea in=svt period=p3"},
		{"note de techno", "notes in=technologie"},
		{"notes d'histoire-géo", "notes in=histoire geographie"},
		{"ses notes en arts plastiques", "notes in=arts plastiques"},
		{"notes eps", "notes in=eps"},
		{"y a-t-il de nouvelles notes", "notes"},
		{"devoirs", "devoirs"},
		{"qu'est-ce que j'ai à faire pour demain", "devoirs on=18/11/26"},
		{"j'ai quoi à faire", "devoirs"},
		{"y'a des devoirs pour jeudi ?", "devoirs on=19/11/26"},
		{"devoirs de la semaine prochaine", "devoirs on=23/11/26-29/11/26"},
		{"les devoirs d'anglais de Hugo pour vendredi", "devoirs of=hugo on=20/11/26 in=anglais"},
		{"travail à faire lundi", "devoirs on=23/11/26"},
		{"exercices de maths", "devoirs in=mathematiques"},
		{"il y a quoi comme dm", "devoirs"},
		{"quand est le prochain contrôle de maths", "controles in=mathematiques"},
		{"contrôles de la semaine", "controles on=week"},
		{"interro de svt quand", "controles in=svt"},
		{"c'est quand les prochaines vacances", "vacances"},
		{"vacances de noël", "vacances rest=noël"},
		{"solde", "solde"},
		{"il reste combien sur la carte", "solde"},
		{"combien il y a sur izly", "solde"},
		{"j'ai plus d'argent ?", "solde"},
		{"combien d'argent il me reste", "solde"},
		{"mon solde izly", "solde"},
		{"izly", "solde"},
		{"mes dernières opérations izly", "historique"},
		{"qu'est-ce que j'ai dépensé", "historique"},
		{"recharge", "recharger"},
		{"recharger", "recharger"},
		{"je veux recharger ma carte de 30€", "recharger amount=3000"},
		{"recharge 12,50", "recharger amount=1250"},
		{"peux-tu mettre 10 euros sur izly", "recharger amount=1000"},
		{"ajoute 25 euros", "recharger amount=2500"},
		{"vingt euros", "recharger amount=2000"},
		{"trente euros svp", "recharger amount=3000"},
		{"20 euros", "recharger amount=2000"},
		{"20€", "recharger amount=2000"},
		{"recharger -5", "recharger amount=0"},
		{"recharger mille euros", "recharger rest=mille"},
		{"merci beaucoup !", "thanks"},
		{"d'accord", "thanks"},
		{"ok merci", "thanks"},
		{"super merci", "thanks"},
		{"merci, et demain ?", "edt on=18/11/26"},
		{"my grades", "notes"},
		{"show me the maths grades of Léa", "notes of=lea in=mathematiques"},
		{"what is the average in physics", "notes in=physique"},
		{"overall average", "notes overall"},
		{"homework for friday", "devoirs on=20/11/26"},
		{"any homework tomorrow?", "devoirs on=18/11/26"},
		{"when does Hugo finish on thursday", "edt asks=ends of=hugo on=19/11/26"},
		{"what lessons do I have today", "edt on=17/11/26"},
		{"timetable this week", "edt on=16/11/26-22/11/26"},
		{"last week", "edt on=09/11/26-15/11/26"},
		{"next test", "controles"},
		{"when are the holidays", "vacances"},
		{"how much is left", "solde"},
		{"how much money do I have", "solde"},
		{"top up 20 euros", "recharger amount=2000"},
		{"add 15 euros to my card", "recharger amount=1500"},
		{"march 3rd", "edt on=03/03/27"},
		{"both children tomorrow", "edt of=lea+hugo on=18/11/26"},
		{"thanks!", "thanks"},
		{"delete my data", "supprimer"},
		{"privacy", "confidentialite"},
		{"what can you do", "rest=what can you do"},

		{"emploi du temp de lea", "edt of=lea"},
		{"edt dmain", "edt on=18/11/26"},
		{"edt jeuid", "edt on=19/11/26"},
		{"dvoirs pour vendrdi", "devoirs on=20/11/26"},
		{"edt de lundi à mercredi", "edt on=23/11/26-25/11/26"},
		{"edt semaine du 12/03", "edt on=08/03/27-14/03/27"},
		{"la semaine de lea", "edt of=lea on=week"},
		{"cette semaine", "edt on=16/11/26-22/11/26"},
		{"semaine prochaine hugo", "edt of=hugo on=23/11/26-29/11/26"},
		{"devoirs dans 3 jours", "devoirs on=20/11/26"},
		{"edt le 12", "edt on=12/12/26"},
		{"edt 31/02", "edt day=ask: no such date"},
		{"edt mardi 23 novembre", "edt day=ask: the date is another day of the week"},
		{"edt ce soir", "edt on=17/11/26"},
		{"edt de qui", "edt"},
		{"notes de roussel", "notes unclear=lea+hugo"},
		{"notes roussel léa", "notes of=lea"},
		{"notes des enfants", "notes of=lea+hugo"},
		{"notes de mes deux enfants", "notes of=lea+hugo"},
		{"historique 5", "historique number=5"},
		{"dernières dépenses", "historique"},
		{"20", "number=20"},
		{"recharger vingt", "recharger amount=2000"},
		{"recharger 12 50", "recharger amount=0"},
		{"recharger vingt cinq euros", "recharger amount=2500"},
		{"edt quinze", "edt rest=quinze"},
		{"recharger - 20", "recharger amount=0"},
		{"recharger 20 4242", "recharger amount=2000 rest=4242"},
		{"recharger 20 000 parents", "recharger amount=0 rest=parents"},
		{"recharger 1 000", "recharger amount=100000"},
		{"recharger 20-30", "recharger rest=20-30"},
		{"recharger 10€50 parents", "recharger amount=1050 rest=parents"},
		{"edt - demain", "edt on=18/11/26"},
		{"notes de ses", "notes in=ses"},
		{"ses notes", "notes"},
		{"SES demain", "edt on=18/11/26 in=ses"},
		{"recharger vingt et un euros", "recharger amount=2100"},
		{"recharger trente et un", "recharger amount=3100"},
		{"recharger cent un euros", "recharger amount=10100"},
		{"top up twenty one euros", "recharger amount=2100"},
		{"recharger 20 euros 50", "recharger amount=2050"},
		{"top up 12 euros 30", "recharger amount=1230"},
		{"recharger 20€ ou 30€", "recharger amount=0"},
		{"recharger carte 4242 20 €", "recharger amount=2000 rest=4242"},
		{"il me reste 20 euros", "amount=2000"},
		{"ne recharge pas", "recharger not"},
		{"il y a des cours annulés cette semaine ?", "edt asks=teacher on=16/11/26-22/11/26"},
		{"est-ce que le cours de français est annulé", "edt asks=teacher in=francais"},
		{"M. Martin est absent ?", "edt asks=teacher rest=Martin"},
		{"combien il a en maths", "notes in=mathematiques"},
		{"hugo a combien en maths ?", "notes of=hugo in=mathematiques"},
		{"combien de cours a léa lundi", "edt of=lea on=23/11/26"},
		{"thank you so much", "thanks"},
		{"au revoir", "thanks"},
		{"lundi de la semaine prochaine", "edt on=23/11/26"},
		{"monday next week", "edt on=23/11/26"},
		{"dans deux semaines", "edt on=01/12/26"},
		{"in two weeks", "edt on=01/12/26"},
		{"edt 45", "edt rest=45"},
		{"bonjour à quelle heure finit hugo demain svp", "edt asks=ends of=hugo on=18/11/26"},
		{"bonsoir", "start"},
		{"relier izly", "solde rest=relier"},
		{"effacr", "rest=effacr"},
		{"langue anglais", "langue in=anglais"},
		{"edt foobar", "edt rest=foobar"},
		{"edt détails 18/11/2026", "edt on=18/11/26 details"},
		{"les notes de hugo en détail", "notes of=hugo details"},
		{"homework in detail for Hugo", "devoirs of=hugo details"},
		{"bla bla", "rest=bla bla"},
	} {
		if got := short(grammar.Read(tt.said, world)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.said, got, tt.want)
		}
	}
}

func TestSubjectsNamed(t *testing.T) {
	names := []string{
		"MATHÉMATIQUES", "FRANÇAIS", "HISTOIRE-GÉOGRAPHIE", "ANGLAIS LV1", "SCIENCES DE LA VIE ET DE LA TERRE",
		"PHYSIQUE-CHIMIE", "ÉDUCATION PHYSIQUE ET SPORTIVE", "ÉDUCATION MUSICALE", "ENSEIGNEMENT MORAL ET CIVIQUE",
		"SCIENCES ÉCONOMIQUES ET SOCIALES", "SC. NUMERIQ.TECHNOL.",
	}
	for _, tt := range []struct {
		said string
		want []string
	}{
		{"mathematiques", names[:1]},
		{"Math", names[:1]},
		{"francais", names[1:2]},
		{"français", names[1:2]},
		{"histoire geographie", names[2:3]},
		{"geographie", names[2:3]},
		{"anglais", names[3:4]},
		{"svt", names[4:5]},
		{"physique chimie", names[5:6]},
		{"physique", names[5:6]},
		{"eps", names[6:7]},
		{"musique", names[7:8]},
		{"moral", names[8:9]},
		{"ses", names[9:10]},
		{"snt", names[10:]},
		{"latin", nil},
		{"de", nil},
		{"-", nil},
		{"", nil},
	} {
		if got := ask.SubjectsNamed(names, tt.said); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.said, got, tt.want)
		}
	}
}

// FuzzRead reads anything, of any length, and loses no word of it: what is not understood is named.
func FuzzRead(f *testing.F) {
	for _, text := range []string{"edt demain léa", "recharger 12,50 €", "notes d'hist-géo T1", "#lea +2", "l'", "20 vingt 20/11 quatre vingt dix"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := grammar.Read(text, world)
		if len(q.Rest) > len(text)+len(strings.Fields(text)) || q.Amount != nil && q.Amount.Err == nil && q.Amount.Cents <= 0 {
			t.Errorf("%q: %+v", text, q)
		}
		for _, d := range q.Days {
			if d.To.Before(d.From) {
				t.Errorf("%q: ends before it begins: %+v", text, d)
			}
		}
		if again := grammar.Read(text, world); short(again) != short(q) {
			t.Errorf("%q: read as %q and as %q", text, short(q), short(again))
		}
	})
}

func TestLongTextsAreNoRequests(t *testing.T) {
	for _, text := range []string{strings.Repeat("demain ", 500), strings.Repeat("x", 501), strings.Repeat("lundi ", 41)} {
		if q := grammar.Read(text, world); q.Understood() || q.Rest == "" {
			t.Errorf("%.20q: %q", text, short(q))
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		grammar.Read("est-ce que le prof de maths de Lea est la demian matin", world)
	}
}
