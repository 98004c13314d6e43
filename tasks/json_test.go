package tasks_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

func TestJobJSON(t *testing.T) {
	j := tasks.Job{
		Kind: tasks.KindNotify, Account: "a", To: "13800000001", Template: "T", Params: []string{"张三"}, Times: 2,
		From: "13800000002", Mode: tasks.ModeXA, X: "95013", A: "02188888888", B: "+447911123456", TTL: 90 * time.Second,
		Record: true, Display: "0,1", Prompts: []string{"p1", ""}, AnswerPrompts: []string{"q1"}, UserData: "客户 7",
		Binding: "g.b", Subid: "s-1", VendorID: "v_1",
		IdempotencyKey: "k", Priority: tasks.Urgent, NotBefore: time.Date(2026, 1, 2, 1, 0, 0, 0, time.UTC),
		ExpiresAt: time.Date(2026, 1, 3, 1, 0, 0, 0, time.UTC), ExpiresIn: 90 * time.Minute,
		Tags: map[string]string{"order": "4711"}, EventURL: "https://example.com/x",
	}
	const want = `{"kind":"notify","account":"a","to":"13800000001","template":"T","params":["张三"],"times":2,` +
		`"from":"13800000002","mode":"xa","x":"95013","a":"02188888888","b":"+447911123456",` +
		`"record":true,"display":"0,1","prompts":["p1",""],"answer_prompts":["q1"],"user_data":"客户 7",` +
		`"job":"g.b","subid":"s-1","vendor_id":"v_1",` +
		`"idempotency_key":"k","priority":"urgent","not_before":"2026-01-02T01:00:00Z","expires_at":"2026-01-03T01:00:00Z",` +
		`"tags":{"order":"4711"},"event_url":"https://example.com/x","expires_in":"1h30m","ttl":"1m30s"}`
	b, err := json.Marshal(j)
	if err != nil || string(b) != want {
		t.Fatalf("%s, %v\nwant %s", b, err, want)
	}
	// A pointer, a list and a field of something else are written alike.
	if b, err := json.Marshal([]*tasks.Job{&j}); err != nil || string(b) != "["+want+"]" {
		t.Errorf("%s, %v", b, err)
	}
	var back tasks.Job
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, j) {
		t.Errorf("read back %+v, %v", back, err)
	}
	// A field that a later version adds must not be forgotten here.
	filled := reflect.ValueOf(back)
	for i := range filled.NumField() {
		if filled.Field(i).IsZero() {
			t.Errorf("field %s of Job is not in this test", filled.Type().Field(i).Name)
		}
	}
	if b, err := json.Marshal(tasks.Job{}); err != nil || string(b) != `{"kind":"","account":""}` {
		t.Errorf("the empty job is %s, %v", b, err)
	}
}

func TestExpiresInIsADurationInWords(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2h": 2 * time.Hour, "2h5m": 125 * time.Minute, "2h0m5s": 2*time.Hour + 5*time.Second, "10m": 10 * time.Minute,
		"100h": 100 * time.Hour, "10s": 10 * time.Second, "1.5s": 1500 * time.Millisecond, "20ms": 20 * time.Millisecond, "-1h": -time.Hour,
	} {
		var j tasks.Job
		if err := json.Unmarshal([]byte(`{"expires_in":"`+text+`"}`), &j); err != nil || j.ExpiresIn != want {
			t.Errorf("%s: %v, %v", text, j.ExpiresIn, err)
		}
		b, err := json.Marshal(j)
		if err != nil || !strings.Contains(string(b), `"expires_in":"`+text+`"`) {
			t.Errorf("%v is written %s, %v", want, b, err)
		}
	}
}

