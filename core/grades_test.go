package core_test

import (
	"strings"
	"testing"
	"time"

	"cartable/core/ask"
	simpronote "cartable/sim/pronote"
)

func TestGrades(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	answer := c.Say("/notes")
	c.wants(answer, "# Léa – notes, Trimestre 2", "Moyenne générale | 14,81/20 (classe 12,41)",
		"## Dernières notes\n16/11 | Maths 15,5/20 · ", "12/11 | Histoire-géo · non noté",
		"## Moyennes\nMaths | 17,2/20\n", "EPS | pas de moyenne", "Musique | pas de moyenne\n")
	c.refuses(answer, "05/11", "coef.", "Style soigné", "min 3,43")
	answer = c.Press("Détails")
	c.wants(answer, "# Léa – notes, Trimestre 2", "Moyenne générale | 14,81/20 (classe 12,41)",
		"## Maths — moyenne 17,2/20 (classe 11,06, min 3,43, max 18,86)",
		"15,5/20 · Contrôle : proportionnalité · coef. 2 · classe 11,2, min 4, max 18",
		"4,5/5", "bonus", "| absence ·", "| non noté ·", "| non rendu ·", "| dispense ·", "félicitations", "facultatif",
		"Style soigné.", "## Musique — pas de moyenne", "## EPS — pas de moyenne (classe 13, min 9, max 18)")
	c.refuses(answer, "0,00", "nul", "inconnue", "Détails")
	c.wants(c.Say("notes maths"), "## Maths", "Énigmes", "> Moyenne générale | 14,81/20")
	c.refuses(c.Say("notes maths"), "Français")
	c.wants(c.Say("/notes svt"), "## SVT")
	c.wants(c.Say("/notes eps"), "## EPS")
	c.refuses(c.Say("/notes pc"), "EPS")
	c.wants(c.Say("/notes Zoé"), "« Zoé » n'est ni une matière, ni une période (Trimestre 1, Trimestre 2, Trimestre 3), ni un enfant (Léa et Hugo).",
		"/notes montre toutes les notes.", "Matières (Trimestre 2) : Maths, Français", "et Musique")
	for _, all := range []string{"note", "moyenne", "trimestre", "semestre", "averages"} {
		c.wants(c.Say("/notes "+all), "# Léa – notes, Trimestre 2", "Moyenne générale", "Français | 14/20")
	}
	r.noViolations()
}

// A pupil's own account has one child, which is nothing to choose from.
func TestNoSuchSubjectOfAPupil(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("lea")
	c.linkSchool(1)
	answer := c.Say("/notes latin")
	c.wants(answer, "« latin » n'est ni une matière, ni une période (Trimestre 1, Trimestre 2, Trimestre 3).", "Matières")
	c.refuses(answer, "enfant")
}

func TestGradesOfAPeriodAndOfTheOtherChild(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.wants(c.Say("/notes trimestre 1"), "# Léa – notes, Trimestre 1")
	c.wants(c.Say("/notes T1 maths"), "# Léa – notes, Trimestre 1", "## Maths")
	c.wants(c.Say("/notes t3"), "PRONOTE n'indique encore aucune note pour Léa (Trimestre 3)")
	c.Say("/notes")
	c.wants(c.Press("Trimestre 1"), "# Léa – notes, Trimestre 1")
	c.wants(c.Press("Hugo"), "# Hugo – notes, Semestre 1")
	c.wants(c.Press("Semestre 2"), "Hugo (Semestre 2)")
	c.wants(c.Say("/grades maths hugo"), "# Hugo – notes, Semestre 1", "## Maths")
}

func TestGradesAreThoseOfTheSchool(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	truth := r.school.Truth()
	for i, name := range []string{"léa", "hugo"} {
		child := truth.Children[i]
		answer, details := c.Say("/notes "+name), c.Say("/notes détails "+name)
		for _, a := range child.Averages(child.Current()) {
			if a.Published && strings.ContainsAny(a.Pupil, "0123456789") && !strings.Contains(a.Pupil, "|") {
				c.wants(answer, ask.Short(a.Subject)+" | "+trimZeros(a.Pupil)+"/20")
				c.wants(details, ask.Short(a.Subject)+" — moyenne "+trimZeros(a.Pupil)+"/20")
			}
		}
	}
}

// trimZeros writes the simulator's "14,50" as the bot does.
func trimZeros(mark string) string {
	if strings.Contains(mark, ",") {
		mark = strings.TrimRight(strings.TrimRight(mark, "0"), ",")
	}
	return mark
}

func TestGradesThatTheSchoolDoesNotShow(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.Say("/notes")
	r.clock.Advance(2 * time.Minute)
	r.school.Unavailable(simpronote.OutageMaintenance)
	c.wants(c.Say("/notes"), "# Léa – notes, ", "14,81", "Voici ce que PRONOTE disait le 17/11/2026 à 07:30")
	c.refuses(c.Say("/notes trimestre 1"), "aucune note")
	r.school.Unavailable(simpronote.OutageNone)
	r.school.HideTab(198, true)
	r.school.ExpireSessions()
	answer := c.Say("/notes hugo")
	c.wants(answer, "ne publie pas cette page")
	c.refuses(answer, "aucune note")
	c.wants(c.Say("/edt"), "# Léa – ") // the rest works
}
