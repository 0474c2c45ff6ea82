//go:build ignore

// This program draws picture.png, the picture of the bot: a school bag.
package main

import (
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
)

const (
	size   = 256 // pixels
	finely = 4   // samples of a pixel in each direction
)

// box tells whether a point is in a rectangle with round corners.
func box(x, y, left, top, right, bottom, round float64) bool {
	dx := max(left+round-x, x-right+round, 0)
	dy := max(top+round-y, y-bottom+round, 0)
	return x >= left && x <= right && y >= top && y <= bottom && math.Hypot(dx, dy) <= round
}

var (
	sky     = color.RGBA{0x1f, 0x6f, 0x78, 0xff}
	leather = color.RGBA{0xb5, 0x65, 0x2d, 0xff}
	flap    = color.RGBA{0xd0, 0x7f, 0x3c, 0xff}
	strap   = color.RGBA{0x7a, 0x3e, 0x18, 0xff}
	brass   = color.RGBA{0xf4, 0xcb, 0x5c, 0xff}
	paper   = color.RGBA{0xfd, 0xf6, 0xe3, 0xff}
)

// at is the colour of a point of a picture that is one wide and one high.
func at(x, y float64) color.RGBA {
	mirrored := min(x, 1-x)
	switch {
	case box(mirrored, y, .30, .60, .38, .70, .015) && !box(mirrored, y, .325, .625, .355, .675, .008):
		return brass
	case box(mirrored, y, .315, .36, .365, .74, .01):
		return strap
	case box(x, y, .18, .36, .82, .60, .09):
		return flap
	case box(x, y, .18, .36, .82, .80, .08):
		return leather
	case box(x, y, .36, .22, .64, .50, .10) && !box(x, y, .41, .27, .59, .55, .06):
		return strap
	case box(x, y, .44, .26, .72, .50, .01): // a sheet looks out
		return paper
	}
	return sky
}

func main() {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size {
		for j := range size {
			var r, g, b int
			for k := range finely * finely {
				x := (float64(i) + (float64(k%finely)+.5)/finely) / size
				y := (float64(j) + (float64(k/finely)+.5)/finely) / size
				c := at(x, y)
				r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
			}
			const n = finely * finely
			picture.SetRGBA(i, j, color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 0xff})
		}
	}
	out, err := os.Create("picture.png")
	if err != nil {
		log.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(out, picture); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}
