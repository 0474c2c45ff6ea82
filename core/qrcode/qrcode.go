// Package qrcode reads the QR code in a photo or screenshot. It knows nothing of what the code means.
package qrcode

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // photos
	_ "image/png"  // screenshots

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // what some phones share
)

var (
	// ErrNotPicture: the data is no JPEG, PNG or WebP picture, or one of more than MaxPixels.
	ErrNotPicture = errors.New("qrcode: not a picture that can be read")
	// ErrNone: no QR code was found in the picture.
	ErrNone = errors.New("qrcode: no QR code found")
)

// MaxPixels bounds the picture before it is decoded: 48 megapixels, as the largest phone cameras have.
const MaxPixels = 48 << 20

// sides are the lengths, in pixels, of the longest side at which a picture is searched, first that of the best
// chance: a code that fills a photo is found best in a small copy, one in the corner of a screenshot in a large
// one. The reader also misses a clean code now and then at one size (4 of 60 at the worst one seen) and finds it
// at another, so that a picture is searched beside that size too.
func sides(longest int) []int {
	first := min(longest, 1000)
	list := []int{first, first * 3 / 4, first * 5 / 4, first * 7 / 8, first * 3 / 2, first * 2}
	for _, side := range []int{1800, 600, 3200} {
		if side < longest {
			list = append(list, side)
		}
	}
	if longest > 1000 && longest <= 3200 {
		list = append(list, longest)
	}
	return list
}

// Decode returns the text of the QR code in a picture, whatever its orientation. It takes up to some seconds
// of processor time for a large picture without one.
func Decode(data []byte) (text string, err error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > MaxPixels/config.Height {
		return "", ErrNotPicture
	}
	defer func() { // the decoders are not ours, and the picture is a stranger's
		if cause := recover(); cause != nil {
			text, err = "", fmt.Errorf("%w (the reader failed: %T)", ErrNone, cause)
		}
	}()
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", ErrNotPicture
	}
	for _, side := range sides(max(config.Width, config.Height)) {
		if text, ok := search(resize(picture, side)); ok {
			return text, nil
		}
	}
	return "", ErrNone
}

// resize returns a grey copy whose longest side is side.
func resize(picture image.Image, side int) *image.Gray {
	size := picture.Bounds().Size()
	scale := float64(side) / float64(max(size.X, size.Y))
	small := image.NewGray(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	draw.Draw(small, small.Bounds(), image.White, image.Point{}, draw.Src) // under transparent parts
	draw.ApproxBiLinear.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Over, nil)
	return small
}

// search tries both ways of telling black from white, on the picture and on its negative (dark mode).
func search(grey *image.Gray) (string, bool) {
	source := gozxing.NewLuminanceSourceFromImage(grey)
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	for _, s := range []gozxing.LuminanceSource{source, gozxing.NewInvertedLuminanceSource(source)} {
		for _, binarizer := range []gozxing.Binarizer{gozxing.NewHybridBinarizer(s), gozxing.NewGlobalHistgramBinarizer(s)} {
			bitmap, err := gozxing.NewBinaryBitmap(binarizer)
			if err != nil {
				continue
			}
			if result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints); err == nil && result.GetText() != "" {
				return result.GetText(), true
			}
		}
	}
	return "", false
}
