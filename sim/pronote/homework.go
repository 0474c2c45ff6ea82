package pronote

import (
	"fmt"
	"slices"
	"time"
)

// Homework is one piece of work in plain form. HTML is as the teacher's editor leaves it.
type Homework struct {
	Given, Due  time.Time // days
	Subject     string
	HTML        string
	Done        bool
	Minutes     int // 0 for not said
	Difficulty  int // 1 to 3, 0 for not said
	Attachments []Attachment

	id, subject string
}

// Attachment is a link, or a file when URL is "".
type Attachment struct{ Name, URL string }

// work is a row of the tables below: for which lesson of the subject, 0 being the next one and -1 the last one.
type work struct {
	subject     string
	lesson      int
	html        string
	done        bool
	minutes     int
	difficulty  int
	attachments []Attachment
}

var works = map[string][]work{
	"lea": {
		{"maths", -1, "<div>Ex. 12 p. 48</div>", true, 20, 1, nil},
		{"maths", 0, "<div>Ex. 4 &agrave; 6 p. 52 &amp; apprendre la d&eacute;finition</div>", false, 20, 2, nil},
		{"maths", 3, "<div>R&eacute;viser le chapitre 4&nbsp;:<ul><li>proportionnalit&eacute;</li>" +
			"<li>pourcentages</li><li>&eacute;chelles</li></ul></div>", false, 45, 3, nil},
		{"fr", 0, "<div>Lire le chapitre 3.<br/>Relever cinq adjectifs.</div>", true, 30, 1, nil},
		{
			"fr", 2, "<div>R&eacute;diger un portrait (15 lignes)</div>", false, 60, 3,
			[]Attachment{{Name: "consignes.pdf"}},
		},
		{
			"ang", 0, "<div>Learn the vocabulary: <b>unit&nbsp;4</b></div>", false, 15, 1,
			[]Attachment{{Name: "Vidéo", URL: "https://example.org/unit-4"}},
		},
		{
			"hg", 1, "<div>Compl&eacute;ter la carte de l&#39;Europe</div>", false, 0, 0,
			[]Attachment{{Name: "carte.pdf"}, {Name: "Atlas", URL: "https://example.org/atlas"}},
		},
		{"svt", 0, "<div>Sch&eacute;ma du volcan &agrave; l&eacute;gender</div>", false, 10, 1, nil},
		{"esp", 1, "<div>Apprendre les verbes en <i>-ar</i></div>", true, 15, 1, nil},
	},
	"hugo": {
		{"maths", -1, "<div>Exercices 23 et 24</div>", true, 30, 2, nil},
		{
			"maths", 1, "<div>DM n&deg;&nbsp;3&nbsp;: f &lt; g sur ]0&nbsp;;&nbsp;1[</div>", false, 90, 3,
			[]Attachment{{Name: "dm3.pdf"}},
		},
		{"fr", 0, "<div>Lire la premi&egrave;re partie du roman</div>", false, 60, 2, nil},
		{
			"ses", 0, "<div>R&eacute;pondre aux questions&nbsp;:<ol><li>document 1</li><li>document 2</li></ol></div>",
			false, 40, 2, nil,
		},
		{"pc", 1, "<div>Compte rendu du TP</div>", true, 45, 2, nil},
		{"ang", 1, "<div>Essay: 200 words</div>", false, 60, 2, []Attachment{{Name: "Topic", URL: "https://example.org/topic"}}},
		{"hg", 2, "<div>Fiche de r&eacute;vision</div>", false, 30, 1, nil},
	},
}

func (s *school) homeworkOf(p *pupil) []Homework {
	var all []Homework
	for _, w := range works[p.id] {
		due := s.lessonDay(p, w.subject, w.lesson)
		all = append(all, Homework{
			Given: s.lessonDay(p, w.subject, w.lesson-1), Due: due, Subject: subjectOf(w.subject).name, HTML: w.html,
			Done: w.done, Minutes: w.minutes, Difficulty: w.difficulty, Attachments: w.attachments,
			id: fmt.Sprintf("%s.%s.%s", p.id, w.subject, due.Format("0102")), subject: w.subject,
		})
	}
	slices.SortStableFunc(all, func(a, b Homework) int { return a.Due.Compare(b.Due) })
	return all
}

// lessonDay is the day of a lesson of the subject, counted from the next one after today; -1 is the last one before it.
func (s *school) lessonDay(p *pupil, subject string, n int) time.Time {
	step, day := 1, s.today
	if n < 0 {
		step, day, n = -1, s.today.AddDate(0, 0, 1), -n-1
	}
	for range 120 {
		day = day.AddDate(0, 0, step)
		if s.schoolDay(day) && s.hasSubject(p, subject, day) {
			if n == 0 {
				break
			}
			n--
		}
	}
	return day
}

// workToDo is PageCahierDeTexte on tab 88 (pronote-today §7.2). The answer has whole weeks.
func (c *call) workToDo() (object, *refusal) {
	days, err := c.days()
	if err != nil || len(c.in.missing("domaine")) > 0 {
		c.srv.violation("PageCahierDeTexte: no good domaine among the parameters")
		return nil, refuse(codeCannotShow)
	}
	todo := []object{}
	for _, h := range c.srv.withTicks(c.pupil.homework) {
		if slices.ContainsFunc(days, h.Due.Equal) {
			todo = append(todo, c.work(h))
		}
	}
	return object{"ListeTravauxAFaire": list(todo)}, nil
}

func (c *call) work(h Homework) object {
	sub := subjectOf(h.subject)
	files := []object{}
	for i, a := range h.Attachments {
		file := object{"N": c.id(tableFile, fmt.Sprint(h.id, i)), "G": 1, "L": a.Name}
		if a.URL != "" {
			file["G"], file["url"] = 0, a.URL
		}
		files = append(files, file)
	}
	return object{
		"N": c.id(tableHomework, h.id), "descriptif": typed(tagHTML, h.HTML), "PourLe": day(h.Due), "DonneLe": day(h.Given),
		"TAFFait": h.Done, "CouleurFond": sub.colour, "niveauDifficulte": h.Difficulty, "duree": h.Minutes,
		"Matiere":    element(object{"N": c.id(tableSubject, sub.id), "L": sub.name}),
		"genreRendu": 0, "peuRendre": false, "ListeThemes": list(nil), "libelleCBTheme": "Thèmes",
		"ListePieceJointe": list(files),
	}
}

// tickWork is SaisieTAFFaitEleve: the pupil says what is done.
func (c *call) tickWork() (object, *refusal) {
	var ticks []struct {
		N       string `json:"N"`
		TAFFait bool   `json:"TAFFait"`
	}
	if !c.in.read(&ticks, "listeTAF") {
		c.srv.violation("SaisieTAFFaitEleve: no listeTAF")
		return nil, refuse(codeCannotShow)
	}
	done := map[string]bool{}
	for _, tick := range ticks {
		id, refused := c.srv.ids.open(c.ses.salt, tableHomework, tick.N)
		if refused != nil {
			return nil, refused
		}
		done[id] = tick.TAFFait
	}
	c.srv.tick(done)
	return object{}, nil
}

func (s *Server) tick(done map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, is := range done {
		s.ticked[id] = is
	}
}

// withTicks is the homework as the pupils have left it.
func (s *Server) withTicks(all []Homework) []Homework {
	s.mu.Lock()
	defer s.mu.Unlock()
	all = slices.Clone(all)
	for i, h := range all {
		if done, said := s.ticked[h.id]; said {
			all[i].Done = done
		}
	}
	return all
}
