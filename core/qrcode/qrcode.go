// Package qrcode reads the QR code in a photo or screenshot. It knows nothing of what the code means.
package qrcode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // photos
	_ "image/png"  // screenshots
	"math"
	"runtime/debug"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // what some phones share
)

var (
	// ErrNotPicture: the data is no JPEG, PNG or WebP picture.
	ErrNotPicture = errors.New("qrcode: not a picture that can be read")
	// ErrTooLarge: the picture has too many pixels to be looked at.
	ErrTooLarge = errors.New("qrcode: picture too large")
	// ErrNone: no QR code was found in the picture.
	ErrNone = errors.New("qrcode: no QR code found")
)

// largestSide is the longest side that is searched, and largestArea the most pixels: the search takes some fifteen bytes
// for each.
const (
	largestSide = 3200
	largestArea = 5 << 20
)

// largestCopy is the longest side of the largest copy that is made of a picture.
func largestCopy(width, height int) int {
	long, short := float64(max(width, height)), float64(min(width, height))
	return min(largestSide, int(math.Sqrt(largestArea*long/short)))
}

// sides are the lengths, in pixels, of the longest side at which a picture is searched, first that of the best
// chance: a code that fills a photo is found best in a small copy, one in the corner of a screenshot in a large
// one. The reader also misses a clean code now and then at one size (4 of 60 at the worst one seen) and finds it
// at another, so that a picture is searched beside that size too.
func sides(longest int) []int {
	first := min(longest, 1000)
	list := []int{first, first * 3 / 4, first * 5 / 4, first * 7 / 8, first * 3 / 2, first * 2}
	for _, side := range []int{1800, 600, largestSide} {
		if side < longest {
			list = append(list, side)
		}
	}
	if longest > 1000 && longest <= largestSide {
		list = append(list, longest)
	}
	return list
}

// looking is full while a picture is in memory: there is one at a time.
var looking = make(chan struct{}, 1)

// Decode returns the text of the QR code in a picture, whatever its orientation. It takes up to some seconds
// of processor time for a large picture without one, and at most 64 MiB of memory. It waits for other calls, until
// ctx has ended: the error is that of ctx then. What has begun goes on to its end.
func Decode(ctx context.Context, data []byte) (text string, err error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil || config.Width <= 0 || config.Height <= 0:
		return "", ErrNotPicture
	case config.Width > maxDecoded/config.Height || weight(format, config, data) > maxDecoded:
		return "", ErrTooLarge
	}
	select {
	case looking <- struct{}{}:
		defer func() { <-looking }()
	case <-ctx.Done():
		return "", fmt.Errorf("qrcode: wait for other pictures: %w", ctx.Err())
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
	longest := max(config.Width, config.Height)
	most := largestCopy(config.Width, config.Height)
	grey := resize(picture, min(longest, most))
	picture = nil
	for _, side := range sides(longest) {
		debug.FreeOSMemory() // the picture and each search leave behind most of what there is
		copied := grey
		if side = min(side, most); side != max(grey.Rect.Dx(), grey.Rect.Dy()) {
			copied = resize(grey, side)
		}
		if text, ok := search(copied); ok {
			return text, nil
		}
	}
	return "", ErrNone
}

// stripRows are the rows that resize makes at a time.
const stripRows = 64

// resize returns a grey copy whose longest side is side. It goes strip by strip over a picture in colours, which
// package draw is quick with, and which would take four times as much as a whole.
func resize(picture image.Image, side int) *image.Gray {
	size := picture.Bounds().Size()
	scale := float64(side) / float64(max(size.X, size.Y))
	small := image.NewGray(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	strip := image.NewRGBA(image.Rect(0, 0, small.Rect.Dx(), min(stripRows, small.Rect.Dy())))
	for top := 0; top < small.Rect.Dy(); top += stripRows {
		strip.Rect = image.Rect(0, top, small.Rect.Dx(), min(top+stripRows, small.Rect.Dy()))
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src) // under transparent parts
		draw.ApproxBiLinear.Scale(strip, small.Rect, picture, picture.Bounds(), draw.Over, nil)
		draw.Draw(small, strip.Rect, strip, strip.Rect.Min, draw.Src)
	}
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
