package telegram

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // photos come as PNG too
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	maxPhoto    = 10 << 20
	maxDocument = 50 << 20
	maxDownload = 20 << 20 // getFile
	linkLife    = time.Hour
)

// files holds what was uploaded, by anybody.
type files struct {
	byID   map[string]*file
	byPath map[string]*file
}

type file struct {
	id      string
	name    string
	mime    string
	data    []byte
	width   int // of a picture
	height  int
	path    string
	offered time.Time // the last getFile
}

// media is the photo or document of a message.
type media struct {
	kind  string  // "photo", "document"
	sizes []*file // a photo's, smallest first; a document is the only one
}

func newFiles() files {
	return files{byID: map[string]*file{}, byPath: map[string]*file{}}
}

func (m *media) best() *file { return m.sizes[len(m.sizes)-1] }

func (f *files) add(name, folder string, data []byte) *file {
	n := len(f.byID) + 1
	added := &file{
		id:   fmt.Sprintf("AgACtest%06d-%s", n, folder),
		name: name, data: data, mime: mime.TypeByExtension(path.Ext(name)),
		path: fmt.Sprintf("%s/file_%d%s", folder, n, path.Ext(name)),
	}
	f.byID[added.id], f.byPath[added.path] = added, added
	return added
}

// photo stores a picture as Telegram does: in several sizes, here a thumbnail and the whole. It returns
// nil for what is no JPEG or PNG picture.
func (f *files) photo(data []byte) *media {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	whole := f.add("photo.jpg", "photos", data)
	whole.width, whole.height = config.Width, config.Height
	m := &media{kind: "photo", sizes: []*file{whole}}
	if max(config.Width, config.Height) > thumbnailSide {
		if thumb := f.thumbnail(data); thumb != nil {
			m.sizes = []*file{thumb, whole}
		}
	}
	return m
}

const thumbnailSide = 90

func (f *files) thumbnail(data []byte) *file {
	whole, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	b := whole.Bounds()
	side := max(b.Dx(), b.Dy())
	small := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()*thumbnailSide/side), max(1, b.Dy()*thumbnailSide/side)))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			small.Set(x, y, whole.At(b.Min.X+x*side/thumbnailSide, b.Min.Y+y*side/thumbnailSide))
		}
	}
	var out bytes.Buffer
	if jpeg.Encode(&out, small, nil) != nil {
		return nil
	}
	thumb := f.add("photo.jpg", "thumbnails", out.Bytes())
	thumb.width, thumb.height = small.Rect.Dx(), small.Rect.Dy()
	return thumb
}

func (f *files) document(name string, data []byte) *media {
	return &media{kind: "document", sizes: []*file{f.add(name, "documents", data)}}
}

// inputFile reads an InputFile parameter: an upload, attach://, or the id of a file that is known.
func (s *Server) inputFile(q *query, kind string, limit int) (*media, error) {
	up, ok := q.files[kind]
	ref := q.str(kind)
	if name, attached := strings.CutPrefix(ref, "attach://"); attached && !ok {
		up, ok = q.files[name]
	}
	switch {
	case ok && len(up.data) == 0:
		return nil, badRequest("file must be non-empty")
	case ok && len(up.data) > limit:
		return nil, &apiError{Code: http.StatusRequestEntityTooLarge, Description: "Request Entity Too Large"}
	case ok && kind == "document":
		return s.files.document(up.name, up.data), nil
	case ok:
		if m := s.files.photo(up.data); m != nil {
			return m, nil
		}
		return nil, badRequest("IMAGE_PROCESS_FAILED")
	case ref == "":
		return nil, badRequest("there is no %s in the request", kind)
	case strings.Contains(ref, "://"):
		return nil, badRequest("failed to get HTTP URL content")
	}
	f := s.files.byID[ref]
	if f == nil {
		return nil, badRequest("wrong file identifier/HTTP URL specified")
	}
	return &media{kind: kind, sizes: []*file{f}}, nil
}

// describe puts the media into a message.
func (m *media) describe(w map[string]any) {
	if m.kind == "photo" {
		var sizes []map[string]any
		for _, f := range m.sizes {
			size := f.wire()
			size["width"], size["height"] = f.width, f.height
			sizes = append(sizes, size)
		}
		w["photo"] = sizes
		return
	}
	f := m.best()
	doc := f.wire()
	doc["file_name"], doc["mime_type"] = f.name, f.mime
	w["document"] = doc
}

func (f *file) wire() map[string]any {
	return map[string]any{"file_id": f.id, "file_unique_id": "u" + f.id, "file_size": len(f.data)}
}

func (s *Server) getFile(q *query) (any, error) {
	f := s.files.byID[q.str("file_id")]
	switch {
	case !q.has("file_id"):
		return nil, badRequest("file_id not specified")
	case f == nil:
		return nil, badRequest("wrong file_id or the file is temporarily unavailable")
	case len(f.data) > maxDownload:
		return nil, badRequest("file is too big")
	}
	f.offered = s.conf.Now()
	w := f.wire()
	w["file_path"] = f.path
	return w, nil
}

// download serves a path that getFile gave within the last hour.
func (s *Server) download(w http.ResponseWriter, r *http.Request, name string) {
	fault, refused := s.fail(w, r, "download", 0)
	if refused {
		return
	}
	s.mu.Lock()
	f := s.files.byPath[name]
	ok := f != nil && !f.offered.IsZero() && s.conf.Now().Sub(f.offered) <= linkLife
	s.mu.Unlock()
	s.record(Call{Method: "download", At: s.conf.Now(), Lost: fault.Cut == CutAfter})
	if fault.Cut == CutAfter {
		panic(http.ErrAbortHandler)
	}
	if !ok {
		writeError(w, &apiError{Code: http.StatusNotFound, Description: "Not Found"})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(f.data)
}
