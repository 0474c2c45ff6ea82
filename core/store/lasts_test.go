package store_test

import (
	"testing"
	"time"

	"cartable/core/store"
)

func TestLasts(t *testing.T) {
	began := time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)
	for age, want := range map[time.Duration]bool{
		-3 * time.Hour:    false,
		-time.Minute - 1:  false,
		-time.Minute:      true,
		0:                 true,
		5*time.Minute - 1: true,
		5 * time.Minute:   false,
		3 * time.Hour:     false,
	} {
		if got := store.Lasts(began, 5*time.Minute, began.Add(age)); got != want {
			t.Errorf("after %v: %t", age, got)
		}
	}
}
