package qrcode_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/makiuchi-d/gozxing"
	writer "github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"

	"cartable/core/qrcode"
)

// TestCleanCodesAreFound draws codes as a screen shows them, with other contents each: the reader misses some
// of them at their own size.
func TestCleanCodesAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{300, 500} {
		for i := range 20 {
			text := fmt.Sprintf(
				`{"avecPageConnexion":false,"jeton":"%064x%064x","login":"%032x","url":"http://127.0.0.1:%d/pronote/mobile.parent.html"}`,
				r.Uint64(), r.Uint64(), r.Uint64(), 30000+r.IntN(9999),
			)
			matrix, err := writer.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, size, size, nil)
			if err != nil {
				t.Fatal(err)
			}
			screen := image.NewGray(matrix.Bounds())
			draw.Draw(screen, screen.Bounds(), matrix, image.Point{}, draw.Src)
			if got, err := qrcode.Decode(t.Context(), asPNG(t, screen)); err != nil || got != text {
				t.Errorf("%d pixels, code %d: %d characters, %v", size, i, len(got), err)
			}
		}
	}
}
