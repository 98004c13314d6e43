package jumdata

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func parse(t *testing.T, p providers.Push) []providers.Report {
	t.Helper()
	reports, err := newAdapter(t, testSettings()).ParsePush(p)
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

// J6, X3, X5, X6, X12: neither method nor encoding is stated, so all are read alike.
func TestJ6PushEncodings(t *testing.T) {
	js := strings.TrimSpace(providertest.Fixture(t, "push_success.json"))
	form := "callId=YYTZ902243075585650689&callStatus=0&callStatusText=%E6%88%90%E5%8A%9F&callTime=12&notifyData=jumdata.01K5.1"
	const asForm, asJSON = "application/x-www-form-urlencoded; charset=UTF-8", "application/json"
	for name, p := range map[string]providers.Push{
		"JSON":                 {Method: "POST", ContentType: asJSON, Body: []byte(js)},
		"JSON without type":    {Method: "POST", Body: []byte(js)},
		"JSON said to be form": {Method: "POST", ContentType: asForm, Body: []byte(js)},
		"X5 BOM":               {Method: "POST", ContentType: asJSON, Body: []byte("\xef\xbb\xbf\n " + js + " ")},
		"form":                 {Method: "POST", ContentType: asForm, Body: []byte(form)},
		"form without type":    {Method: "POST", Body: []byte(form)},
		"form said to be JSON": {Method: "POST", ContentType: asJSON, Body: []byte(form)},
		"query of a GET":       {Method: "GET", RawQuery: form},
		"query of a POST":      {Method: "POST", RawQuery: form},
		"X3 array":             {Method: "POST", Body: []byte("[" + js + "]")},
		"X3 named array":       {Method: "POST", Body: []byte(`{"array":[` + js + "]}")},
	} {
		t.Run(name, func(t *testing.T) {
			reports := parse(t, p)
			if len(reports) != 1 {
				t.Fatalf("%d reports, want 1", len(reports))
			}
			r := reports[0]
			if r.VendorID != "YYTZ902243075585650689" || r.Ref != "jumdata.01K5.1" || r.State != providers.StateCompleted ||
				r.Cause != providers.CauseAnswered || r.VendorText != "成功" || r.Evidence != providers.EvidenceDuration ||
				r.Duration == nil || *r.Duration != 12*time.Second || r.Billable == nil || !*r.Billable {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// J5, J17: the failure that was seen in the wild has neither time nor reference.
func TestJ5RealFailurePush(t *testing.T) {
	r := parse(t, providers.Push{Method: "POST", Body: []byte(providertest.Fixture(t, "push_failure.json"))})[0]
	if r.VendorID != "YYTZ902243075585650689" || r.State != providers.StateFailed || r.Cause != providers.CauseUnknown ||
		r.VendorCode != "110" || r.VendorText != "失败" || r.Ref != "" || r.Duration != nil ||
		r.Evidence != providers.EvidencePush || r.Billable == nil || *r.Billable {
		t.Errorf("got %+v", r)
	}
}

func TestJ8CallTime(t *testing.T) {
	for value, want := range map[string]time.Duration{
		`0`: 0, `12`: 12 * time.Second, `"12"`: 12 * time.Second, `1000000000`: 1e9 * time.Second,
		`1000000001`: -1, `1700000000123`: -1, `-1`: -1, `12.5`: -1, `""`: -1, `null`: -1, `"soon"`: -1, `99999999999999999999`: -1,
	} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(`{"callId":"Y","callStatus":0,"callTime":` + value + `}`)})[0]
		got, evidence := time.Duration(-1), providers.EvidencePush
		if r.Duration != nil {
			got = *r.Duration
		}
		if want >= 0 {
			evidence = providers.EvidenceDuration
		}
		if got != want || r.Evidence != evidence {
			t.Errorf("%s: %v with evidence %d", value, got, r.Evidence)
		}
	}
}

func TestX3OneBadElementCostsOnlyItself(t *testing.T) {
	body := `[{"callId":"A","callStatus":0},{"callStatus":1,"notifyData":"13800138000"},7,{"callId":9007199254740993001,"callStatus":1}]`
	reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(body)})
	if len(reports) != 2 || reports[0].VendorID != "A" || reports[1].VendorID != "9007199254740993001" {
		t.Errorf("got %+v", reports)
	}
	if err == nil || !strings.Contains(err.Error(), "[1 2]") || strings.Contains(err.Error(), "13800138000") {
		t.Errorf("got %v, want an error that names elements 1 and 2 and quotes nothing", err)
	}
}

func TestUnreadablePushes(t *testing.T) {
	a := newAdapter(t, testSettings())
	for name, p := range map[string]providers.Push{
		"nothing":                 {Method: "POST"},
		"other method":            {Method: "PUT", Body: []byte(`{"callId":"A"}`)},
		"cut":                     {Method: "POST", Body: []byte(`{"callId":"13800138000"`)},
		"two values":              {Method: "POST", Body: []byte(`{"callId":"A"}{"callId":"B"}`)},
		"empty array":             {Method: "POST", Body: []byte(`[]`)},
		"empty named array":       {Method: "POST", Body: []byte(`{"array":[]}`)},
		"no callId":               {Method: "POST", Body: []byte(`{"callStatus":0}`)},
		"callId of 65":            {Method: "POST", Body: []byte(`{"callId":"` + strings.Repeat("Y", 65) + `"}`)},
		"form of nothing we know": {Method: "POST", Body: []byte(`13800138000`)},
		"broken form":             {Method: "POST", Body: []byte(`%zz`)},
		"X11 too large":           {Method: "POST", Body: []byte(`{"callId":"A","x":"` + strings.Repeat("x", 1<<20) + `"}`)},
		"too large a query":       {Method: "GET", RawQuery: "callId=A&x=" + strings.Repeat("x", 1<<20)},
		"bottomless":              {Method: "POST", Body: []byte(strings.Repeat("[", 1<<20))},
	} {
		reports, err := a.ParsePush(p)
		if err == nil || len(reports) != 0 {
			t.Errorf("%s: %+v, %v", name, reports, err)
		} else if strings.Contains(err.Error(), "13800138000") {
			t.Errorf("%s: the error quotes the push: %v", name, err)
		}
	}
}

func TestX4PushInGBK(t *testing.T) {
	for name, body := range map[string]string{
		"JSON": "{\"callId\":\"A\",\"callStatusText\":\"\xca\xa7\xb0\xdc\x81\\\",\"callStatus\":1}",
		"form": "callId=A&callStatusText=%CA%A7%B0%DC&callStatus=1",
	} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(body)})[0]
		if r.VendorID != "A" || r.State != providers.StateFailed || !strings.HasPrefix(r.VendorText, "失败") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestRefMustBeOneOfOurs(t *testing.T) {
	for ref, want := range map[string]string{"job.1": "job.1", strings.Repeat("a", 65): "", "张三": "", "a b": ""} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(`{"callId":"A","notifyData":"` + ref + `"}`)})[0]
		if r.Ref != want {
			t.Errorf("%q: %q", ref, r.Ref)
		}
	}
}

func TestAck(t *testing.T) {
	if got := newAdapter(t, testSettings()).Ack(); got != (providers.Ack{Status: 200, ContentType: "text/plain", Body: "success"}) {
		t.Errorf("default: %+v", got)
	}
	s := testSettings()
	s.Ack = providers.Ack{Body: "ok"}
	if got := newAdapter(t, s).Ack(); got != (providers.Ack{Status: 200, ContentType: "text/plain", Body: "ok"}) {
		t.Errorf("with a body: %+v", got)
	}
	s.Ack = providers.Ack{Status: 202, ContentType: "application/json"}
	if got := newAdapter(t, s).Ack(); got != (providers.Ack{Status: 202, ContentType: "application/json", Body: "success"}) {
		t.Errorf("with status and type: %+v", got)
	}
}
