package izly

import "time"

// Addresses of the real services (izly-today §1.1, §9, §2.2).
const (
	defaultSOAPURL = "https://soap.izly.fr/Service.asmx"
	defaultRESTURL = "https://rest.izly.fr/Service/PublicService.svc/rest"
	defaultSiteURL = "https://mon-espace.izly.fr"
)

// Remote methods. The seed's text says "Login", its example and every client send Logon (conflict C5).
const (
	opLogon        = "Logon"
	opStatement    = "GetStatement"
	opCards        = "MoneyInCbCbList"
	opPrepare      = "MoneyInCb"
	opConfirm      = "MoneyInCbConfirm"
	opSite         = "activation link"
	opSessionValid = "IsSessionValid" // REST
)

// Roots of the inner documents (seed-izly §III; izly-today §3, §5.1, §6, §7).
const (
	rootError     = "E"
	rootUserData  = "UserData"
	rootLogon     = "Logon"
	rootStatement = "RPL"
	rootCards     = "RCBL"
	rootPrepared  = "RMIN"
)

// Arguments that every call carries (seed-izly §II.a), and what the application adds (izly-today §1.1).
const (
	argChannel    = "AIZ"
	argFormat     = "T"
	argModel      = "A" // Android
	argLanguage   = "fr"
	clientType    = "PART" // an individual
	defaultVer    = "6.0"  // conflict C7: the application numbers each method, the seed does not
	soapUserAgent = "ksoap2-android/2.6.0+"
	// siteUserAgent is what opens the link of an SMS: a telephone's browser (izly-today §2.3).
	siteUserAgent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)

// Codes of refusals (izly-today §1.3). Those for a bad OTP, a bad print, an unknown card or an amount out
// of bounds are unknown.
const (
	codeBlocked        = 102
	codeWrongCode      = 105
	codeExpired        = 140
	codeInvalid        = 141
	codeTooOld         = 324
	codeOpposition     = 500
	codeAuthentication = 512 // guessed: a bad OTP
	codeBlockedToo     = 506
	codeTokenExpired   = 569
	codeTokenInvalid   = 570
	codeNotRefreshable = 571
)

// Priorities of refusals (izly-today §1.3): what the application forgets.
const (
	prioUnknown = -1 // not said
	prioReset   = 0  // OTP key, tokens and user: a new SMS is needed
	prioFatal   = 1  // tokens: a new Logon is needed
)

// Values of TYPE in a statement that mean something to this package or its callers (izly-today §5.1).
const (
	typeUnknown       = -1
	TypeReceived      = 0
	TypeSent          = 1
	TypeTopUp         = 2
	TypeTransfer      = 3
	TypeRequest       = 4
	TypeDemand        = 5
	TypeRefund        = 6
	TypeShop          = 7
	TypeTerminal      = 8
	TypeCommission    = 9
	TypeTopUpRefunded = 10
	TypeTransferBack  = 11
	TypeCardPayment   = 18
	TypeCardRefund    = 19
	TypeCashTopUp     = 24
	TypeBankTopUp     = 26
)

// Bounds on what comes in and on what is waited for.
const (
	maxDepth    = 32
	maxPages    = 20       // of a statement
	maxListed   = 2_000    // operations of a statement, over all pages
	maxHeader   = 64 << 10 // bytes of the header of an answer: each cookie in it becomes a structure
	maxCards    = 50
	callTimeout = 40 * time.Second // the application waits 30 to 40 s (izly-today §1.1)
	siteTimeout = 15 * time.Second // for the link: there is another way to enrol
)

// bounds are what an answer of one method may hold.
type bounds struct {
	bytes int // of the HTTP body
	nodes int // elements and their attributes, in each of its two documents
}

// boundsOf gives them. How many operations the service puts into one page is not known (docs/izly-protocol.md): the
// bound of a statement has room for a thousand of a kilobyte each, an estimate, in one answer; with twice as
// many bytes the worst answer takes more memory than TestHostileAnswersCostLittle allows. All other answers of the
// simulator have a few kilobytes.
func boundsOf(op string) bounds {
	if op == opStatement {
		return bounds{1 << 20, 20_000}
	}
	return bounds{128 << 10, 4_000}
}
