package core_test

import "testing"

func TestLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.wants(c.Say("/start"), "# Bonjour, je suis Cartable", "/connexion", "[1] Relier un compte  [2] Aide")
	c.wants(c.Say("/langue"), "Quelle langue ?", "[1] Français  [2] English")
	c.wants(c.Press("English"), "English")
	c.wants(c.Say("help"), "/link", "/language")
	c.wants(c.Say("/solde"), "No Izly account", "/link") // French names work in English
	c.wants(c.Say("/timetabel"), "/timetable")
	r.restart()
	c.wants(c.Say("/aide"), "What I can do here")
	c.wants(c.Say("/language klingon"), "“klingon”", "Français")
	c.wants(c.Say("/language français"), "je parle français")
	c.wants(c.Say("/aide"), "Ce que je sais faire ici")
	other := r.chat("bob")
	other.wants(other.Say("/aide"), "Ce que je sais faire ici")
}

func TestEveryLineInEnglish(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkParent()
	c.linkWallet(true)
	c.Say("/langue anglais")
	for _, tt := range []struct{ say, want string }{
		{"/timetable tomorrow hugo", "# Hugo – tomorrow, Wednesday 18 November"},
		{"timetable monday", "# Léa – Monday 23 November"},
		{"/timetable week of 02/12", "Monday 30 November"},
		{"/grades maths", "average 17.2/20"},
		{"/homework", "Léa – homework from "},
		{"balance", "€12.34"},
		{"/history 1", "−€3.30"},
		{"/topup 12.50", "€12.50"},
		{"/topup 5", "€10.00"},
		{"/child", "Hugo (2DE3)"},
		{"/unlink", "Forget Izly"},
	} {
		c.wants(c.Say(tt.say), tt.want)
	}
}
