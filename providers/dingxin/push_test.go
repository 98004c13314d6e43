package dingxin

import (
	"fmt"
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

// one reads a record that has the fields, beside its subid.
func one(t *testing.T, fields string) providers.Report {
	t.Helper()
	return parse(t, providers.Push{Method: "POST", Body: []byte(`{"subid":"S",` + fields + `}`)})[0]
}

// seconds shows a told duration, "-" where there is none.
func seconds(d *time.Duration) string {
	if d == nil {
		return "-"
	}
	return d.String()
}

// X3, X5, X6, X12: the document says POST and no encoding, so all are read alike.
func TestPushEncodings(t *testing.T) {
	js := strings.TrimSpace(providertest.Fixture(t, "push_answered.json"))
	form := "subid=" + testSubid + "&telA=13900139000&telX=17000000000&telB=13800138000&startTime=1700000000&endTime=1700000095" +
		"&duration=120&status=1&unaswRsn=&downloadUrl=https%3A%2F%2Fxl.dingxin106.com%2Fcall%2Fa.mp3"
	for name, p := range map[string]providers.Push{
		"JSON":                 {Method: "POST", ContentType: jsonType, Body: []byte(js)},
		"X12 no type":          {Method: "POST", Body: []byte(js)},
		"JSON said to be form": {Method: "POST", ContentType: formType, Body: []byte(js)},
		"X5 BOM":               {Method: "POST", ContentType: jsonType, Body: []byte("\xef\xbb\xbf\n " + js + " ")},
		"form":                 {Method: "POST", ContentType: formType, Body: []byte(form)},
		"form said to be JSON": {Method: "POST", ContentType: jsonType, Body: []byte(form)},
		"query of a GET":       {Method: "GET", RawQuery: form},
		"X3 array":             {Method: "POST", Body: []byte("[" + js + "]")},
		"X3 named array":       {Method: "POST", Body: []byte(`{"array":[` + js + "]}")},
		"numbers as strings":   {Method: "POST", Body: []byte(strings.NewReplacer("120", `"120"`, `"status":1`, `"status":"1"`).Replace(js))},
		"strings as numbers":   {Method: "POST", Body: []byte(strings.NewReplacer(`"1700000000"`, "1700000000", `"1700000095"`, "1700000095").Replace(js))},
	} {
		reports := parse(t, p)
		if len(reports) != 1 {
			t.Fatalf("%s: %d reports, want 1", name, len(reports))
		}
		r := reports[0]
		if r.VendorID != testSubid || r.Ref != "" || r.Task != "1700000000" || r.Kind != providers.ReportCall ||
			r.State != providers.StateCompleted || r.Cause != providers.CauseAnswered || r.Evidence != providers.EvidenceDuration ||
			seconds(r.Duration) != "1m35s" || seconds(r.Billed) != "2m0s" || r.Billable == nil || !*r.Billable ||
			r.Recording != "https://xl.dingxin106.com/call/a.mp3" || r.VendorCode != "1" || r.Conflict {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestX6PlusAndSpaceInAForm(t *testing.T) {
	for _, form := range []string{"subid=S&status=2&startTime=2023-11-15+06:13:20&unaswRsn=a+b%2Bc", "subid=S&status=2&startTime=2023-11-15%2006%3A13%3A20&unaswRsn=a%20b%2bc"} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(form)})[0]
		if r.Task != "1700000000" || r.VendorText != "a b+c" {
			t.Errorf("%s: %+v", form, r)
		}
	}
}

func TestX7BigNumbersKeepEveryDigit(t *testing.T) {
	r := parse(t, providers.Push{Method: "POST", Body: []byte(`{"subid":4202107251831296890045359,"status":3}`)})[0]
	if r.VendorID != "4202107251831296890045359" {
		t.Errorf("got %+v", r)
	}
}

// D14: 0 is no end, unless the record shows one.
func TestD14StatusZero(t *testing.T) {
	for fields, want := range map[string]string{
		`"status":0`:                          "ringing//2/-//",
		`"status":"0","duration":0`:           "ringing//2/-//",
		`"status":0,"startTime":"1700000000"`: "ringing//2/-/1700000000/",
		`"status":0,"startTime":"0"`:          "ringing//2/-//",
		`"status":0,"startTime":""`:           "ringing//2/-//",
		`"status":0,"startTime":null`:         "ringing//2/-//",
		`"status":0,"startTime":"0000000000"`: "ringing//2/-//",
		`"status":0,"endTime":""`:             "ringing//2/-//",
		`"status":0,"endTime":"0"`:            "ringing//2/-//",
		`"status":0,"endTime":"0000000000"`:   "ringing//2/-//",
		`"status":0,"endTime":null,"duration":"0","startTime":"1700000000","unaswRsn":""`: "ringing//2/-/1700000000/",
		`"status":0,"duration":60,"startTime":"1700000000"`:                               "completed/answered/4/1m0s/1700000000/",
		`"status":0,"endTime":"1700000030","startTime":"1700000000","duration":0`:         "no_answer/no_answer/4/0s/1700000000/",
		`"status":0,"endTime":"1700000030","startTime":"1700000000"`:                      "no_answer/no_answer/2/-/1700000000/",
		`"status":0,"endTime":"1700000030","unaswRsn":"用户忙"`:                              "busy/busy/2/-//用户忙",
		`"status":0,"endTime":"1700000030","startTime":"1700000000","duration":60`:        "completed/answered/4/30s/1700000000/",
	} {
		r := one(t, fields)
		if got := fmt.Sprintf("%s/%s/%d/%s/%s/%s", r.State, r.Cause, r.Evidence, seconds(r.Duration), r.Task, r.VendorText); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
}

// What is not in the vendor's table changes nothing.
func TestUnknownStatus(t *testing.T) {
	for _, status := range []string{`4`, `"x"`, `null`, `""`, `-1`, `1.5`, `true`, `[1]`, `01e1`} {
		reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST",
			Body: []byte(`{"subid":"S","status":` + status + `,"duration":60,"endTime":"1700000000"}`)})
		if err != nil {
			continue // not JSON at all
		}
		if r := reports[0]; r.State != "" || r.Cause != "" || r.Task != "" || r.Duration != nil || r.Evidence != providers.EvidencePush {
			t.Errorf("%s: %+v", status, r)
		}
	}
}

