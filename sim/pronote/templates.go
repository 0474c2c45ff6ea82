package pronote

// slot is one lesson of the ordinary week.
type slot struct {
	start, length int    // in half hours from 08:00
	subject       string // identifier
	teacher, room string
	group         int // half of the class, 0 for all of it
	fortnight     int // 0 for every week
}

// timetable4B is a class of collège: Léa's.
var timetable4B = [5][]slot{
	{
		{0, 2, "maths", "MARTIN P.", "B12", 0, 0},
		{2, 2, "fr", "BERNARD S.", "A04", 0, 0},
		{4, 2, "ang", "WALKER J.", "A11", 0, 0},
		{6, 2, "hg", "LEFEVRE C.", "A07", 0, 0},
		{12, 2, "svt", "NGUYEN T.", "LABO 2", 1, 0},
		{14, 4, "eps", "DURAND K.", "GYMNASE", 0, 0},
	},
	{
		{0, 2, "esp", "GARCIA M.", "A09", 0, 0},
		{2, 2, "maths", "MARTIN P.", "B12", 0, 0},
		{4, 2, "tech", "PETIT R.", "ATELIER", 1, 1},
		{4, 2, "pc", "MOREAU L.", "LABO 1", 1, 2},
		{6, 2, "fr", "BERNARD S.", "A04", 0, 0},
		{12, 2, "hg", "LEFEVRE C.", "A07", 0, 0},
		{14, 2, "arts", "ROUX E.", "ARTS", 0, 0},
	},
	{
		{0, 2, "fr", "BERNARD S.", "A04", 0, 0},
		{2, 2, "ang", "WALKER J.", "A11", 0, 0},
		{4, 2, "maths", "MARTIN P.", "B12", 0, 0},
		{6, 2, "mus", "FABRE O.", "MUSIQUE", 0, 0},
	},
	{
		{0, 2, "pc", "MOREAU L.", "LABO 1", 0, 0},
		{2, 2, "esp", "GARCIA M.", "A09", 0, 0},
		{4, 2, "fr", "BERNARD S.", "A04", 0, 0},
		{6, 2, "maths", "MARTIN P.", "B12", 0, 0},
		{11, 2, "ang", "WALKER J.", "A12", 1, 0},
		{13, 2, "hg", "LEFEVRE C.", "A07", 0, 0},
		{15, 2, "vie", "BERNARD S.", "A04", 0, 1},
	},
	{
		{0, 4, "eps", "DURAND K.", "GYMNASE", 0, 0},
		{4, 2, "hg", "LEFEVRE C.", "A07", 0, 0},
		{6, 2, "esp", "GARCIA M.", "A09", 0, 0},
		{12, 2, "maths", "MARTIN P.", "B12", 0, 0},
		{14, 2, "svt", "NGUYEN T.", "LABO 2", 1, 1},
		{14, 2, "tech", "PETIT R.", "ATELIER", 1, 2},
	},
}

// timetable2DE3 is a class of lycée: Hugo's.
var timetable2DE3 = [5][]slot{
	{
		{2, 2, "ses", "HADDAD N.", "C21", 0, 0},
		{4, 2, "maths", "OLIVIER D.", "C14", 0, 0},
		{6, 2, "fr", "CHEVALIER A.", "C02", 0, 0},
		{10, 2, "hg", "BLANC Y.", "C08", 0, 0},
		{12, 3, "snt", "KOVACS I.", "INFO 1", 2, 0},
		{15, 2, "ang", "O'NEILL F.", "C17", 0, 0},
	},
	{
		{0, 4, "pc", "SIMON G.", "LABO 4", 2, 1},
		{0, 4, "svt", "DIALLO B.", "LABO 5", 2, 2},
		{4, 4, "eps", "LAMBERT V.", "STADE", 0, 0},
		{10, 2, "all", "WAGNER H.", "C10", 0, 0},
		{12, 2, "maths", "OLIVIER D.", "C14", 0, 0},
		{14, 2, "hg", "BLANC Y.", "C08", 0, 0},
	},
	{
		{0, 2, "ang", "O'NEILL F.", "C17", 0, 0},
		{2, 2, "maths", "OLIVIER D.", "C14", 0, 0},
		{4, 2, "fr", "CHEVALIER A.", "C02", 0, 0},
		{6, 2, "ses", "HADDAD N.", "C21", 0, 0},
	},
	{
		{0, 2, "fr", "CHEVALIER A.", "C02", 0, 0},
		{2, 2, "all", "WAGNER H.", "C10", 0, 0},
		{4, 2, "hg", "BLANC Y.", "C08", 0, 0},
		{6, 2, "pc", "SIMON G.", "LABO 4", 0, 0},
		{11, 2, "ang", "O'NEILL F.", "C17", 2, 0},
		{13, 3, "maths", "OLIVIER D.", "C15", 2, 0},
	},
	{
		{0, 2, "maths", "OLIVIER D.", "C14", 0, 0},
		{3, 3, "svt", "DIALLO B.", "LABO 5", 2, 0},
		{6, 2, "all", "WAGNER H.", "C10", 0, 0},
		{10, 2, "fr", "CHEVALIER A.", "C02", 0, 0},
		{12, 2, "ses", "HADDAD N.", "C21", 0, 1},
		{12, 2, "vie", "HADDAD N.", "C21", 0, 2},
		{14, 3, "pc", "SIMON G.", "LABO 4", 0, 0},
	},
}
