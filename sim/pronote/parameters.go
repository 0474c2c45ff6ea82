package pronote

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
)

// parameters is FonctionParametres: it takes over the client's IV and describes the school (pronote-today §4.6).
func (c *call) parameters() (object, *refusal) {
	var uuid string
	if !c.in.read(&uuid, "Uuid") {
		c.srv.violation("FonctionParametres: no Uuid in %q", c.srv.dialect.names.data)
		return nil, refuse(codeCannotShow)
	}
	iv, err := c.clientIV(uuid)
	if err != nil {
		c.srv.violation("FonctionParametres: Uuid %v", err)
		return nil, refuse(codeCannotShow)
	}
	c.ses.iv = hash(iv)
	c.ses.stage = stageAgreed
	var device string
	if !c.in.read(&device, "identifiantNav") || !c.srv.knownDevice(device) {
		device = c.srv.newDevice()
	}
	now := c.srv.clock()
	return object{
		"identifiantNav":  device,
		"DateServeurHttp": moment(now),
		"urlLogout":       "",
		"avecMembre":      c.ses.space.who == "parent",
		"General":         c.general(),
	}, nil
}

// clientIV reads the material of the IV: 16 bytes in base64, wrapped or not, under the page's RSA key where there is one.
func (c *call) clientIV(uuid string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(uuid), ""))
	if err != nil {
		return nil, fmt.Errorf("is not base64")
	}
	if c.srv.dialect.ownRSA {
		if raw, err = decryptRSA(rsaKey(), raw); err != nil {
			return nil, fmt.Errorf("is not encrypted under the page's RSA key")
		}
	}
	if len(raw) != 16 {
		return nil, fmt.Errorf("holds %d bytes, 16 were wanted", len(raw))
	}
	return raw, nil
}

func (s *Server) knownDevice(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.devices[id]
}

func (s *Server) newDevice() string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.devices) > maxJournal {
		clear(s.devices)
	}
	s.devices[id] = true
	return id
}

// general is the member General of FonctionParametres: the school and its year (pronote-today §4.6).
func (c *call) general() object {
	cal := c.ses.school.calendar
	var starts, ends, periods, holidays []object
	for slot := range slotsPerDay + 1 {
		starts = append(starts, object{"G": slot, "L": hour(slot), "A": true})
		ends = append(ends, object{"G": slot, "L": hour(slot + 1), "A": true})
	}
	for i, p := range cal.periods {
		periods = append(periods, object{
			"N": c.id(tablePeriod, p.id), "G": 1, "L": p.Name, "periodeNotation": i + 1,
			"dateDebut": day(p.First), "dateFin": day(p.Last),
		})
	}
	for i, h := range cal.holidays {
		holidays = append(holidays, object{
			"N": c.id(tableHoliday, fmt.Sprint("h", i)), "L": h.name, "dateDebut": day(h.first), "dateFin": day(h.last),
		})
	}
	working := cal.today
	if !cal.schoolDay(working) {
		working = cal.nextSchoolDay(working)
	}
	_, isoWeek := cal.firstMonday.ISOWeek()
	return object{
		"versionPN":             c.srv.dialect.version.String(),
		"NomEtablissement":      schoolName,
		"AnneeScolaire":         fmt.Sprintf("%d-%d", cal.first.Year(), cal.first.Year()+1),
		"PremierLundi":          day(cal.firstMonday),
		"PremiereDate":          day(cal.first),
		"DerniereDate":          day(cal.last),
		"JourOuvre":             day(working),
		"JoursOuvres":           typed(tagSet, "[1..5]"),
		"numeroPremiereSemaine": isoWeek,
		"PlacesParJour":         slotsPerDay,
		"PlacesParHeure":        slotsPerHour,
		"DureeSequence":         slotsPerHour,
		"premierJourSemaine":    0,
		"ListeHeures":           list(starts),
		"ListeHeuresFin":        list(ends),
		"ListePeriodes":         periods,
		"listeJoursFeries":      list(holidays),
		"DomainesFrequences": []object{
			typed(tagDomain, ""), typed(tagDomain, cal.weeksOf(1)), typed(tagDomain, cal.weeksOf(2)),
		},
		"LibellesFrequences": []string{"", "Q1", "Q2"},
	}
}
