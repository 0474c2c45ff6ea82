package core_test

import "testing"

// TestQuestions asks for one thing of a day: the answer comes first, the buttons lead to more.
func TestQuestions(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	for _, tt := range []struct{ say, want string }{
		{"/edt à quelle heure je commence", "Léa commence à 08:00 le mardi 17 novembre."},
		{"/edt je finis à quelle heure lundi", "Léa finit à "},
		{"/edt le prof de maths est là", "Maths, le mardi 17 novembre à 09:00, est annulé."},
		{"/edt prof de maths absent aujourd'hui", "MARTIN P. · Prof. absent"},
		{"/edt prof d'arts absent ?", "PRONOTE n'annonce pas d'absence : Arts plastiques, le mardi 17 novembre à 15:00, est maintenu."},
		{"/edt profs absents aujourd'hui", "# Léa – cours annulés le mardi 17 novembre"},
		{"/edt M. Martin est absent ?", "Maths, le mardi 17 novembre à 09:00, est annulé."},
		{"/edt est-ce que mme garcia est absente mardi", "PRONOTE n'annonce pas d'absence : Espagnol"},
		{"/edt M. Inconnu est absent ?", "Je n'ai pas compris « Inconnu »"},
		{"/edt prof de latin demain", "Léa n'a pas cours de cette matière (Latin) le mercredi 18 novembre."},
		{"/edt prochain cours de maths", "# Léa – prochains cours : Maths"},
		{"/edt français aujourd'hui", "11:00–12:00 | Français"},
		{"/edt latin", "PRONOTE n'indique aucun cours de cette matière (Latin) pour Léa d'ici le lundi 30 novembre."},
		{"/edt commence samedi", "# Léa – samedi 21 novembre"},
	} {
		c.wants(c.Say(tt.say), tt.want)
	}
	c.wants(c.Say("/edt je commence à quelle heure demain"), "le mercredi 18 novembre.", "[1] mer. 18/11")
	c.wants(c.Press("mer. 18/11"), "# Léa – demain, mercredi 18 novembre")
	r.noViolations()
}
