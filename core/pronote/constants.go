package pronote

// Remote functions, pronote-today §5 to §7.
const (
	fnParameters     = "FonctionParametres"
	fnIdentification = "Identification"
	fnAuthentication = "Authentification"
	fnUser           = "ParametresUtilisateur"
	fnTimetable      = "PageEmploiDuTemps"
	fnGrades         = "DernieresNotes"
	fnHomework       = "PageCahierDeTexte"
	fnAppToken       = "JetonAppliMobile"
	fnLogout         = "SaisieDeconnexion"
)

// tab is a screen of the web client, which PRONOTE calls onglet, pronote-today §6.1.
type tab int

const (
	tabNone      tab = 0 // of requests that belong to the login
	tabHome      tab = 7
	tabTimetable tab = 16
	tabHomework  tab = 88
	tabGrades    tab = 198
)

// Kinds of objects (G), pronote-today §4.3.
const (
	kindGroup     = 2
	kindTeacher   = 3
	kindPupil     = 4
	kindSubject   = 16
	kindRoom      = 17
	kindStaff     = 34
	kindClassPart = 58
)

// kindPeriod marks ordinary periods, pronote-today §4.6.
const kindPeriod = 1

// lessonCouncil is the G of a class council in a timetable, pronote-today §7.1.
const lessonCouncil = 1

// Type tags of values that we send, pronote-today §4.3.
const typeDomain = 8

// isParentSpace tells the kinds of account (a) that are a parent's: desktop and mobile space, and both in
// primary schools, pronote-today §3.1.
func isParentSpace(a string) bool {
	switch a {
	case "2", "7", "20", "22":
		return true
	}
	return false
}

// pageQuery skips the redirections to the mobile page, to delegated authentication and to a portal, where
// the school lets people log in directly, pronote-today §3.2.
const pageQuery = "fd=1&bydlg=A6ABB224-12DD-4E31-AD3E-8A39A1C2C335&login=true"

// userAgent is a recent browser: an old or unknown one gets a page that says so (seed-pronote, Session
// creation step 1).
const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// appUserAgent is what the app's pages want to see, with the two blanks of a client that gets in,
// pronote-today §3.2.
const appUserAgent = userAgent + "  PRONOTE Mobile APP"

// The device that an app says it is (informationsAppareil, pronote-today §5.1). PRONOTE shows the model to
// the account's owner among the linked devices; of platforms only iOS has been seen accepted.
const (
	deviceModel    = "Cartable"
	devicePlatform = "iOS"
)

// Limits on what a server may make us hold.
const (
	maxPage       = 2 << 20   // bytes of the HTML page
	maxErrorPage  = 256 << 10 // bytes that are searched of a page in place of an answer
	maxKept       = 4 << 10   // bytes of each text that it gives an app to bring along the next time
	maxIdentifier = 512       // bytes of an N; far above those of the simulator, real ones were not measured
)
