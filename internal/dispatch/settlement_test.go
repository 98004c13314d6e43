package dispatch

import (
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

// TestSettlementOfConnectionsAndBindings: what outcomes of connections, bindings
// and releases add to the table.
func TestSettlementOfConnectionsAndBindings(t *testing.T) {
	lane := newProcess(nil, nil, &phoneCompany{}, nil).lane
	ok := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes}
	with := func(o providers.Outcome, change func(*providers.Outcome)) providers.Outcome { change(&o); return o }
	unsure := providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, Repeatable: true}
	stands := record.Settlement{Sent: true, MaxAttempts: 5, Cause: "platform", PollIn: time.Minute, GiveUpIn: 24 * time.Hour}
	doubt := record.Settlement{Result: record.ResultInDoubt, Sent: true, MaxAttempts: 5, Cause: "platform", Repeat: true, RepeatIn: 2 * time.Second}
	again := record.Settlement{Result: record.ResultAgain, Sent: true, MaxAttempts: 5, Cause: "platform", Reason: "retry", RetryIn: time.Minute, Counted: true}
	change := func(s record.Settlement, f func(*record.Settlement)) record.Settlement { f(&s); return s }
	for _, tt := range []struct {
		name     string
		o        providers.Outcome
		repeats  int
		accepted record.Result
		want     record.Settlement
	}{
		{"the caller dials first", with(ok, func(o *providers.Outcome) { o.AwaitDial, o.X, o.VendorID, o.TaskNo = true, "17000000001", "s", "n" }), 0, record.ResultAccepted,
			change(stands, func(s *record.Settlement) {
				s.Result, s.AwaitIn, s.X, s.VendorID, s.VendorTask = record.ResultAccepted, 2*time.Hour, "17000000001", "s", "n"
			})},
		{"the vendor dials", with(ok, func(o *providers.Outcome) { o.X = "17000000001" }), 0, record.ResultAccepted,
			change(stands, func(s *record.Settlement) { s.Result, s.X = record.ResultAccepted, "17000000001" })},
		{"bound", with(ok, func(o *providers.Outcome) { o.VendorID = "s" }), 0, record.ResultBound,
			change(stands, func(s *record.Settlement) { s.Result, s.VendorID = record.ResultBound, "s" })},
		{"released", ok, 0, record.ResultDone, change(stands, func(s *record.Settlement) { s.Result = record.ResultDone })},
		{"the line was dialled and failed: never again, and it stays charged",
			providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedMaybe, Cause: providers.CauseBusy}, 0, record.ResultAccepted,
			record.Settlement{Result: record.ResultFailed, Sent: true, MaxAttempts: 5, Cause: "busy", Maybe: true, KeepCharge: true}},
		{"in doubt, and the vendor knows it by its id", unsure, 0, record.ResultBound, doubt},
		{"the second repeat waits longer", unsure, 1, record.ResultBound, change(doubt, func(s *record.Settlement) { s.RepeatIn = 5 * time.Second })},
		{"the fourth", unsure, 3, record.ResultBound, change(doubt, func(s *record.Settlement) { s.RepeatIn = 30 * time.Second })},
		{"all later ones", unsure, 99, record.ResultBound, change(doubt, func(s *record.Settlement) { s.RepeatIn = time.Minute })},
		{"no sooner than the vendor says", with(unsure, func(o *providers.Outcome) { o.RetryAfter = time.Hour }), 0, record.ResultBound,
			change(doubt, func(s *record.Settlement) { s.RepeatIn = time.Hour })},
		{"so often and no more", with(unsure, func(o *providers.Outcome) { o.MaxTries = 3 }), 0, record.ResultBound,
			change(doubt, func(s *record.Settlement) { s.MaxRepeats = 3 })},
		{"in doubt, and no repeat is safe", with(unsure, func(o *providers.Outcome) { o.Repeatable, o.MaxTries = false, 3 }), 0, record.ResultBound,
			record.Settlement{Result: record.ResultInDoubt, Sent: true, MaxAttempts: 5, Cause: "platform"}},
		{"unclear, but it has a name by which the vendor can be asked",
			providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, VendorID: "s"}, 0, record.ResultAccepted,
			change(stands, func(s *record.Settlement) { s.Result, s.VendorID = record.ResultAccepted, "s" })},
		{"unclear, and nobody asks after bindings", with(unsure, func(o *providers.Outcome) { o.VendorID = "s" }), 0, record.ResultBound,
			change(doubt, func(s *record.Settlement) { s.VendorID = "s" })},
		{"lost on the way back", with(repeatable(answerLost), func(*providers.Outcome) {}), 0, record.ResultBound,
			change(doubt, func(s *record.Settlement) { s.Detail = "the answer was lost: reset" })},
		{"refused, to be tried less often than the account allows",
			providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, MaxTries: 3}, 0, record.ResultBound,
			change(again, func(s *record.Settlement) { s.MaxAttempts = 3 })},
		{"refused, and the account allows less",
			providers.Outcome{Class: providers.ClassRetryLater, Placed: providers.PlacedNo, MaxTries: 9}, 0, record.ResultBound, again},
	} {
		if got := lane.settlementOf(tt.o, &record.Record{Repeats: tt.repeats}, tt.accepted); got != tt.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
	lane.Vendor = struct{}{} // answers no queries
	named := providers.Outcome{Class: providers.ClassUncertain, Placed: providers.PlacedMaybe, VendorID: "s"}
	if got := lane.settlementOf(named, &record.Record{}, record.ResultAccepted); got.Result != record.ResultInDoubt || got.VendorID != "s" {
		t.Errorf("a call with a name, of a vendor that answers no queries: %+v", got)
	}
	if got := lane.settlementOf(ok, &record.Record{}, record.ResultAccepted); got.PollIn != 0 || got.GiveUpIn != 24*time.Hour {
		t.Errorf("asked after in %s, given up in %s, of a vendor that answers no queries", got.PollIn, got.GiveUpIn)
	}
}
