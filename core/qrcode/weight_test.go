//go:build linux

package qrcode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/math/f64"

	"cartable/core/memtest"
	"cartable/core/qrcode"
)

func TestMain(m *testing.M) {
	memtest.Main(m, func(task json.RawMessage) (func() error, error) {
		var path string
		if err := json.Unmarshal(task, &path); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(path)
		return func() error { _, err := qrcode.Decode(context.Background(), data); return err }, err
	})
}

// progressive makes a picture say that it is a progressive one.
func progressive(t *testing.T, data []byte) []byte {
	t.Helper()
	frame := bytes.Index(data, []byte{0xff, 0xc0})
	scan := bytes.Index(data, []byte{0xff, 0xda})
	if frame < 0 || scan < 0 {
		t.Fatal("no baseline JPEG")
	}
	data[frame+1] = 0xc2
	data[scan+4+1+2*int(data[scan+4])+1] = 0 // of the coefficients only the first
	return data
}

// TestPicturesCostLittle looks for a code in pictures that are as large as they may be, and in some that are far larger.
func TestPicturesCostLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("makes large pictures")
	}
	process := memtest.Start(t)
	size := func(w, h int) image.Rectangle { return image.Rect(0, 0, w, h) }
	for _, tt := range []struct {
		name string
		make func() []byte
		want error
	}{
		{"photo of 12 megapixels", func() []byte { return asJPEG(t, place(code(t, 900), 4000, 3000, f64.Aff3{1, 0, 900, 0, 1, 900})) }, nil},
		{"photo of 27 megapixels", func() []byte { return asJPEG(t, image.NewYCbCr(size(6000, 4500), image.YCbCrSubsampleRatio420)) }, qrcode.ErrNone},
		{"photo of 48 megapixels", func() []byte { return asJPEG(t, image.NewYCbCr(size(8000, 6000), image.YCbCrSubsampleRatio420)) }, qrcode.ErrTooLarge},
		{"deep colours, 48 megapixels", func() []byte { return asPNG(t, image.NewNRGBA64(size(8000, 6000))) }, qrcode.ErrTooLarge},
		{"progressive, 5 megapixels", func() []byte {
			return progressive(t, asJPEG(t, image.NewYCbCr(size(2400, 2100), image.YCbCrSubsampleRatio420)))
		}, nil},
		{"progressive, 27 megapixels", func() []byte {
			return progressive(t, asJPEG(t, image.NewYCbCr(size(6000, 4500), image.YCbCrSubsampleRatio420)))
		}, qrcode.ErrTooLarge},
	} {
		path := filepath.Join(t.TempDir(), "picture")
		if err := os.WriteFile(path, tt.make(), 0o600); err != nil {
			t.Fatal(err)
		}
		peak, err := process.Run(path, func() {})
		t.Logf("%5.1f MiB  %s: %v", float64(peak)/(1<<20), tt.name, err)
		if peak > memtest.Allowed {
			t.Errorf("%s: takes %d MiB", tt.name, peak>>20)
		}
		if tt.want != nil && (err == nil || !strings.Contains(err.Error(), tt.want.Error())) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// Headers that promise more than can be held are refused before anything is decoded, whatever their form.
func TestOddHeadersAreWeighed(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	var grey bytes.Buffer
	if err := jpeg.Encode(&grey, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(grey.Bytes())
	frame := bytes.Index(huge, []byte{0xff, 0xc0})
	copy(huge[frame+5:], []byte{0x27, 0x10, 0x27, 0x10}) // 10000 by 10000
	if _, err := qrcode.Decode(t.Context(), huge); !errors.Is(err, qrcode.ErrTooLarge) {
		t.Errorf("a grey photo of 100 megapixels: %v", err)
	}
	if _, err := qrcode.Decode(t.Context(), grey.Bytes()); !errors.Is(err, qrcode.ErrNone) {
		t.Errorf("a small grey photo: %v", err)
	}
	filled := slices.Insert(bytes.Clone(grey.Bytes()), frame, 0xff, 0xff) // fill bytes are allowed before each marker
	if _, err := qrcode.Decode(t.Context(), filled); !errors.Is(err, qrcode.ErrNone) {
		t.Errorf("a small photo with fill bytes: %v", err)
	}
	if _, err := qrcode.Decode(t.Context(), b.Bytes()); !errors.Is(err, qrcode.ErrNone) {
		t.Errorf("one pixel: %v", err)
	}
}
