package dispatch

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/providers"
)

const letter = "See you at 8, 老地方"

// withLetter is a push of a message, as the vendor sends it: with what it says.
func withLetter(t *testing.T, r providers.Report, more string) string {
	t.Helper()
	var elements []map[string]any
	if err := json.Unmarshal([]byte(pushed(r)), &elements); err != nil {
		t.Fatal(err)
	}
	elements[0]["smsContent"], elements[0]["more"] = letter, more
	body, err := json.Marshal(elements)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// kept is everything in Redis, key by key, with what is wrapped in base64 unwrapped.
func (s scene) kept() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, key := range s.redis.Mini.Keys() {
		fields, err := s.redis.Mini.HKeys(key)
		if err != nil { // no hash
			value, _ := s.redis.Mini.Get(key)
			members, _ := s.redis.Mini.ZMembers(key)
			all[key] = value + strings.Join(members, " ")
			continue
		}
		for _, f := range fields {
			value := s.redis.Mini.HGet(key, f)
			if plain, err := base64.StdEncoding.DecodeString(value); err == nil {
				value += " " + string(plain)
			}
			all[key] += f + "=" + value + "\n"
		}
	}
	return all
}

// TestMessageOverABinding has a record of its own, once however often it is pushed,
// and one event. What it says is kept nowhere once the push was read, and not logged.
func TestMessageOverABinding(t *testing.T) {
	inScene(t, func(t *testing.T, s scene) {
		log, said := logtest.NewNullLogger()
		log.SetLevel(logrus.TraceLevel)
		s.lane.Log = log
		bind, account := s.bind(), signer.Account("phone")
		sms := about1(bind, providers.Report{Kind: providers.ReportSMS, Task: "sms-1", From: b1, To: x1, Evidence: providers.EvidencePush})
		s.wantPush(account, withLetter(t, sms, "first"), pushDone)
		child := record.ChildID(bind, "sms-1")
		rec := s.get(child)
		if rec.Kind != record.KindSMS || rec.State != record.Completed || rec.Parent != bind || rec.Account != "phone" ||
			rec.From != "138****0002" || rec.To != "170****0001" || rec.Revision != 1 || rec.Content != "" {
			t.Errorf("%+v", rec)
		}
		// A copy that is another push to whoever counts bytes.
		s.wantPush(account, withLetter(t, sms, "again"), pushDone)
		if again := s.get(child); again.Revision != 1 || len(again.Timeline) != len(rec.Timeline) {
			t.Errorf("told twice it is %+v", again)
		}
		events := 0
		for key, value := range s.kept() {
			if strings.HasPrefix(key, groupKey("event:"+child+":")) {
				events++
			}
			for _, words := range []string{letter, "See you", "老地方"} {
				if strings.Contains(value, words) {
					t.Errorf("%s keeps what the message says", key)
				}
			}
			if strings.Contains(key, ":job:"+child) && (strings.Contains(value, "to="+x1) || strings.Contains(value, "from="+b1)) {
				t.Errorf("a number stands in clear: %s", value)
			}
		}
		if events != 1 {
			t.Errorf("%d events of the message, want 1", events)
		}
		for _, e := range said.AllEntries() {
			line, err := e.String()
			s.must(err)
			if strings.Contains(line, "See you") || strings.Contains(line, b1) {
				t.Errorf("logged: %s", line)
			}
		}
		if state := s.get(bind).State; state != record.Active {
			t.Errorf("the binding is %s", state)
		}
		s.wantDue(bind, forAges)
		if _, due := s.due(child); due {
			t.Error("a message has ended, and is due")
		}
	})
}
