package pronote

import (
	"cmp"
	"strconv"
)

// lastGrades is DernieresNotes (pronote-today §7.3).
func (c *call) lastGrades() (object, *refusal) {
	period, refused := c.periodOf("Periode")
	if refused != nil {
		return nil, refused
	}
	averages := c.ses.school.averages(c.pupil, period)
	services, tests := []object{}, []object{}
	for i, a := range averages {
		services = append(services, c.service(a, i+1))
	}
	for _, g := range c.pupil.grades {
		if g.period == period.id {
			tests = append(tests, c.test(g, period))
		}
	}
	out := object{
		"avecDetailDevoir": true, "avecDetailService": true,
		"listeServices": list(services), "listeDevoirs": list(tests),
	}
	if own, class := overall(averages); own != "" {
		out["moyGenerale"], out["moyGeneraleClasse"] = typed(tagMark, own), typed(tagMark, class)
		out["baremeMoyGenerale"], out["baremeMoyGeneraleParDefaut"] = typed(tagMark, "20"), typed(tagMark, "20")
	}
	return out, nil
}

func (c *call) service(a Average, rank int) object {
	sub := subjectOf(a.subject)
	out := object{
		"N": c.id(tableService, c.pupil.id+"."+sub.id), "G": kindService, "L": sub.name, "couleur": sub.colour,
		"ordre": rank, "estServiceGroupe": false,
		"moyEleve": typed(tagMark, a.Pupil), "moyClasse": typed(tagMark, a.Class),
		"moyMin": typed(tagMark, a.Min), "moyMax": typed(tagMark, a.Max),
		"baremeMoyEleve": typed(tagMark, "20"), "baremeMoyEleveParDefaut": typed(tagMark, "20"),
	}
	if !a.Published {
		out["estMoyNR"] = true
	}
	return out
}

func (c *call) test(g Grade, period Period) object {
	sub := subjectOf(g.subject)
	out := object{
		"N": c.id(tableTest, g.id), "G": kindTest, "date": day(g.Date),
		"note": typed(tagMark, g.Mark), "bareme": typed(tagMark, g.OutOf), "baremeParDefaut": typed(tagMark, "20"),
		"service": element(object{
			"N": c.id(tableService, c.pupil.id+"."+sub.id), "G": kindService, "L": sub.name, "couleur": sub.colour,
		}),
		"periode":     element(object{"N": c.id(tablePeriod, period.id), "L": period.Name}),
		"ListeThemes": list(nil), "coefficient": coefficient(g.Coefficient),
		"commentaire": g.Title, "commentaireSurNote": g.Remark,
		"estBonus": g.Bonus, "estFacultatif": g.Optional, "estRamenerSur20": false, "estEnGroupe": false,
	}
	if g.Average != "" {
		out["moyenne"] = typed(tagMark, g.Average)
		out["noteMin"], out["noteMax"] = typed(tagMark, g.Min), typed(tagMark, g.Max)
	}
	return out
}

// coefficient is a number when whole, and text with a comma when not: both are met (pronote-today §7.3).
func coefficient(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return cmp.Or(text, "1")
}