func TestJobJSONIsStrict(t *testing.T) {
	for text, field := range map[string]string{
		`{"account":"a","templat":"T"}`:       "templat",
		`{"To":"13800000001"}`:                "To", // not even by case
		`{"":1}`:                              "",
		`{"id":"x"}`:                          "id",
		`{"to":"1","to":"2"}`:                 "to",
		`{"to":13800000001}`:                  "to",
		`{"expires_in":7200}`:                 "expires_in",
		`{"expires_in":"2"}`:                  "expires_in",
		`{"expires_in":"two hours"}`:          "expires_in",
		`{"not_before":"tomorrow"}`:           "not_before",
		`{"expires_at":1767315600}`:           "expires_at",
		`{"times":"2"}`:                       "times",
		`{"times":1.5}`:                       "times",
		`{"params":"a,b"}`:                    "params",
		`{"params":["a",1]}`:                  "params",
		`{"tags":{"a":1}}`:                    "tags",
		"{\"params\":[\"\xd5\xc5\xc8\xfd\"]}": "params",
		"{\"idempotency_key\":\"a\xff\"}":     "idempotency_key",
		`{"priority":1}`:                      "priority",
		`{"kind":{}}`:                         "kind",
		`{"account":[]}`:                      "account",
		`{"event_url":1}`:                     "event_url",
		`{"from":1}`:                          "from", `{"mode":1}`: "mode", `{"x":95013}`: "x", `{"a":13800000001}`: "a", `{"b":13800000001}`: "b",
		`{"ttl":3600}`: "ttl", `{"ttl":"3600"}`: "ttl", `{"record":"true"}`: "record", `{"record":1}`: "record",
		`{"display":0}`: "display", `{"prompts":"p1"}`: "prompts", `{"answer_prompts":"p1"}`: "answer_prompts",
		`{"user_data":{}}`: "user_data", `{"job":1}`: "job", `{"subid":1}`: "subid", `{"vendor_id":1}`: "vendor_id",
		`{"ttl":"1h","ttl":"2h"}`: "ttl", `{"userData":"x"}`: "userData", "{\"user_data\":\"\xff\"}": "user_data",
		`{"template":true,"unknown":"mentioned"}`: "template",
	} {
		var j tasks.Job
		err := json.Unmarshal([]byte(text), &j)
		var f *tasks.FieldError
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s: error %v, want a *FieldError of %q", text, err, field)
			continue
		}
		if strings.Contains(f.Error(), "1380000") || strings.Contains(f.Message, "7200") {
			t.Errorf("%s: the error quotes the value: %v", text, f)
		}
	}
	for _, text := range []string{`[]`, `"x"`, `1`, `{"to"}`, `{`, ``} {
		var j tasks.Job
		if err := json.Unmarshal([]byte(text), &j); err == nil {
			t.Errorf("%q was read as a job", text)
		}
	}
}

func TestJobJSONKeepsWhatIsNotGiven(t *testing.T) {
	j := tasks.Job{Account: "a", Times: 2}
	if err := json.Unmarshal([]byte(`{"to":"1","times":null}`), &j); err != nil || j.Account != "a" || j.Times != 2 || j.To != "1" {
		t.Errorf("%+v, %v", j, err)
	}
	if err := json.Unmarshal([]byte(`null`), &j); err != nil || j.Account != "a" {
		t.Errorf("%+v, %v", j, err)
	}
}

// What is read is written so that it reads the same.
func FuzzJobJSON(f *testing.F) {
	f.Add([]byte(`{"account":"a","to":"13800000001","params":["张三"],"expires_in":"2h","tags":{"a":"b"}}`))
	f.Add([]byte(`{"not_before":"2026-01-02T09:00:00+08:00","times":3,"expires_in":"1h0m0.5s"}`))
	f.Add([]byte(`{"a":[{}]}`))
	f.Add([]byte(`{"kind":"bind","mode":"axb","x":"95013","a":"1","b":"+44","ttl":"1h0m1s","record":true,"prompts":["",""]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var j, again tasks.Job
		if json.Unmarshal(b, &j) != nil {
			return
		}
		out, err := json.Marshal(j)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", j, err)
		}
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("%s cannot be read: %v", out, err)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(out) {
			t.Errorf("%s became %s, %v", out, second, err)
		}
		_ = j.Validate() // may say anything, but not panic
	})
}
