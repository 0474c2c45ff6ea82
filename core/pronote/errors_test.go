package pronote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"cartable/core/school"
)

// What callers decide on, and what each error of ours means of it.
var meanings = []struct {
	err  error
	want error // nil: it means none of them
}{
	{ErrSessionExpired, school.ErrExpired},
	{&Error{Op: fnTimetable, Code: CodeSessionExpired, kind: ErrSessionExpired}, school.ErrExpired},
	{ErrWrongPassword, school.ErrWrongPassword},
	{&AccessError{Code: AccessWrongPassword}, school.ErrWrongPassword},
	{&AccessError{Code: AccessNone}, school.ErrNoAccess},
	{&AccessError{Code: AccessBlocked}, school.ErrNoAccess},
	{ErrTokenRefused, school.ErrTokenRefused},
	{ErrSecondFactor, school.ErrSecondFactor},
	{ErrSuspended, school.ErrPause},
	{ErrRateLimited, school.ErrPause},
	{&Error{Op: fnGrades, Code: CodeTooMany, kind: ErrRateLimited}, school.ErrPause},
	{ErrNetwork, school.ErrNoAnswer},
	{&NetworkError{Op: opPage, err: io.EOF}, school.ErrNoAnswer},
	{&NetworkError{Op: opPage, err: context.Canceled}, school.ErrNoAnswer},
	{ErrUnavailable, school.ErrNoAnswer},
	{ErrBusy, school.ErrNoAnswer},
	{ErrNotPublished, school.ErrNotPublished},
	{ErrUnknownPupil, school.ErrUnknownPupil},
	{ErrUnknownPeriod, school.ErrUnknownPeriod},
	{ErrDenied, nil},
	{&Error{Op: fnGrades, Code: CodeDenied, kind: ErrDenied}, nil},
	{&Error{Op: fnGrades, Code: 21}, nil},
	{&ReplyError{fnGrades, "odd"}, nil},
	{ErrNeedsENT, nil},
	{ErrNoToken, nil},
	{ErrWrongPIN, nil},
	{ErrTokenNotKept, nil},
	{ErrBrowserRefused, nil},
}

func TestWhatErrorsMean(t *testing.T) {
	all := []error{
		school.ErrExpired, school.ErrWrongPassword, school.ErrTokenRefused, school.ErrSecondFactor, school.ErrNoAccess,
		school.ErrPause, school.ErrNoAnswer, school.ErrNotPublished, school.ErrNotOffered, school.ErrUnknownPupil,
		school.ErrUnknownPeriod,
	}
	for _, tt := range meanings {
		for _, target := range all {
			if got := errors.Is(fmt.Errorf("pronote: op: %w", tt.err), target); got != (target == tt.want) {
				t.Errorf("%v is %v: %t", tt.err, target, got)
			}
		}
	}
}

// Errors of one meaning are told apart all the same.
func TestErrorsOfOneMeaningDiffer(t *testing.T) {
	for _, err := range []error{ErrBusy, ErrUnavailable, &NetworkError{Op: opPage, err: io.EOF}} {
		same := 0
		for _, kind := range []error{ErrBusy, ErrUnavailable, ErrNetwork} {
			if errors.Is(err, kind) {
				same++
			}
		}
		if same != 1 {
			t.Errorf("%v is %d of three", err, same)
		}
	}
}
