package telegram

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"cartable/core/chat"
	simtelegram "cartable/sim/telegram"
)

// zeros are a file of so many bytes, none of which is in memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// opened counts how often a file is opened and not closed.
type opened struct{ times, open atomic.Int32 }

type closing struct {
	io.Reader
	o *opened
}

func (c closing) Close() error { c.o.open.Add(-1); return nil }

func (o *opened) file(name, kind string, content func() io.Reader) *chat.File {
	return &chat.File{Name: name, Type: kind, Open: func() (io.ReadCloser, error) {
		o.times.Add(1)
		o.open.Add(1)
		return closing{content(), o}, nil
	}}
}

// TestLargeFile goes straight through, and each attempt begins at its start.
func TestLargeFile(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	data := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // 640 KiB
	r.tg.FailNext("sendDocument", 1, simtelegram.Fault{Status: 500})
	r.tg.FailNext("sendDocument", 1, simtelegram.Fault{Cut: simtelegram.CutBefore})
	var o opened
	r.sendTo(chat.Target{Chat: chatOf(1001)}, chat.Reply{
		Title: "all", File: o.file("all.json", "application/json", func() io.Reader { return bytes.NewReader(data) }),
	})
	if m := anna.WaitFor("all"); m.Document == nil || !bytes.Equal(m.Document.Data, data) {
		t.Error("another file came")
	}
	if o.times.Load() != 3 || o.open.Load() != 0 {
		t.Errorf("opened %d times, %d still are", o.times.Load(), o.open.Load())
	}
}

// TestLargePicture is a document, and is read no further than to know that.
func TestLargePicture(t *testing.T) {
	var read atomic.Int64
	var o opened
	file := o.file("week.png", "image/png", func() io.Reader {
		return io.TeeReader(zeros{}, writerFunc(func(p []byte) (int, error) { read.Add(int64(len(p))); return len(p), nil }))
	})
	if photo, err := isPhoto(file); err != nil || photo {
		t.Errorf("a picture: %t, %v", photo, err)
	}
	if n := read.Load(); n > maxPhoto+1 {
		t.Errorf("read %d bytes", n)
	}
	small := o.file("week.png", "image/png", func() io.Reader { return io.LimitReader(zeros{}, maxPhoto) })
	if photo, err := isPhoto(small); err != nil || !photo {
		t.Errorf("a picture: %t, %v", photo, err)
	}
	if o.open.Load() != 0 {
		t.Error("not closed")
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestUnreadableFile is said at once: Telegram has nothing to do with it.
func TestUnreadableFile(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	r.tg.User(1001, "Anna", "fr").Private().Say("/start")
	failing := errors.New("disk failed")
	var o opened
	for name, file := range map[string]*chat.File{
		"at its start":   {Name: "a.json", Open: func() (io.ReadCloser, error) { return nil, failing }},
		"at a picture's": {Name: "a.png", Type: "image/png", Open: func() (io.ReadCloser, error) { return nil, failing }},
		"in the middle":  o.file("a.json", "", func() io.Reader { return io.MultiReader(strings.NewReader("{"), iotest.ErrReader(failing)) }),
		"in the far middle": o.file("a.json", "", func() io.Reader {
			return io.MultiReader(io.LimitReader(zeros{}, 1<<20), iotest.ErrReader(failing))
		}),
	} {
		err := r.adapter.Send(context.Background(), chat.Target{Chat: chatOf(1001)}, chat.Reply{Title: "all", File: file})
		if !errors.Is(err, failing) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o.times.Load() != 2 || o.open.Load() != 0 {
		t.Errorf("opened %d times, %d still are", o.times.Load(), o.open.Load())
	}
}