// D16: B calls back over X, and the same subid has a second record. Both are
// ends, and their starts tell them apart; the same record again is the same.
func TestD16SeveralRecordsOfOneConnection(t *testing.T) {
	first := strings.TrimSpace(providertest.Fixture(t, "push_unanswered.json"))
	second := strings.TrimSpace(providertest.Fixture(t, "push_answered.json"))
	reports := parse(t, providers.Push{Method: "POST", Body: []byte("[" + first + "," + second + "," + first + "]")})
	if len(reports) != 3 {
		t.Fatalf("%d reports", len(reports))
	}
	a, b, again := reports[0], reports[1], reports[2]
	if a.VendorID != b.VendorID || a.Task == b.Task || a.Task == "" || b.Task == "" || a.State != providers.StateBusy || b.State != providers.StateCompleted {
		t.Errorf("%+v\n%+v", a, b)
	}
	if a.Task != again.Task || a.State != again.State || a.Cause != again.Cause {
		t.Errorf("%+v\n%+v", a, again)
	}
	// A change of one call's status, and its start written otherwise, is the same call.
	for _, start := range []string{`"1700000000"`, `1700000000`, `"1700000000123"`, `1700000000123`, `"2023-11-15 06:13:20"`, `"20231115061320"`, `"2023-11-15T06:13:20+08:00"`} {
		for _, status := range []string{"0", "1", "2", "3"} {
			if r := one(t, `"status":`+status+`,"startTime":`+start); r.Task != "1700000000" {
				t.Errorf("status %s, start %s: task %q", status, start, r.Task)
			}
		}
	}
	for start, want := range map[string]string{`"soon"`: "soon", `"00120"`: "00120", `0`: "", `"-1"`: "-1", `"1969-01-01 00:00:00"`: ""} {
		if r := one(t, `"status":3,"startTime":`+start); r.Task != want {
			t.Errorf("start %s: task %q, want %q", start, r.Task, want)
		}
	}
	if r := one(t, `"status":3,"startTime":"`+strings.Repeat("1", 65)+`"`); r.Task != "" || r.State != providers.StateFailed {
		t.Errorf("a start of 65 characters: %+v", r)
	}
}

