package providertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// unreadable: an answer that is not the vendor's says nothing about the call.
func (s *suite) unreadable(t *testing.T, act Act) {
	for what, body := range garbage(act.Accepted) {
		wantOutcome(t, what, s.canned(t, act, replied(0, nil, body)), lost(act))
	}
}

// garbage are bodies that cannot be the vendor's, cuts of one of its own included.
func garbage(own string) map[string]string {
	bodies := map[string]string{
		"nothing": "", "space": " \r\n", "a byte order mark": bom, "HTML": "<html><body>502 Bad Gateway</body></html>",
		"null": "null", "a number": "200", "a text": `"success"`, "an empty object": "{}", "an empty list": "[]",
		"an open brace": "{", "bytes": "\x00\x01\xfe\xff\x80", "two values": own + own, "words after it": own + " ok",
		"a list of it": "[" + own + "]", "gzip": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xaaV*I-.\x01\x04\x00\x00\xff\xff",
		"bottomless": strings.Repeat("[", 100_000),
	}
	for i := 1; i < len(own); i += 1 + len(own)/8 {
		bodies[fmt.Sprintf("%d of %d bytes", i, len(own))] = own[:i]
	}
	bodies["all but one byte"] = own[:max(len(own)-1, 0)]
	return bodies
}

// gateways answer without the vendor's words.
var gateways = []string{"", "<html>gateway</html>", "upstream connect error"}

// statuses checks answers of which only the HTTP status can be read.
func (s *suite) statuses(t *testing.T, act Act) {
	for status, want := range bareStatuses(act) {
		for _, body := range gateways {
			wantOutcome(t, fmt.Sprintf("HTTP %d", status), s.canned(t, act, replied(status, nil, body)), want)
		}
	}
	v := serve(t, answers(502, nil, "bad gateway"))
	wantOutcome(t, "HTTP 502", s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting()), lost(act))
}

// bareStatuses is every status that is not a case of its own.
func bareStatuses(act Act) map[int]providers.Outcome {
	want := map[int]providers.Outcome{200: lost(act), 201: lost(act), 202: lost(act), 204: lost(act), 599: lost(act)}
	for status := 500; status <= 530; status++ {
		want[status] = lost(act)
	}
	for _, status := range []int{400, 402, 406, 408, 409, 410, 411, 413, 415, 418, 422, 428, 431, 451} {
		want[status] = providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CausePlatform}
	}
	for status, halt := range map[int]providers.Halt{
		403: providers.HaltAuth, 407: providers.HaltAuth, 404: providers.HaltConfig, 405: providers.HaltConfig,
	} {
		want[status] = providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedNo, Halt: halt}
	}
	return want
}

// unauthorised: a 401 halts the account, at once or after one newly signed try.
func (s *suite) unauthorised(t *testing.T, act Act) {
	adapter := s.adapter(t, s.settings(nowhere))
	for try := 1; try <= 3; try++ {
		got := s.on(t.Context(), t, act, adapter, replied(401, nil, "no"), Lasting())
		halted := got.Class == providers.ClassHalted && (got.Halt == providers.HaltAuth || got.Halt == providers.HaltClockSkew)
		// Either the adapter knows that it has tried, or the job's tries are counted.
		again := act.Retries401 && got.Class == providers.ClassRetryLater && (try == 1 || got.MaxTries == 1 || got.MaxTries == 2)
		if got.Placed != providers.PlacedNo || !halted && !again {
			t.Errorf("try %d: %+v", try, got)
		}
		if act.Retries401 && try == 1 && !again {
			t.Errorf("the first 401 halts at once: %+v", got)
		}
	}
}

// tooManyRequests: Retry-After is honoured, in seconds and as a date.
func (s *suite) tooManyRequests(t *testing.T, act Act) {
	want := providers.Outcome{Class: providers.ClassRateLimited, Placed: providers.PlacedNo, Signal: providers.SignalTooFrequent}
	check := func(got providers.Outcome, header string, least, most time.Duration) {
		t.Helper()
		wantOutcome(t, "Retry-After "+header, got, want)
		if got.RetryAfter < least || got.RetryAfter > most {
			t.Errorf("Retry-After %s: waits %v, want %v to %v", header, got.RetryAfter, least, most)
		}
	}
	v := serve(t, answers(429, map[string]string{"Retry-After": "77"}, "slow down"))
	check(s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting()), "77", 77*time.Second, maxWait)
	for _, wait := range retryAfters {
		got := s.canned(t, act, replied(429, map[string]string{"Retry-After": wait.header}, ""))
		check(got, wait.header, wait.least, maxWait)
	}
}

// retryAfters are headers and the least wait that each asks for.
var retryAfters = []struct {
	header string
	least  time.Duration
}{
	{"90", 90 * time.Second},
	{Now().Add(10 * time.Minute).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), 599 * time.Second},
	{"", 0}, {"soon", 0}, {"-5", 0}, {"999999999", 0},
}

// redirects are answers, never orders: a request carries secrets and acts.
func (s *suite) redirects(t *testing.T, act Act) {
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		elsewhere := serve(t, answers(0, nil, act.Accepted))
		var v *server
		v = serve(t, func(x *exchange) {
			if x.request() {
				to := v.url() + "/again"
				if status%2 == 0 {
					to = elsewhere.url() + "/again"
				}
				x.answer(status, map[string]string{"Location": to}, "")
			}
		})
		got := s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting())
		want := providers.Outcome{Class: providers.ClassHalted, Placed: providers.PlacedMaybe, Halt: providers.HaltConfig}
		want.Repeatable = got.Repeatable // a person looks at it first either way
		wantOutcome(t, fmt.Sprintf("HTTP %d", status), got, want)
		if n := elsewhere.connections.Load(); n != 0 {
			t.Errorf("HTTP %d was followed to another host", status)
		}
	}
}
