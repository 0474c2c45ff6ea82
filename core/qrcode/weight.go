package qrcode

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// maxDecoded bounds what a decoded picture takes in memory, in bytes. That is a photo of 28 megapixels as cameras write
// them, or a screenshot of 10.
const maxDecoded = 40 << 20

// weight estimates the bytes that decoding a picture takes at its peak, from its header alone: some kilobytes can
// stand for hundreds of megapixels.
func weight(format string, config image.Config, data []byte) int64 {
	pixels := int64(config.Width) * int64(config.Height)
	switch format {
	case "jpeg":
		return jpegWeight(pixels, data)
	case "png":
		if len(data) > interlaceByte && data[interlaceByte] != 0 {
			return 2 * pixels * bytesOf(config.ColorModel) // its passes are pictures of their own
		}
		return pixels * bytesOf(config.ColorModel)
	}
	if config.ColorModel == color.YCbCrModel {
		return pixels * 3 / 2 // lossy WebP
	}
	return pixels * 2 * bytesOf(color.NRGBAModel) // lossless WebP, or with an alpha channel that is
}

// interlaceByte is where PNG says that a picture is interlaced: after the signature and eight plus twelve bytes of IHDR.
const interlaceByte = 8 + 8 + 12

// bytesOf is what Go keeps of a pixel.
func bytesOf(model color.Model) int64 {
	switch model {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBAModel, color.NRGBAModel:
		return 4
	}
	if _, palette := model.(color.Palette); palette {
		return 1
	}
	return 8
}

// Markers of JPEG, ITU-T T.81 table B.1.
const (
	jpegBaseline    = 0xc0
	jpegExtended    = 0xc1
	jpegProgressive = 0xc2
	jpegScan        = 0xda
	jpegAdobe       = 0xee
)

// jpegWeight counts the samples of all components. A progressive picture is kept as coefficients of four bytes
// beside them; one in other colours than usual is converted at the end.
func jpegWeight(pixels int64, data []byte) int64 {
	converted := int64(0)
	for rest := data[min(2, len(data)):]; len(rest) >= 4; {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		switch {
		case rest[0] == 0xff && marker == 0xff: // a fill byte before the marker, ITU-T T.81 §B.1.1.2: no length follows yet
			rest = rest[1:]
			continue
		case rest[0] != 0xff || marker == jpegScan || length < 2 || len(rest) < 2+length:
			return tooMuch
		}
		segment := rest[4 : 2+length]
		switch marker {
		case jpegAdobe:
			if bytes.HasPrefix(segment, []byte("Adobe")) {
				converted = 4
			}
		case jpegBaseline, jpegExtended, jpegProgressive:
			samples := jpegSamples(pixels, segment)
			if marker == jpegProgressive {
				samples *= 5
			}
			if len(segment) > 6 && (segment[5] == 4 || segment[6] == 'R') {
				converted = 4
			}
			return samples + converted*pixels
		}
		rest = rest[2+length:]
	}
	return tooMuch
}

// tooMuch is the weight of what cannot be weighed.
const tooMuch = maxDecoded + 1

// jpegSamples reads the sampling factors in a frame header, ITU-T T.81 §B.2.2.
func jpegSamples(pixels int64, frame []byte) int64 {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return tooMuch
	}
	sum, mostH, mostV := int64(0), int64(1), int64(1)
	for i := range int(frame[5]) {
		h, v := int64(frame[6+3*i+1]>>4), int64(frame[6+3*i+1]&15)
		sum += h * v
		mostH, mostV = max(mostH, h), max(mostV, v)
	}
	if frame[5] == 1 {
		return pixels
	}
	return pixels * sum / (mostH * mostV)
}