// D17: duration is what is billed; the talk lies between start and end.
func TestD17BilledIsNotTalked(t *testing.T) {
	for fields, want := range map[string]string{
		`"status":1,"duration":120,"startTime":"1700000000","endTime":"1700000095"`:                   "1m35s 2m0s true false 4",
		`"status":1,"duration":"120","startTime":"1700000000123","endTime":"1700000095123"`:           "1m35s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"2023-11-15 06:13:20","endTime":"1700000095"`:          "1m35s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"2023-11-15 06:13:20","endTime":"2023-11-15 06:14:20"`: "1m0s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"1700000000"`:                                          "2m0s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"1700000095","endTime":"1700000000"`:                   "2m0s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"1600000000","endTime":"1700000000"`:                   "2m0s 2m0s true false 4",
		`"status":1,"duration":120,"startTime":"soon","endTime":"1700000000"`:                         "2m0s 2m0s true false 4",
		`"status":1,"startTime":"1700000000","endTime":"1700000095"`:                                  "1m35s - unknown false 4",
		`"status":1`:                                           "- - unknown false 2",
		`"status":1,"duration":-5`:                             "- - unknown false 2",
		`"status":1,"duration":1700000000123`:                  "- - unknown false 2",
		`"status":1,"duration":0`:                              "0s 0s false false 4",
		`"status":2,"duration":0,"unaswRsn":"19"`:              "0s 0s false false 4",
		`"status":2,"startTime":"170000000","endTime":"17000"`: "- - unknown false 2",
		`"status":2,"duration":60,"startTime":"1700000000","endTime":"1700000030"`: "1m0s 1m0s true true 4",
		`"status":3,"duration":60`: "1m0s 1m0s true true 4",
	} {
		r := one(t, fields)
		billable := "unknown"
		if r.Billable != nil {
			billable = fmt.Sprint(*r.Billable)
		}
		if got := fmt.Sprintf("%s %s %s %v %d", seconds(r.Duration), seconds(r.Billed), billable, r.Conflict, r.Evidence); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
}

// D18: numbers of Q.850, of SIP, of Huawei's own, and words.
func TestD18Reasons(t *testing.T) {
	for reason, want := range map[string]string{
		`""`: "no_answer no_answer 0 0 2 ", `null`: "no_answer no_answer 0 0 2 ", `[]`: "no_answer no_answer 0 0 2 ",
		`1`: "failed invalid_number 0 1 1 ", `"16"`: "canceled caller_hangup 0 16 16 ", `17`: "busy busy 0 17 17 ", `"17"`: "busy busy 0 17 17 ",
		`18`: "no_answer unreachable 0 18 18 ", `19`: "no_answer no_answer 0 19 19 ", `21`: "rejected rejected 0 21 21 ",
		`31`: "no_answer unknown 0 31 31 ", `63`: "no_answer unknown 0 63 63 ", `127`: "failed network_failure 0 127 127 ",
		`0`: "no_answer unknown 0 0 0 ", `128`: "no_answer unknown 0 0 128 ", `200`: "no_answer unknown 0 0 200 ", `299`: "no_answer unknown 0 0 299 ",
		`486`: "busy busy 486 0 486 ", `"487"`: "no_answer ring_timeout 487 0 487 ", `603`: "rejected rejected 603 0 603 ",
		`300`: "no_answer unknown 300 0 300 ", `699`: "no_answer unknown 699 0 699 ", `700`: "no_answer unknown 0 0 700 ",
		`7501`: "no_answer unknown 0 0 7501 ", `8057`: "no_answer unknown 0 0 8057 ",
		`99999999999`: "no_answer unknown 0 0 2 ***", `-17`: "no_answer unknown 0 0 2 -17",
		`"您拨打的号码是空号"`: "failed invalid_number 0 0 2 您拨打的号码是空号", `"号码不存在"`: "failed invalid_number 0 0 2 号码不存在",
		`"被叫停机"`: "failed out_of_service 0 0 2 被叫停机", `"欠费"`: "failed out_of_service 0 0 2 欠费", `"已关机"`: "failed power_off 0 0 2 已关机",
		`"用户忙"`: "busy busy 0 0 2 用户忙", `"正在通话中"`: "busy busy 0 0 2 正在通话中", `"被叫拒接"`: "rejected rejected 0 0 2 被叫拒接",
		`"不在服务区"`: "no_answer unreachable 0 0 2 不在服务区", `"暂时无法接通"`: "no_answer unreachable 0 0 2 暂时无法接通",
		`"无应答"`: "no_answer no_answer 0 0 2 无应答", `"无人接听"`: "no_answer no_answer 0 0 2 无人接听", `"呼入限制"`: "failed barred 0 0 2 呼入限制",
		`"13800138000 其他"`: "no_answer unknown 0 0 2 *** 其他",
	} {
		r := one(t, `"status":2,"unaswRsn":`+reason)
		if got := fmt.Sprintf("%s %s %d %d %s %s", r.State, r.Cause, r.SIP, r.Q850, r.VendorCode, r.VendorText); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
	// A failed dial stays failed, whatever the reason; a reason says nothing of an answered call.
	for fields, want := range map[string]string{
		`"status":3`: "failed unknown 3", `"status":3,"unaswRsn":"17"`: "failed busy 17", `"status":3,"unaswRsn":"无人接听"`: "failed no_answer 3",
		`"status":3,"unaswRsn":"?"`: "failed unknown 3", `"status":1,"unaswRsn":"486"`: "completed answered 1",
	} {
		r := one(t, fields)
		if got := fmt.Sprintf("%s %s %s", r.State, r.Cause, r.VendorCode); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
}

func TestD19RecordingURLIsOnlyKept(t *testing.T) {
	for url, want := range map[string]string{
		"https://x.test/a b.mp3?k=1": "https://x.test/a b.mp3?k=1", "/a/b.wav": "/a/b.wav", "": "",
		"https://x.test/" + strings.Repeat("a", 2048): "", `https://x.test/\u0000`: "", `https://x.test/\n`: "https://x.test/",
	} {
		if r := one(t, `"status":1,"downloadUrl":"`+url+`"`); r.Recording != want {
			t.Errorf("%.30q: %q", url, r.Recording)
		}
	}
}

