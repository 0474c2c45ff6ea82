package qrcode_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/makiuchi-d/gozxing"
	writer "github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"cartable/core/qrcode"
)

// text is as long as PRONOTE's, made up.
const text = `{"avecPageConnexion":false,"jeton":"f7d0f60b2b6dc938cb72817a342ba24e2fa302aea1c77446e681400803aac3fe7489b8b264e00a9af82768e6571c5778","login":"e5133d97e95aabaacb4f9ac1b4f857e9","url":"https://0350000x.index-education.net/pronote/mobile.eleve.html"}`

func code(t testing.TB, size int) image.Image {
	t.Helper()
	matrix, err := writer.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, size, size, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := image.NewRGBA(matrix.Bounds()) // which package draw is quick with
	draw.Draw(plain, plain.Bounds(), matrix, image.Point{}, draw.Src)
	return plain
}

// place draws code onto a noisy page of w by h pixels by an affine map.
func place(code image.Image, w, h int, m f64.Aff3) *image.RGBA {
	page := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 4*997) // a prime number of pixels, so that rows differ
	for i := 0; i < len(noise); i += 4 {
		v := uint8(200 + r.IntN(40))
		noise[i], noise[i+1], noise[i+2], noise[i+3] = v, v, v-20, 255
	}
	for rest := page.Pix; len(rest) > 0; {
		rest = rest[copy(rest, noise):]
	}
	draw.BiLinear.Transform(page, m, code, code.Bounds(), draw.Over, nil)
	return page
}

func asJPEG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type negative struct{ image.Image }

func (n negative) At(x, y int) color.Color {
	r, g, b, _ := n.Image.At(x, y).RGBA()
	return color.RGBA{uint8(255 - r>>8), uint8(255 - g>>8), uint8(255 - b>>8), 255}
}

func (negative) ColorModel() color.Model { return color.RGBAModel }

func TestDecode(t *testing.T) {
	c := code(t, 400)
	for name, data := range map[string][]byte{
		"plain":                asPNG(t, c),
		"screenshot, small":    asPNG(t, place(c, 585, 1266, f64.Aff3{0.7, 0, 150, 0, 0.7, 700})),
		"quarter turn":         asJPEG(t, place(c, 600, 600, f64.Aff3{0, -1, 500, 1, 0, 100})),
		"upside down":          asJPEG(t, place(c, 600, 600, f64.Aff3{-1, 0, 500, 0, -1, 500})),
		"tilted photo":         asJPEG(t, place(c, 800, 600, f64.Aff3{0.9, -0.2, 230, 0.2, 0.9, 60})),
		"large photo":          asJPEG(t, place(c, 1800, 1350, f64.Aff3{1.8, 0.27, 400, -0.27, 1.8, 320})),
		"dark mode screenshot": asPNG(t, negative{c}),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := qrcode.Decode(t.Context(), data); err != nil || got != text {
				t.Errorf("got %d characters, %v", len(got), err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	huge := asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // the header now says 65536 by 65536
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":      {nil, qrcode.ErrNotPicture},
		"text":         {[]byte("hello"), qrcode.ErrNotPicture},
		"huge":         {huge, qrcode.ErrNotPicture},
		"cut off":      {asJPEG(t, code(t, 300))[:200], qrcode.ErrNotPicture},
		"without code": {asPNG(t, place(image.NewGray(image.Rect(0, 0, 9, 9)), 300, 300, f64.Aff3{1, 0, 9, 0, 1, 9})), qrcode.ErrNone},
	} {
		if got, err := qrcode.Decode(t.Context(), tt.data); !errors.Is(err, tt.want) || got != "" {
			t.Errorf("%s: got %q, %v; want %v", name, got, err, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(asPNG(f, code(f, 120)))
	f.Add(asJPEG(f, code(f, 120)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil || config.Width*config.Height > 1<<18 {
			return // a large one is only slow
		}
		if got, err := qrcode.Decode(t.Context(), data); (err == nil) != (got != "") {
			t.Errorf("%q, %v", got, err)
		}
	})
}
