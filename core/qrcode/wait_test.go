package qrcode

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"testing"
	"testing/synctest"
)

// TestAWaitCanBeGivenUp has a picture wait for another until its context ends, and the next one be looked at.
func TestAWaitCanBeGivenUp(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		all := looking
		defer func() { looking = all }()
		looking = make(chan struct{}, 1) // of the bubble
		looking <- struct{}{}
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := Decode(ctx, picture.Bytes())
			result <- err
		}()
		synctest.Wait()
		if len(result) != 0 {
			t.Errorf("did not wait: %v", <-result)
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("given up with %v", err)
		}
		<-looking
		if _, err := Decode(t.Context(), picture.Bytes()); !errors.Is(err, ErrNone) {
			t.Errorf("the next one: %v", err)
		}
		if len(looking) != 0 {
			t.Error("it still keeps others waiting")
		}
	})
}
