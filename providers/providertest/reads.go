package providertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// read checks one query. A query may be asked again, so nothing is in doubt; but
// a lane must not close because one question went wrong.
func (s *suite) read(t *testing.T, read Read) {
	for _, code := range read.Codes {
		t.Run("code "+code.Name, func(t *testing.T) {
			t.Parallel()
			s.readCode(t, read, code)
		})
	}
	for name, check := range map[string]func(*testing.T, Read){
		"statuses": s.readStatuses, "429": s.readTooMany, "redirects": s.readRedirects,
		"answers that are none": s.readGarbage, "connections": s.readCuts, "hang": s.readHang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, read)
		})
	}
}

// ask makes the query at a vendor with this script and checks what must hold of
// every answer.
func (s *suite) ask(t *testing.T, read Read, script func(*exchange), timeout time.Duration) (providers.PollResult, *server) {
	t.Helper()
	v := serve(t, script)
	settings := s.settings(v.url())
	settings.Timeout = timeout
	got := read.Do(t.Context(), s.adapter(t, settings))
	fail(t, read.Name, s.answerFaults(got))
	return got, v
}

func (s *suite) readCode(t *testing.T, read Read, code ReadCode) {
	ways := rewritten(code.Body)
	ways["as documented"] = code.Body
	for how, body := range ways {
		got, _ := s.ask(t, read, answers(code.Status, code.Header, body), 10*time.Second)
		if got.Class != code.WantClass || got.Halt != code.WantHalt || got.Report.State != code.WantState {
			t.Errorf("%s: %s, halt %q, state %q; want %s, %q, %q", how,
				got.Class, got.Halt, got.Report.State, code.WantClass, code.WantHalt, code.WantState)
		}
	}
	object, ok := readObject([]byte(code.Body))
	for i := range object {
		if _, text := object[i].value.(string); ok && text {
			changed := append([]member{}, object...)
			changed[i].value = s.gossip()
			s.ask(t, read, answers(code.Status, code.Header, string(writeJSON(changed))), 10*time.Second)
		}
	}
}

// wantNoAnswer: only this item waits.
func wantNoAnswer(t *testing.T, what string, got providers.PollResult, classes ...providers.Class) {
	t.Helper()
	for _, class := range classes {
		if got.Class == class && got.Halt == "" {
			return
		}
	}
	t.Errorf("%s: %s, halt %q; want %v and no halt", what, got.Class, got.Halt, classes)
}

func (s *suite) readStatuses(t *testing.T, read Read) {
	for status := 400; status <= 511; status++ {
		if status == 429 || status > 430 && status < 500 {
			continue
		}
		classes := []providers.Class{providers.ClassRetryLater}
		if status < 500 {
			classes = append(classes, providers.ClassPermanent)
		}
		got, _ := s.ask(t, read, answers(status, nil, "<html>gateway</html>"), 10*time.Second)
		wantNoAnswer(t, fmt.Sprintf("HTTP %d", status), got, classes...)
	}
}

func (s *suite) readTooMany(t *testing.T, read Read) {
	for _, wait := range retryAfters {
		got, _ := s.ask(t, read, answers(429, map[string]string{"Retry-After": wait.header}, ""), 10*time.Second)
		wantNoAnswer(t, "HTTP 429", got, providers.ClassRateLimited)
		if got.RetryAfter < wait.least {
			t.Errorf("Retry-After %s: waits %v", wait.header, got.RetryAfter)
		}
	}
}

func (s *suite) readRedirects(t *testing.T, read Read) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := serve(t, answers(0, nil, "{}"))
		got, v := s.ask(t, read, answers(status, map[string]string{"Location": elsewhere.url() + "/again"}, ""), 10*time.Second)
		wantNoAnswer(t, fmt.Sprintf("HTTP %d", status), got, providers.ClassRetryLater, providers.ClassPermanent)
		if v.requests.Load() != 1 || elsewhere.connections.Load() != 0 {
			t.Errorf("HTTP %d was followed", status)
		}
	}
}

// answered is a body that the adapter takes for an answer, or else any that it knows.
func (r Read) answered() string {
	for _, code := range r.Codes {
		if code.WantClass == providers.ClassOK {
			return code.Body
		}
	}
	return `{"code":0}`
}

func (s *suite) readGarbage(t *testing.T, read Read) {
	for what, body := range garbage(read.answered()) {
		got, _ := s.ask(t, read, answers(0, nil, body), 10*time.Second)
		wantNoAnswer(t, what, got, providers.ClassRetryLater, providers.ClassPending, providers.ClassPermanent)
	}
}

func (s *suite) readCuts(t *testing.T, read Read) {
	for name, script := range s.cuts(Act{Accepted: read.answered()}) {
		got, _ := s.ask(t, read, script, 10*time.Second)
		wantNoAnswer(t, name, got, providers.ClassRetryLater)
	}
	got, _ := s.ask(t, read, func(x *exchange) { x.reset() }, 10*time.Second)
	wantNoAnswer(t, "cut before the write", got, providers.ClassRetryLater)
}

func (s *suite) readHang(t *testing.T, read Read) {
	for _, say := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + strings.Repeat(" ", 50)} {
		begin := time.Now()
		got, _ := s.ask(t, read, hang(say), hangTimeout)
		wantNoAnswer(t, "hang", got, providers.ClassRetryLater)
		if took := time.Since(begin); took > hangTimeout+5*time.Second {
			t.Errorf("took %v with a timeout of %v", took, hangTimeout)
		}
	}
}
