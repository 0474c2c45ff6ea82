package homeserver

import (
	"testing"
	"time"
)

// TestBucket lets a burst through at once, then one for each five seconds, and is forgiving after a pause.
func TestBucket(t *testing.T) {
	now := time.Now()
	b := bucket{rate: synapse["message"]}
	for i := range 10 {
		if wait := b.take(now); wait != 0 {
			t.Fatalf("event %d waits %v", i, wait)
		}
	}
	if wait := b.take(now); wait.Round(time.Millisecond) != 5*time.Second {
		t.Errorf("the next waits %v", wait)
	}
	if wait := b.take(now.Add(4 * time.Second)); wait.Round(time.Millisecond) != time.Second {
		t.Errorf("a refused one counts: wait %v", wait)
	}
	if wait := b.take(now.Add(5 * time.Second)); wait != 0 {
		t.Errorf("after its time it waits %v", wait)
	}
	for i := range 10 {
		if wait := b.take(now.Add(time.Hour)); wait != 0 {
			t.Errorf("an hour later event %d waits %v", i, wait)
		}
	}
}
