package ask

// kind is what a run of words is.
type kind int

const (
	isCommand kind = iota
	isQuestion
	isSubject
	isChild
	isEveryone
	isDay
	isPart // of a day: understood, and of no further use
	isPeriod
	isAmount
	isNumber
	isWallet
	isOverall
	isDetails
	isThanks
	isNot
	isFiller // says nothing beside something else
)

// meaning is what a phrase of the vocabulary says.
type meaning struct {
	kind  kind
	name  string
	score int // for each word
}

// vocabulary are the words, folded, that are no names of commands, of days or of people.
var vocabulary = []struct {
	meaning
	words []string
}{
	{meaning{isQuestion, string(Begins), 10}, []string{
		"commence", "commences", "commencent", "commencer", "debute", "debut", "embauche",
		"start", "starts", "begin", "begins",
	}},
	{meaning{isQuestion, string(Ends), 10}, []string{
		"finis", "finit", "finissent", "finir", "termine", "terminent", "terminer", "fin", "sors", "sort", "sortent", "sortie",
		"finish", "finishes", "end", "ends",
	}},
	{meaning{isQuestion, string(Teacher), 10}, []string{
		"prof", "profs", "professeur", "professeure", "professeurs", "enseignant", "enseignante", "absent", "absente", "absents",
		"annule", "annules", "annulee", "annulees", "cancelled", "canceled", "maintenu", "maintenus", "absentes",
		"teacher", "teachers", "prof absent", "prof absente", "teacher absent",
	}},
	{meaning{isEveryone, "", 10}, []string{
		"tous enfants", "mes enfants", "tout monde", "tous deux", "both", "both children", "everyone", "everybody", "all children",
	}},
	{meaning{isPart, "", 8}, []string{
		"matin", "matinee", "morning", "apres midi", "aprem", "aprems", "afternoon", "soir", "soiree", "evening", "midi", "journee",
	}},
	{meaning{isOverall, "", 9}, []string{"generale", "general", "generales", "overall", "globale"}},
	{meaning{isDetails, "", 9}, []string{"details", "detail", "detaille", "detaillee", "detailles", "detaillees", "detailed"}},
	{meaning{isThanks, "", 10}, []string{
		"merci", "merci beaucoup", "mercii", "ok", "okay", "oki", "d accord", "parfait", "super", "top merci", "cool", "nickel",
		"thanks", "thank you", "thank you so much", "thanks much", "thx", "great", "perfect", "cheers", "genial", "merci bcp", "bien recu",
		"au revoir", "bonne nuit", "bonne soiree", "bonne journee", "bye", "goodbye", "good night", "top",
	}},
	{meaning{isNot, "", 2}, []string{"ne", "n", "pas", "jamais", "not", "dont", "don", "never"}},
	{meaning{isFiller, "", 2}, []string{
		"combien", "much", "bonsoir", "hi", "mme", "mr", "monsieur", "madame", "voudrais", "si",
		"izly", "carte", "compte", "pronote", "ecole", "college", "lycee", "school", "card", "account", "wallet", "porte monnaie",
		"tout", "toute", "tous", "toutes", "all", "everything", "dernier", "derniere", "derniers", "dernieres", "last", "latest", "recent",
		"recents", "recentes", "nouveau", "nouvelle", "nouvelles", "nouveaux", "new", "matiere", "matieres", "subject", "subjects",
		"periode", "period", "trimestre", "semestre", "term", "semester", "note", "notes", "moyenne", "moyennes", "grade", "grades",
		"mark", "marks", "average", "averages", "bonjour", "salut", "hello", "coucou", "hey", "bot", "cartable", "reste", "restant", "left",
		"remaining", "jour", "jours", "day", "days", "lesson", "lessons", "class", "cours", "eleve", "euro", "euros", "merci", "thanks",
		"prochain", "prochaine", "prochains", "prochaines", "next", "suivant", "suivante", "bientot", "soon",
		"-", "present", "presente", "deux", "two", "here", "away", "missing",
	}},
}

// leftWords say that a sum is what is left, and not what is wanted.
var leftWords = set("reste restant left remaining")

// weak are words that name a command only where nothing else does: "combien" is asked of anything.
var weak = set("combien much bonjour salut hello hi coucou bonsoir")

func init() {
	for _, s := range subjects {
		vocabulary = append(vocabulary, struct {
			meaning
			words []string
		}{meaning{isSubject, s.name, 9}, s.said})
	}
}
