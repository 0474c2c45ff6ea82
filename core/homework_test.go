package core_test

import (
	"strings"
	"testing"
	"time"

	simpronote "cartable/sim/pronote"
)

func TestHomework(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	answer := c.Say("/devoirs")
	c.wants(answer, "# Léa – devoirs du mardi 17 novembre au mardi 24 novembre",
		"6 à faire · 3 faits\n", "## Pour demain, mercredi 18 novembre", "Maths | Ex. 4 à 6 p. 52 & apprendre la définition",
		"Français (fait) | Lire le chapitre 3.", "unit 4\npièce jointe : Vidéo", "Europe\npièces jointes : carte.pdf et Atlas") // below the text, no line of its own
	c.refuses(answer, "<", "&amp;", "Exercices 23")
	if today, later := strings.Index(answer, "## Pour aujourd'hui, mardi 17"), strings.Index(answer, "## Pour le lundi 23"); today < 0 || later < today {
		t.Errorf("not in order of the day it is due:\n%s", answer)
	}
	answer = c.Say("devoirs demain")
	c.wants(answer, "# Léa – devoirs pour demain, mercredi 18 novembre", "Ex. 4 à 6")
	c.refuses(answer, "Pour le ") // the title has said it
	c.wants(c.Say("/devoirs semaine hugo"), "# Hugo – devoirs du lundi 16 novembre au dimanche 22 novembre")
	c.wants(c.Say("/devoirs samedi"), "PRONOTE n'indique aucun devoir pour ce jour.")
	c.wants(c.Say("/devoirs semaine du 07/12"), "PRONOTE n'indique aucun devoir pour ces jours.")
	c.wants(c.Say("/devoirs 24/12"), "PRONOTE n'indique aucun devoir pour ce jour.", "Pas de cours : Vacances de Noël")
	c.wants(c.Say("/devoirs 11/11"), "aucun devoir pour ce jour.\nPas de cours : Armistice 1918.\n")
	c.wants(c.Say("/devoirs blorgh"), "« blorgh »", "[1] /devoirs")
	answer = c.Say("/devoirs de maths")
	c.wants(answer, "Maths | ")
	c.refuses(answer, "Français | ")
	c.wants(c.Say("devoirs de latin"), "aucun devoir de cette matière (Latin)")
	r.noViolations()
}

func TestHomeworkButtons(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.Say("/devoirs demain")
	c.wants(c.Press("Hugo"), "# Hugo – devoirs pour demain, mercredi 18 novembre")
	c.wants(c.Press("Semaine"), "# Hugo – devoirs du lundi 16 novembre au dimanche 22 novembre")
	c.wants(c.Press("Semaine d'avant"), "# Hugo – devoirs du lundi 9 novembre au dimanche 15 novembre")
	c.Say("/devoirs demain hugo")
	c.wants(c.Press("Semaine d'après"), "# Hugo – devoirs du lundi 23 novembre au dimanche 29 novembre")
	c.Say("/devoirs hugo")
	c.wants(c.Press("Semaine d'après"), "# Hugo – devoirs du lundi 23 novembre au dimanche 29 novembre")
}

func TestHomeworkIsNothingOnlyWhenTheSchoolSaidSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.Say("/devoirs")
	r.clock.Advance(2 * time.Minute)
	r.school.Unavailable(simpronote.OutageClosed)
	c.wants(c.Say("/devoirs"), "Ex. 4 à 6", "Voici ce que PRONOTE disait le 17/11/2026 à 07:30")
	c.refuses(c.Say("/devoirs hugo"), "aucun devoir")
	r.school.Unavailable(simpronote.OutageNone)
	c.wants(c.Say("/devoirs 12/08"), "hors de l'année scolaire")
	r.school.Omit("PageCahierDeTexte", "ListeTravauxAFaire")
	answer := c.Say("/devoirs hugo")
	c.wants(answer, "référence")
	c.refuses(answer, "aucun devoir")
}
