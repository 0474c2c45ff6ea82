package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cartable/sim/izly"
	"cartable/sim/pronote"
)

// hostileRoot is the path below which the hostile servers of `bot sim --hostile` stand, each under the name of its
// attack: /hostile/PageEmploiDuTemps/objects/15360/pronote/ or /hostile/GetStatement/copies/480/Service.asmx.
const hostileRoot = "/hostile/"

const (
	maxAttack     = 64 << 10 // KiB
	maxHostile    = 64       // servers that are kept; a name that comes back later gets a new one
	hostilePieces = 3        // function, filling, KiB
)

// hostile makes servers as they are asked for.
type hostile struct {
	url string // of the listener
	log *slog.Logger

	mu      sync.Mutex
	servers map[string]http.Handler // by path
}

// ServeHTTP answers as the server that the path names, or with 404.
func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pieces := strings.SplitN(strings.TrimPrefix(r.URL.Path, hostileRoot), "/", hostilePieces+1)
	if len(pieces) <= hostilePieces {
		http.NotFound(w, r)
		return
	}
	server := h.server(pieces[0], pieces[1], pieces[2])
	if server == nil {
		http.NotFound(w, r)
		return
	}
	server.ServeHTTP(w, r)
}

// server finds or makes the server of an attack; nil where there is none of that name.
func (h *hostile) server(function, filling, size string) http.Handler {
	path := hostileRoot + function + "/" + filling + "/" + size
	kib, err := strconv.Atoi(size)
	if err != nil || kib < 0 || kib > maxAttack {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if server := h.servers[path]; server != nil {
		return server
	}
	var server http.Handler
	switch {
	case slices.Contains(pronote.Functions, function) && slices.Contains(pronote.Fillings, pronote.Filling(filling)):
		school := pronote.New(pronote.Config{Encrypt: true, Compress: true, Root: path + "/pronote", Log: h.log})
		school.Attack(pronote.Attack{Function: function, Filling: pronote.Filling(filling), Size: kib << 10})
		server = school
	case slices.Contains(izly.Methods, function) && slices.Contains(izly.Fillings, izly.Filling(filling)):
		wallet := izly.New(izly.Config{SiteURL: h.url + path, Log: h.log})
		wallet.Attack(izly.Attack{Method: function, Filling: izly.Filling(filling), Size: kib << 10})
		server = http.StripPrefix(path, wallet)
	default:
		return nil
	}
	if len(h.servers) >= maxHostile {
		clear(h.servers)
	}
	h.servers[path] = server
	return server
}

// describe tells people what they can ask for.
func (h *hostile) describe(t *printer) {
	t.line("Hostile servers, with the same accounts. They are honest but for one function, whose answers are filled:")
	t.line("  pronote  %s%sFUNCTION/FILLING/KIB/pronote/", h.url, hostileRoot)
	t.line("  izly     %s%sFUNCTION/FILLING/KIB", h.url, hostileRoot)
	t.line("  KIB is the size before compression, up to %d; for example a week with 15 MiB of empty lessons:", maxAttack)
	t.line("  %s%s%s/%s/15360/pronote/parent.html", h.url, hostileRoot, "PageEmploiDuTemps", pronote.FillObjects)
	t.line("  functions of pronote: %s", strings.Join(pronote.Functions, " "))
	t.line("  its fillings: %s", join(pronote.Fillings))
	t.line("  functions of izly: %s", strings.Join(izly.Methods, " "))
	t.line("  its fillings: %s", join(izly.Fillings))
}

func join[T ~string](words []T) string { return strings.Trim(fmt.Sprint(words), "[]") }
