// Package providertest is the conformance suite of the vendor contract: what
// every adapter must do whatever its vendor's answers look like. It plays the
// vendor itself, on a loopback port, and breaks what can break: connections,
// answers, permits, pushes. An adapter's own tests describe the vendor in its
// own words and call Run. Only tests may import this package.
package providertest

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// The phone numbers that acts and reads use. The suite looks for them in every
// output.
const (
	Callee = "13800138000"
	Caller = "13900139000"
)

// Now is the clock of every adapter under test.
func Now() time.Time { return time.UnixMilli(1700000000123) }

// Vendor is what the suite must know of an adapter, in the vendor's own words.
type Vendor struct {
	New func(providers.Settings) (any, error)
	// Credentials are all distinct and at least 8 characters long: the suite
	// looks for them in every output.
	Credentials map[string]string
	Switches    map[string]string
	Acts        []Act
	Reads       []Read
	Pushes      []PushCase
	Downloads   []Download
}

// Act is one acting request.
type Act struct {
	Name string // "notify"
	// Do makes the request, with the numbers Callee and Caller in it.
	Do         func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome
	Accepted   string // the body of a plain success, as documented
	VendorID   string // that Accepted names; "" where it names none
	Repeatable bool   // a lost answer leaves an Outcome with Repeatable
	// Codes are each documented code once, an unknown code, numbers as strings
	// and the reverse, data as null, [] and a string.
	Codes      []Code
	Retries401 bool // a first 401 without JSON does not halt: it is signed anew once
}

// Code is one answer of the vendor and what the adapter makes of it.
type Code struct {
	Name   string
	Status int // 0: 200
	Header map[string]string
	Body   string
	// Want's Class, Placed, Signal, Halt, Cause, Repeatable, AwaitDial and
	// VendorID are compared.
	Want providers.Outcome
}

// Read is one query: a poll or a probe.
type Read struct {
	Name string
	// Do asks. A probe's Class, Halt, RetryAfter, VendorCode and VendorText are
	// copied into a PollResult.
	Do    func(ctx context.Context, adapter any) providers.PollResult
	Codes []ReadCode
}

// ReadCode is one answer to a query and what the adapter makes of it.
type ReadCode struct {
	Name      string
	Status    int // 0: 200
	Header    map[string]string
	Body      string
	WantClass providers.Class
	WantHalt  providers.Halt
	WantState providers.State
}

// PushCase is one push and the reports in it.
type PushCase struct {
	Name string
	Push providers.Push
	// Want's VendorID, Ref, Task, Kind, State, Cause and Evidence are compared.
	Want []providers.Report
}

// Run checks that the adapter keeps the contract.
func Run(t *testing.T, v Vendor) {
	t.Helper()
	s := &suite{vendor: v}
	watchLog(t)
	t.Run("description", s.description)
	t.Run("new", s.construction)
	for _, act := range v.Acts {
		act.Accepted = strings.TrimSpace(act.Accepted)
		t.Run(act.Name, func(t *testing.T) { s.act(t, act) })
	}
	for _, read := range v.Reads {
		t.Run(read.Name, func(t *testing.T) { s.read(t, read) })
	}
	for _, d := range v.Downloads {
		t.Run(d.Name, func(t *testing.T) { s.recording(t, d) })
	}
	if len(v.Pushes) > 0 {
		t.Run("pushes", s.pushes)
	}
}

// suite is one run over one vendor.
type suite struct{ vendor Vendor }

// hangTimeout is how long an adapter waits for a vendor that hangs.
const hangTimeout = 150 * time.Millisecond

// settings are an account at the scripted vendor.
func (s *suite) settings(baseURL string) providers.Settings {
	return providers.Settings{
		Account: "conformance", BaseURL: baseURL, RecordingBaseURL: baseURL,
		Credential: func(name string) string { return s.vendor.Credentials[name] },
		Timeout:    10 * time.Second, Switches: s.vendor.Switches, Now: Now,
	}
}

// adapter builds one and closes it with the test.
func (s *suite) adapter(t *testing.T, settings providers.Settings) any {
	t.Helper()
	adapter, err := s.vendor.New(settings)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if c, ok := adapter.(io.Closer); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	return adapter
}
