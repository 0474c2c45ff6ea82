package pronote

// Tabs that this school publishes (pronote-today §6.1).
const (
	tabHome      = 7
	tabTimetable = 16
	tabHomework  = 88
	tabGrades    = 198
)

// tabTree is listeOnglets: groups of tabs, as the menu shows them.
var tabTree = []struct {
	group int
	tabs  []int
}{
	{tabHome, nil},
	{3, []int{tabGrades}},
	{4, []int{tabTimetable, tabHomework}},
}

// userParameters is ParametresUtilisateur: who the person is and what they may see (pronote-today §6). Until the second
// factor is given it says nothing of that.
func (c *call) userParameters() (object, *refusal) {
	if c.ses.stage == stageSecuring {
		return object{"listeOnglets": []object{}, "autorisations": object{}}, nil
	}
	out := object{
		"listeOnglets": c.tabs(), "listeOngletsInvisibles": []int{}, "listeOngletsNotification": []int{},
		"autorisations":                   object{"AvecDiscussion": false, "compte": object{}, "cours": object{}},
		"listeInformationsEtablissements": list(nil),
	}
	if c.ses.space.who != "parent" {
		out["ressource"] = c.resource(c.ses.school.pupils[c.ses.account.pupils[0]])
		return out, nil
	}
	var children []object
	for _, id := range c.ses.account.pupils {
		children = append(children, c.resource(c.ses.school.pupils[id]))
	}
	out["ressource"] = object{
		"N": c.id(tableParent, c.ses.account.id), "G": kindParent, "L": c.ses.account.Name,
		"Etablissement":            element(object{"N": c.id(tableSchool, "school"), "L": schoolName}),
		"listeOngletsPourPeriodes": list(nil),
		"listeRessources":          children,
	}
	return out, nil
}

func (c *call) tabs() []object {
	tree := []object{}
	for _, group := range tabTree {
		if group.tabs == nil {
			tree = append(tree, object{"G": group.group})
			continue
		}
		var tabs []object
		for _, tab := range group.tabs {
			if !c.srv.tabHidden(tab) {
				tabs = append(tabs, object{"G": tab})
			}
		}
		if tabs != nil {
			tree = append(tree, object{"G": group.group, "Onglet": tabs})
		}
	}
	return tree
}

// resource describes a pupil, to the pupil and to the parent alike.
func (c *call) resource(p *pupil) object {
	var periods []object
	for _, id := range p.periods {
		period, _ := c.ses.school.period(id)
		periods = append(periods, object{
			"N": c.id(tablePeriod, id), "L": period.Name, "G": 1, "A": true, "GenreNotation": 1,
		})
	}
	current, _ := c.ses.school.period(p.current)
	return object{
		"N": c.id(tablePupil, p.id), "G": kindPupil, "L": p.name, "avecPhoto": false, "estDelegue": false,
		"Etablissement": element(object{"N": c.id(tableSchool, p.id), "L": p.level}),
		"classeDEleve":  object{"N": c.id(tableClass, p.class), "L": p.class},
		"listeGroupes":  list([]object{{"N": c.id(tableGroup, p.class+" GR1"), "L": p.class + " GR1"}}),
		"listeOngletsPourPeriodes": list([]object{{
			"G": tabGrades, "listePeriodes": list(periods),
			"periodeParDefaut": element(object{"N": c.id(tablePeriod, p.current), "L": current.Name}),
		}}),
	}
}

// id is the identifier of an object in this session.
func (c *call) id(table int, name string) string { return c.srv.ids.id(c.ses.salt, table, name) }

// findPupil decides whom the request is about: membre of the signature, else ressource of the data if that is a known
// pupil, else the first child (pronote-today §6.2).
func (c *call) findPupil() *refusal {
	c.pupil = c.ses.school.pupils[c.ses.account.pupils[0]]
	var resource struct {
		N string `json:"N"`
		G int    `json:"G"`
	}
	named := c.in.read(&resource, "Ressource", "ressource") && resource.G == kindPupil
	if m := c.in.signature.Membre; m != nil {
		p, refused := c.ownPupil(m.N)
		if refused != nil {
			refused.title = "Impossible d'afficher la page (11)"
			c.srv.violation("membre %.60q is not a child of this account in this session", m.N)
			return refused
		}
		c.pupil = p
		if named && resource.N != m.N {
			c.srv.violation("membre and ressource name two different pupils")
		}
		return nil
	}
	if named {
		p, refused := c.ownPupil(resource.N)
		if refused != nil {
			return refused
		}
		c.pupil = p
	}
	return nil
}

// ownPupil resolves an identifier to a pupil of the account.
func (c *call) ownPupil(id string) (*pupil, *refusal) {
	name, refused := c.srv.ids.open(c.ses.salt, tablePupil, id)
	if refused != nil {
		return nil, refused
	}
	for _, own := range c.ses.account.pupils {
		if own == name {
			return c.ses.school.pupils[name], nil
		}
	}
	return nil, refuse(codeCannotShow)
}

// periodOf resolves the parameter that names a period.
func (c *call) periodOf(keys ...string) (Period, *refusal) {
	var ref struct {
		N string `json:"N"`
	}
	if !c.in.read(&ref, keys...) {
		c.srv.violation("no %s among the parameters", keys[0])
		return Period{}, refuse(codeCannotShow)
	}
	name, refused := c.srv.ids.open(c.ses.salt, tablePeriod, ref.N)
	if refused != nil {
		return Period{}, refused
	}
	p, known := c.ses.school.period(name)
	if !known {
		return Period{}, refuse(codeUnknownObject)
	}
	return p, nil
}
