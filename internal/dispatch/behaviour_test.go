package dispatch

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

func asLater(err error, later **Later) bool { return errors.As(err, later) }

func TestQueueBehaviour(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 300e6, time.UTC)
	for _, tt := range []struct {
		name    string
		err     error
		delay   time.Duration
		failure bool
	}{
		{"a hold is rounded up to the whole second that asynq can keep", &Later{At: now.Add(1500 * time.Millisecond)}, 1700 * time.Millisecond, false},
		{"a hold until a whole second stays", &Later{At: now.Add(700 * time.Millisecond)}, 700 * time.Millisecond, false},
		{"a hold in the past", &Later{At: now.Add(-time.Hour)}, 0, false},
		{"a wrapped hold is a hold", fmt.Errorf("x: %w", &Later{At: now.Add(700 * time.Millisecond)}), 700 * time.Millisecond, false},
		{"a lost lease costs nothing", asynq.ErrLeaseExpired, 0, false},
		{"trouble of our own", errors.New("redis is away"), troubleDelay, true},
	} {
		if delay, failure := queueBehaviour(tt.err, now); delay != tt.delay || failure != tt.failure {
			t.Errorf("%s: %s, %v; want %s, %v", tt.name, delay, failure, tt.delay, tt.failure)
		}
	}
}

func TestSettlementTable(t *testing.T) {
	p := newProcess(nil, nil, &phoneCompany{}, nil)
	unsent := func(reason string) providers.Outcome {
		return providers.ActingTransport(&providers.TransportError{Stage: providers.StageDial, Reason: reason})
	}
	no := providers.PlacedNo
	for _, tt := range []struct {
		name string
		o    providers.Outcome
		r    record.Record
		want record.Settlement
	}{
		{"accepted", providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}, record.Record{},
			record.Settlement{Result: record.ResultAccepted, Sent: true}},
		{"uncertain", providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe}, record.Record{},
			record.Settlement{Result: record.ResultInDoubt, Sent: true}},
		{"halted by a redirect, perhaps placed", providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedMaybe}, record.Record{},
			record.Settlement{Result: record.ResultInDoubt, Sent: true}},
		{"permanent", providers.Outcome{Class: providers.ClassPermanent, Placed: no, Cause: providers.CauseInvalidNumber}, record.Record{},
			record.Settlement{Result: record.ResultFailed, Cause: "invalid_number", Sent: true}},
		{"blacklisted: the charge stands", providers.Outcome{Class: providers.ClassPermanent, Placed: no, Signal: providers.SignalSuppressed}, record.Record{},
			record.Settlement{Result: record.ResultFailed, Cause: "suppressed", Sent: true, KeepCharge: true}},
		{"retry at the account's pace", providers.Outcome{Class: providers.ClassRetryLater, Placed: no}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, Counted: true, Sent: true, Cause: "platform"}},
		{"retry no sooner than the vendor says", providers.Outcome{Class: providers.ClassRetryLater, Placed: no, RetryAfter: 5 * time.Minute}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: 5 * time.Minute, Counted: true, Sent: true, Cause: "platform"}},
		{"locked: charge and lock stand, nothing is counted",
			providers.Outcome{Class: providers.ClassRateLimited, Placed: no, Signal: providers.SignalNumberLock}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "lockout", RetryIn: 24 * time.Hour, LockFor: 24 * time.Hour, KeepCharge: true, Sent: true, Cause: "platform"}},
		{"too frequent, growing", providers.Outcome{Class: providers.ClassRateLimited, Placed: no, Signal: providers.SignalTooFrequent}, record.Record{Attempts: 2},
			record.Settlement{Result: record.ResultAgain, Reason: "vendor_frequency", RetryIn: 2 * time.Minute, KeepCharge: true, Sent: true, Cause: "platform"}},
		{"too frequent, and the vendor says for how long",
			providers.Outcome{Class: providers.ClassRateLimited, Placed: no, Signal: providers.SignalTooFrequent, RetryAfter: time.Hour}, record.Record{Attempts: 3},
			record.Settlement{Result: record.ResultAgain, Reason: "vendor_frequency", RetryIn: time.Hour, KeepCharge: true, Sent: true, Cause: "platform"}},
		{"a code that we do not know, with words of a lock: in doubt, and locked",
			providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Signal: providers.SignalNumberLock}, record.Record{},
			record.Settlement{Result: record.ResultInDoubt, LockFor: 24 * time.Hour, KeepCharge: true, Sent: true}},
		{"one of them is in a call: that costs nothing and is not counted",
			providers.Outcome{Class: providers.ClassRetryLater, Placed: no, Signal: providers.SignalLineBusy}, record.Record{Failures: 4, Attempts: 9},
			record.Settlement{Result: record.ResultAgain, Reason: "line_busy", RetryIn: time.Minute, Sent: true, Cause: "platform"}},
		{"one of them is in a call, and the vendor says for how long",
			providers.Outcome{Class: providers.ClassRetryLater, Placed: no, Signal: providers.SignalLineBusy, RetryAfter: 3 * time.Minute}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "line_busy", RetryIn: 3 * time.Minute, Sent: true, Cause: "platform"}},
		{"not at this time of day", providers.Outcome{Class: providers.ClassRateLimited, Placed: no, Signal: providers.SignalWindow}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "vendor_window", RetryIn: 10 * time.Minute, KeepCharge: true, Sent: true, Cause: "platform"}},
		{"halted", providers.Outcome{Class: providers.ClassHalted, Placed: no, Halt: providers.HaltBalance}, record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "halted", RetryIn: 5 * time.Minute, Sent: true, Cause: "platform"}},
		{"the permit was over: not even counted", unsent("permit_over"), record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Second, Cause: "network_failure"}},
		{"no connection", unsent("dns"), record.Record{},
			record.Settlement{Result: record.ResultAgain, Reason: "retry", RetryIn: time.Minute, Counted: true, Cause: "network_failure"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := p.lane.settlementOf(tt.o, &tt.r, record.ResultAccepted)
			if tt.want.Result == record.ResultAccepted && (got.PollIn != time.Minute || got.GiveUpIn != 24*time.Hour) {
				t.Errorf("poll in %s, give up in %s", got.PollIn, got.GiveUpIn)
			}
			if tt.o.VendorText != "" && got.Detail != "not sent: "+tt.o.VendorText {
				t.Errorf("detail %q", got.Detail)
			}
			got.Detail, got.MaxAttempts, got.Code, got.Text, got.PollIn, got.GiveUpIn = "", 0, "", "", 0, 0
			if tt.want.Cause == "" {
				got.Cause = ""
			}
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
