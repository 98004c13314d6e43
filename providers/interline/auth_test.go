package interline

import (
	"net/http"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// dated is a refusal that tells the vendor's time.
func dated(at time.Time) providertest.Answer {
	return providertest.Answer{Status: http.StatusUnauthorized, Header: map[string]string{"Date": at.UTC().Format(http.TimeFormat)}}
}

var refusals = map[string]providertest.Answer{
	"401":                  {Status: 401},
	"401 with 1101":        {Status: 401, Body: `{"error":1101,"reason":"账号认证失败"}`},
	"200 with 1101":        {Body: `{"error":"1101"}`},
	"401 of a framework":   {Status: 401, Body: `{"status":401,"error":"Unauthorized"}`},
	"401 with a new code":  {Status: 401, Body: `{"error":4321}`},
	"401, clock is right":  dated(testNow),
	"401 with broken date": {Status: 401, Header: map[string]string{"Date": "today"}},
}

// L4: a refused signature is made anew once, with the time of that moment, then
// the account halts; a good answer in between starts over.
func TestL4SignedAgainOnceThenHalted(t *testing.T) {
	for name, refusal := range refusals {
		t.Run(name, func(t *testing.T) {
			v := vendor(refusal, providertest.Answer{Body: accepted}, refusal, refusal, refusal)
			a := v.adapter(t)
			now := testNow
			a.clock = newClock(func() time.Time { return now })
			for i, want := range []providers.Outcome{
				{Class: providers.ClassRetryLater, Placed: providers.PlacedNo},
				{Class: providers.ClassOK, Placed: providers.PlacedYes},
				{Class: providers.ClassRetryLater, Placed: providers.PlacedNo},
				{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: providers.HaltAuth},
				{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: providers.HaltAuth},
			} {
				got := bind(t, a, axb())
				if got.Class != want.Class || got.Placed != want.Placed || got.Halt != want.Halt || got.Repeatable || got.Unsent {
					t.Errorf("request %d: %+v, want %+v", i+1, got, want)
				}
				if (got.RetryAfter > 0) != (want.Class == providers.ClassRetryLater) {
					t.Errorf("request %d: wait %v", i+1, got.RetryAfter)
				}
				if seen := v.asked(); len(seen) != i+1 || seen[i].millis != now.UnixMilli() {
					t.Errorf("request %d: %d requests, signed at %d", i+1, len(seen), seen[len(seen)-1].millis)
				}
				now = now.Add(100 * time.Millisecond) // a Date header counts whole seconds
			}
		})
	}
}

// L4: the vendor's clock, in its Date header, corrects ours; where that does not
// help, the operator hears of the clock.
func TestL4ClockIsCorrected(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"we are slow": 10 * time.Minute, "we are fast": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			theirs := testNow.Add(ahead).Truncate(time.Second)
			v := vendor(dated(theirs), providertest.Answer{Body: accepted}, dated(theirs), dated(theirs))
			a := v.adapter(t)
			for i, want := range []providers.Outcome{
				{Class: providers.ClassRetryLater}, {Class: providers.ClassOK},
				{Class: providers.ClassRetryLater}, {Class: providers.ClassHalted, Halt: providers.HaltClockSkew},
			} {
				if got := bind(t, a, axb()); got.Class != want.Class || got.Halt != want.Halt {
					t.Errorf("request %d: %+v, want %+v", i+1, got, want)
				}
			}
			for i, s := range v.asked() {
				if want := theirs.UnixMilli(); i > 0 && s.millis != want {
					t.Errorf("request %d is signed at %d, want %d", i+1, s.millis, want)
				}
			}
		})
	}
}

// A Date that comes with the second refusal only is still given its chance.
func TestL4LateDate(t *testing.T) {
	theirs := testNow.Add(5 * time.Minute)
	v := vendor(providertest.Answer{Status: 401}, dated(theirs), dated(theirs))
	a := v.adapter(t)
	for i, want := range []providers.Class{providers.ClassRetryLater, providers.ClassRetryLater, providers.ClassHalted} {
		if got := bind(t, a, axb()); got.Class != want {
			t.Errorf("request %d: %+v, want %s", i+1, got, want)
		}
	}
}

// A Date that is another each time is no clock to go by for ever.
func TestL4WanderingDate(t *testing.T) {
	v := vendor(dated(testNow.Add(5*time.Minute)), dated(testNow.Add(-5*time.Minute)))
	a := v.adapter(t)
	for i, want := range []providers.Halt{providers.HaltNone, providers.HaltClockSkew} {
		if got := bind(t, a, axb()); got.Halt != want {
			t.Errorf("request %d: %+v, want halt %q", i+1, got, want)
		}
	}
}

// Requests that were under way when the first refusal came were not signed
// again: they halt nothing.
func TestL4RequestsUnderWayHaltNothing(t *testing.T) {
	a := newAdapter(t, testSettings())
	reply := providers.Reply{Status: 401, Header: http.Header{}}
	sign := func() stamp {
		return a.authorize(&http.Request{Header: http.Header{}})
	}
	first, second := sign(), sign()
	for i, s := range []stamp{first, second} {
		if halt := a.signatureRefused(reply, s); halt != providers.HaltNone {
			t.Errorf("request %d: %s", i+1, halt)
		}
	}
	if halt := a.signatureRefused(reply, sign()); halt != providers.HaltAuth {
		t.Errorf("signed again: %q", halt)
	}
}

// The body's code decides where it says something else that is documented.
func TestCodeBeforeStatus401(t *testing.T) {
	got := bind(t, vendor(providertest.Answer{Status: 401, Body: `{"error":1102}`}).adapter(t), axb())
	if got.Class != providers.ClassHalted || got.Halt != providers.HaltAccount {
		t.Errorf("got %+v", got)
	}
}

// An unclear answer keeps the same request allowed, one that never left too.
func TestTransport(t *testing.T) {
	v := says(accepted)
	a := v.adapter(t)
	line, err := a.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Bind(t.Context(), line, providers.Permit{}, axb()); got.Class != providers.ClassRetryLater || !got.Unsent || got.Repeatable || len(v.asked()) != 0 {
		t.Errorf("without permit: %+v", got)
	}
	for _, written := range []bool{true, false} {
		err := &providers.TransportError{Stage: providers.StageRead, Written: written, Reason: "eof"}
		if got := repeatable(providers.ActingTransport(err)); got.Repeatable != written || (got.Class == providers.ClassUncertain) != written {
			t.Errorf("written %v: %+v", written, got)
		}
	}
	cut := vendor(providertest.Answer{Header: map[string]string{"Content-Length": "100"}, Body: accepted})
	if got := bind(t, cut.adapter(t), axb()); got.Class != providers.ClassUncertain || !got.Repeatable || got.VendorText != "truncated" {
		t.Errorf("cut answer: %+v", got)
	}
}
