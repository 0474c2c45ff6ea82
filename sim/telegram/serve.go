package telegram

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// handler runs one method under the server's lock and returns the "result" of the answer.
type handler func(s *Server, q *query) (any, error)

// methods by lower-case name: the Bot API does not look at the case of a method's name.
var methods = map[string]handler{
	"getme":                  (*Server).getMe,
	"setwebhook":             (*Server).setWebhook,
	"deletewebhook":          (*Server).deleteWebhook,
	"getwebhookinfo":         (*Server).getWebhookInfo,
	"sendmessage":            (*Server).sendMessage,
	"sendphoto":              (*Server).sendPhoto,
	"senddocument":           (*Server).sendDocument,
	"sendchataction":         (*Server).sendChatAction,
	"editmessagetext":        (*Server).editMessageText,
	"editmessagecaption":     (*Server).editMessageCaption,
	"editmessagereplymarkup": (*Server).editMessageReplyMarkup,
	"deletemessage":          (*Server).deleteMessage,
	"answercallbackquery":    (*Server).answerCallbackQuery,
	"getfile":                (*Server).getFile,
	"getchat":                (*Server).getChat,
	"getchatmember":          (*Server).getChatMember,
	"leavechat":              (*Server).leaveChat,
	"setmycommands":          (*Server).setMyCommands,
	"getmycommands":          (*Server).getMyCommands,
	"deletemycommands":       (*Server).deleteMyCommands,
	"setmydescription":       (*Server).setMyDescription,
	"getmydescription":       (*Server).getMyDescription,
	"setmyshortdescription":  (*Server).setMyShortDescription,
	"getmyshortdescription":  (*Server).getMyShortDescription,
}

const getUpdates = "getupdates" // waits, so it is no handler

var tokenForm = regexp.MustCompile(`^\d+:[\w-]{30,}$`)

func tokenID(token string) int64 {
	digits, _, _ := strings.Cut(token, ":")
	id, _ := strconv.ParseInt(digits, 10, 64)
	return id
}

// ServeHTTP answers /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, file := strings.CutPrefix(r.URL.Path, "/file")
	rest, ok := strings.CutPrefix(rest, "/bot")
	token, name, found := strings.Cut(rest, "/")
	switch {
	case !ok || !found || !tokenForm.MatchString(token) && token != s.conf.Token:
		writeError(w, &apiError{Code: http.StatusNotFound, Description: "Not Found"})
	case token != s.conf.Token:
		writeError(w, &apiError{Code: http.StatusUnauthorized, Description: "Unauthorized"})
	case file:
		s.download(w, r, name)
	default:
		s.call(w, r, name)
	}
}

// call runs one method: parameters, scripted fault, limits, effect, answer.
func (s *Server) call(w http.ResponseWriter, r *http.Request, name string) {
	q, err := readQuery(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	fault, refused := s.fail(w, r, name, q.chatID())
	if refused {
		return
	}
	result, err := s.run(r, name, q, fault.Cut)
	switch {
	case fault.Cut == CutAfter:
		panic(http.ErrAbortHandler)
	case err != nil:
		writeError(w, err)
	default:
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "result": result})
	}
}

func (s *Server) run(r *http.Request, name string, q *query, cut Cut) (any, error) {
	call := Call{Method: name, ChatID: q.chatID(), Thread: q.num("message_thread_id"), At: s.conf.Now(), Lost: cut == CutAfter}
	method := strings.ToLower(name)
	if method == getUpdates {
		result, err := s.getUpdates(r, q, cut == CutAfter)
		s.record(call.with(err))
		return result, err
	}
	h, ok := methods[method]
	if !ok {
		err := &apiError{Code: http.StatusNotFound, Description: "Not Found: method not found"}
		s.record(call.with(err))
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.flood(method, call)
	var result any
	if err == nil {
		result, err = h(s, q)
	}
	s.log(call.with(err))
	if err != nil {
		return nil, err
	}
	return json.Marshal(result) // under the lock: results point into the state
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if m, ok := v.(map[string]any); ok {
		if raw, ok := m["result"].([]byte); ok {
			m["result"] = json.RawMessage(raw)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// apiError is a refusal, in Telegram's words.
type apiError struct {
	Code        int
	Description string
	RetryAfter  int
	MigrateTo   int64
}

func (e *apiError) Error() string { return e.Description }

func badRequest(format string, a ...any) error {
	return &apiError{Code: http.StatusBadRequest, Description: "Bad Request: " + fmt.Sprintf(format, a...)}
}

func forbidden(what string) error {
	return &apiError{Code: http.StatusForbidden, Description: "Forbidden: " + what}
}

func conflict(what string) error {
	return &apiError{Code: http.StatusConflict, Description: "Conflict: " + what}
}

func tooMany(seconds int) *apiError {
	return &apiError{
		Code:        http.StatusTooManyRequests,
		Description: fmt.Sprintf("Too Many Requests: retry after %d", seconds),
		RetryAfter:  seconds,
	}
}

func writeError(w http.ResponseWriter, err error) {
	e, ok := err.(*apiError)
	if !ok {
		e = &apiError{Code: http.StatusInternalServerError, Description: "Internal Server Error"}
	}
	answer := map[string]any{"ok": false, "error_code": e.Code, "description": e.Description}
	parameters := map[string]any{}
	if e.RetryAfter > 0 {
		parameters["retry_after"] = e.RetryAfter
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	if e.MigrateTo != 0 {
		parameters["migrate_to_chat_id"] = e.MigrateTo
	}
	if len(parameters) > 0 {
		answer["parameters"] = parameters
	}
	writeJSON(w, e.Code, answer)
}

// fail takes the fault that is scripted for the method, if any, and reports whether it was the answer. A
// cut before the effect ends the handler.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, name string, chat int64) (Fault, bool) {
	f := s.takeFault(name, chat)
	if !s.pass(r, f) {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 {
		return f, false
	}
	s.record(Call{Method: name, ChatID: chat, At: s.conf.Now(), Code: f.Status, Error: f.Description})
	f.write(w, r)
	return f, true
}

// write answers with the fault. The page of a 5xx shows the path and so the token, as proxies do.
func (f Fault) write(w http.ResponseWriter, r *http.Request) {
	if f.HTML {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		fmt.Fprintf(w, "<html><head><title>%d %s</title></head><body><h1>%s</h1><p>%s %s</p></body></html>\n",
			f.Status, http.StatusText(f.Status), http.StatusText(f.Status), r.Method, html.EscapeString(r.URL.Path))
		return
	}
	e := &apiError{Code: f.Status, Description: f.Description, RetryAfter: f.RetryAfter}
	if f.Status == http.StatusTooManyRequests {
		e.RetryAfter = max(1, f.RetryAfter)
	}
	if e.Description == "" && e.RetryAfter > 0 {
		e.Description = tooMany(e.RetryAfter).Description
	}
	if e.Description == "" {
		e.Description = http.StatusText(f.Status)
	}
	writeError(w, e)
}

// pass waits as the fault says. It reports false when the connection is to be cut before the effect.
func (s *Server) pass(r *http.Request, f Fault) bool {
	if f.Delay > 0 || f.Hold != nil {
		var after <-chan time.Time
		if f.Hold == nil {
			timer := time.NewTimer(f.Delay)
			defer timer.Stop()
			after = timer.C
		}
		select {
		case <-after:
		case <-f.Hold:
		case <-r.Context().Done():
			return false
		case <-s.closed:
			return false
		}
	}
	return f.Cut != CutBefore
}