func TestX3OneBadElementCostsOnlyItself(t *testing.T) {
	body := `[{"subid":"A","status":1},{"status":2,"telA":"13800138000"},7,{"subid":"B","status":3}]`
	reports, err := newAdapter(t, testSettings()).ParsePush(providers.Push{Method: "POST", Body: []byte(body)})
	if len(reports) != 2 || reports[0].VendorID != "A" || reports[1].VendorID != "B" {
		t.Errorf("got %+v", reports)
	}
	if err == nil || !strings.Contains(err.Error(), "[1 2]") || strings.Contains(err.Error(), "13800138000") {
		t.Errorf("got %v, want an error that names elements 1 and 2 and quotes nothing", err)
	}
}

func TestX4PushInGBK(t *testing.T) {
	for name, body := range map[string]string{
		"JSON": "{\"subid\":\"A\",\"status\":2,\"unaswRsn\":\"\xb9\xd8\xbb\xfa\"}",
		"form": "subid=A&status=2&unaswRsn=%B9%D8%BB%FA",
	} {
		r := parse(t, providers.Push{Method: "POST", Body: []byte(body)})[0]
		if r.Cause != providers.CausePowerOff || r.VendorText != "关机" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestUnreadablePushes(t *testing.T) {
	a := newAdapter(t, testSettings())
	for name, p := range map[string]providers.Push{
		"nothing":       {Method: "POST"},
		"other method":  {Method: "PUT", Body: []byte(`{"subid":"A"}`)},
		"cut":           {Method: "POST", Body: []byte(`{"subid":"13800138000"`)},
		"empty array":   {Method: "POST", Body: []byte(`[]`)},
		"no subid":      {Method: "POST", Body: []byte(`{"status":1,"telA":"13800138000"}`)},
		"subid of 65":   {Method: "POST", Body: []byte(`{"subid":"` + strings.Repeat("1", 65) + `"}`)},
		"other form":    {Method: "POST", Body: []byte(`13800138000`)},
		"X11 too large": {Method: "POST", Body: []byte(`{"subid":"A","x":"` + strings.Repeat("x", 1<<20) + `"}`)},
	} {
		reports, err := a.ParsePush(p)
		if err == nil || len(reports) != 0 {
			t.Errorf("%s: %+v, %v", name, reports, err)
		} else if strings.Contains(err.Error(), "13800138000") || !strings.Contains(err.Error(), "dingxin") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
