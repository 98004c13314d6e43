package itnio

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// X5, X6, X12: the body's first byte decides between JSON and a form.
func TestX12PushEncodings(t *testing.T) {
	js := strings.TrimSpace(providertest.Fixture(t, "push.json"))
	form := "voiceId=22121121451211349002&answerTime=1670939575000&hangupTime=1670939593000&callDuration=18&chargedDuration=20" +
		"&cost=0.02&terminationCode=200&terminationReason=success&sipCode=200&feedbackValue=-1&calledInfo=itnio.01K5.1"
	const asForm, asJSON = "application/x-www-form-urlencoded; charset=UTF-8", "application/json;charset=UTF-8"
	for name, p := range map[string]providers.Push{
		"JSON":                 {Method: "POST", ContentType: asJSON, Body: []byte(js)},
		"JSON without type":    {Method: "POST", Body: []byte(js)},
		"JSON said to be form": {Method: "POST", ContentType: asForm, Body: []byte(js)},
		"X5 BOM":               {Method: "POST", ContentType: asJSON, Body: []byte("\xef\xbb\xbf\n " + js + " ")},
		"form":                 {Method: "POST", ContentType: asForm, Body: []byte(form)},
		"form said to be JSON": {Method: "POST", ContentType: asJSON, Body: []byte(form)},
		"query":                {Method: "GET", RawQuery: form},
		"X3 array":             {Method: "POST", Body: []byte("[" + js + "]")},
		"X3 named array":       {Method: "POST", Body: []byte(`{"array":[` + js + "]}")},
	} {
		reports := parse(t, p)
		if len(reports) != 1 {
			t.Fatalf("%s: %d reports, want 1", name, len(reports))
		}
		r := reports[0]
		if r.VendorID != "22121121451211349002" || r.Ref != "itnio.01K5.1" || r.State != completed || r.Cause != answered ||
			r.VendorCode != "200" || r.VendorText != "success" || r.Evidence != providers.EvidenceDuration || r.Conflict ||
			r.Duration == nil || *r.Duration != 18*time.Second || r.Billed == nil || *r.Billed != 20*time.Second ||
			r.Cost != "0.02" || r.Currency != "USD" || r.DTMF != "" {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

// X6: a form's plus is a space.
func TestX6FormPlus(t *testing.T) {
	r := parse(t, providers.Push{Method: "POST", Body: []byte("voiceId=A&terminationCode=486&terminationReason=Busy+Here%2B")})[0]
	if r.VendorText != "Busy Here+" {
		t.Errorf("text %q", r.VendorText)
	}
}

// X3: a batch gives its reports in order.
func TestX3Batch(t *testing.T) {
	reports := parse(t, providers.Push{Method: "POST", Body: []byte(providertest.Fixture(t, "push_batch.json"))})
	if len(reports) != 2 || reports[0].VendorID != "22121121451211349002" || reports[0].State != completed || reports[0].DTMF != "3" ||
		reports[1].VendorID != "22121121451211349003" || reports[1].State != providers.StateBusy || reports[1].SIP != 486 ||
		reports[1].Ref != "itnio.01K6.2" || reports[1].Billable == nil || *reports[1].Billable {
		t.Errorf("got %+v", reports)
	}
}

func TestX3OneBadElementCostsOnlyItself(t *testing.T) {
	body := `{"array":[{"voiceId":"A","terminationCode":"0"},{"callee":"13800138000"},7,{"voiceId":9007199254740993001,"terminationCode":1}]}`
	reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(body)})
	if len(reports) != 2 || reports[0].VendorID != "A" || reports[1].VendorID != "9007199254740993001" { // X7
		t.Errorf("got %+v", reports)
	}
	if err == nil || !strings.Contains(err.Error(), "itnio") || !strings.Contains(err.Error(), "[1 2]") || strings.Contains(err.Error(), "13800138000") {
		t.Errorf("got %v, want an error that names elements 1 and 2 and quotes nothing", err)
	}
}

// X7: an id beyond 2^53 keeps every digit as a number.
func TestX7BigIDs(t *testing.T) {
	r := parse(t, providers.Push{Method: "POST", Body: []byte(`{"voiceId":22121121451211349002,"terminationCode":486}`)})[0]
	if r.VendorID != "22121121451211349002" {
		t.Errorf("id %q", r.VendorID)
	}
}

// X11: and other pushes that hold nothing.
func TestX11UnreadablePushes(t *testing.T) {
	a := newAdapter(t, testSettings())
	for name, p := range map[string]providers.Push{
		"nothing":                 {Method: "POST"},
		"other method":            {Method: "PUT", Body: []byte(`{"voiceId":"A"}`)},
		"cut":                     {Method: "POST", Body: []byte(`{"voiceId":"13800138000"`)},
		"two values":              {Method: "POST", Body: []byte(`{"voiceId":"A"}{"voiceId":"B"}`)},
		"empty array":             {Method: "POST", Body: []byte(`[]`)},
		"empty named array":       {Method: "POST", Body: []byte(`{"array":[]}`)},
		"no voiceId":              {Method: "POST", Body: []byte(`{"terminationCode":0,"calledInfo":"itnio.01K5.1"}`)},
		"I14 voiceId of 65":       {Method: "POST", Body: []byte(`{"voiceId":"` + strings.Repeat("Y", 65) + `"}`)},
		"I14 voiceId of a path":   {Method: "POST", Body: []byte(`{"voiceId":"../1"}`)},
		"form of nothing we know": {Method: "POST", Body: []byte(`13800138000`)},
		"broken form":             {Method: "POST", Body: []byte(`%zz`)},
		"too large":               {Method: "POST", Body: []byte(`{"voiceId":"A","x":"` + strings.Repeat("x", 1<<20) + `"}`)},
		"too large a query":       {Method: "GET", RawQuery: "voiceId=A&x=" + strings.Repeat("x", 1<<20)},
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

// X4: Chinese back ends write GBK now and then.
func TestX4PushInGBK(t *testing.T) {
	for name, body := range map[string]string{
		"JSON": "{\"voiceId\":\"A\",\"terminationReason\":\"\xca\xa7\xb0\xdc\x81\\\",\"terminationCode\":1}",
		"form": "voiceId=A&terminationReason=%CA%A7%B0%DC&terminationCode=1",
	} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(body)})[0]
		if r.VendorID != "A" || r.State != failed || !strings.HasPrefix(r.VendorText, "失败") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// I13: calledInfo is echoed; what cannot be ours is no reference.
func TestI13RefIsCalledInfo(t *testing.T) {
	for info, want := range map[string]string{"itnio.01K5.12": "itnio.01K5.12", "job.1": "job.1", "": "", "null": "",
		"calledInfo": "", "13800138000": "", "138001380.00": "", "job.": "", "job.1 ": "job.1", strings.Repeat("a", 65): "", "张三": "", "a b": ""} {
		if r := pushed(t, `"calledInfo":"`+info+`"`); r.Ref != want {
			t.Errorf("%q: %q", info, r.Ref)
		}
	}
}

// No page shows what a push expects for an answer; plain "ok" is one setting away.
func TestAck(t *testing.T) {
	if got := newAdapter(t, testSettings()).Ack(); got != (providers.Ack{Status: 200, ContentType: "application/json", Body: `{"status":"0","reason":"success"}`}) {
		t.Errorf("default: %+v", got)
	}
	s := testSettings()
	s.Ack = providers.Ack{ContentType: "text/plain", Body: "ok"}
	if got := newAdapter(t, s).Ack(); got != (providers.Ack{Status: 200, ContentType: "text/plain", Body: "ok"}) {
		t.Errorf("plain: %+v", got)
	}
}
