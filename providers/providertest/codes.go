package providertest

import (
	"fmt"
	"strings"
	"testing"
)

// code checks one answer as it is documented, and as it might be written too.
func (s *suite) code(t *testing.T, act Act, code Code) {
	v := serve(t, answers(code.Status, code.Header, code.Body))
	got := s.over(t.Context(), t, act, v, s.adapter(t, s.settings(v.url())), Lasting())
	wantOutcome(t, "answer", got, code.Want)
	for how, body := range rewritten(code.Body) {
		wantOutcome(t, how, s.canned(t, act, replied(code.Status, code.Header, body)), code.Want)
	}
	s.echoes(t, act, code)
}

// echoes puts secrets and numbers into each text of an answer, as back ends do
// that repeat the request in their messages.
func (s *suite) echoes(t *testing.T, act Act, code Code) {
	object, ok := readObject([]byte(code.Body))
	if !ok {
		return
	}
	texts := 0
	rewrite(object, func(scalar any) any { texts++; return scalar })
	for place := range texts {
		n := -1
		hostile := rewrite(object, func(scalar any) any {
			if n++; n != place {
				return scalar
			}
			return s.gossip()
		})
		// What it comes to may change with the words; what shows of them may not.
		s.canned(t, act, replied(code.Status, code.Header, string(writeJSON(hostile))))
	}
}

// gossip is a text that holds all that must not be shown.
func (s *suite) gossip() string {
	var b strings.Builder
	fmt.Fprintf(&b, "号码 %s, +86 138-0013-8000, 139 0013 9000, %s", Callee, Caller)
	for name, credential := range s.vendor.Credentials {
		fmt.Fprintf(&b, " %s=%s https://vendor.example/?%s=%s", name, credential, name, credential)
	}
	return b.String()
}
