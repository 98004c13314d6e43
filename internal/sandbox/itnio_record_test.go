package sandbox

import (
	"encoding/json"
	"testing"
	"time"
)

// itRecorded is a vendor with a call of 20 s of ringing and 70 s of talk, placed
// at 10 o'clock, whose record is there after a minute.
func itRecorded(t *testing.T, callee string, opts ITNIOOptions) (*ITNIO, *handClock, string) {
	t.Helper()
	clock := newHandClock(t, "2026-03-02T10:00:00")
	clock.at = clock.at.UTC() // the vendor's zone is written, not the clock's
	opts.Now, opts.RingFor, opts.TalkFor = clock.now, 20*time.Second, 70*time.Second
	v := newITNIO(t, opts)
	return v, clock, itPlaced(t, itSend(t, v, callee, "job.1", "displayNum", "1008122211"))
}

func wantRecord(t *testing.T, v *ITNIO, voiceID, want string) {
	t.Helper()
	got := itRecord(t, v, voiceID)
	want = `{"voiceId":"` + voiceID + `","callee":"8613800000099","displayNum":"1008122211","code":"China(Mobile)",` + want
	if got.Status != "0" || string(got.Data) != want {
		t.Errorf("status %s\n%s, want\n%s", got.Status, got.Data, want)
	}
}

func TestITNIORecordOfAnAnsweredCall(t *testing.T) {
	v, clock, id := itRecorded(t, itCallee, ITNIOOptions{RecordDelay: -1})
	const submitted = `"submitTime":"2026-03-02T10:00:00+08:00","callTime":"2026-03-02T10:00:00+08:00","ringingTime":"2026-03-02T10:00:00+08:00",`
	const none = `"callDuration":0,"chargedDuration":0,"terminationCode":"","terminationReason":"","baseCost":"0.01","voiceFileId":"file1.mp3",` +
		`"feedbackValue":"-1","calledInfo":"job.1","cost":"0","billPeriod":"60+60","rate":"0.02"}`
	clock.move(20*time.Second - time.Millisecond)
	wantRecord(t, v, id, submitted+`"answerTime":null,"hangupTime":null,`+none)
	clock.move(time.Millisecond)
	wantRecord(t, v, id, submitted+`"answerTime":"2026-03-02T10:00:20+08:00","hangupTime":null,`+none)
	clock.move(70*time.Second - time.Millisecond)
	wantRecord(t, v, id, submitted+`"answerTime":"2026-03-02T10:00:20+08:00","hangupTime":null,`+none)
	clock.move(time.Millisecond)
	wantRecord(t, v, id, submitted+`"answerTime":"2026-03-02T10:00:20+08:00","hangupTime":"2026-03-02T10:01:30+08:00",`+
		`"callDuration":70,"chargedDuration":120,"terminationCode":"1000","terminationReason":"success","baseCost":"0.01","voiceFileId":"file1.mp3",`+
		`"feedbackValue":"-1","calledInfo":"job.1","cost":"0.02","billPeriod":"60+60","rate":"0.02"}`)
}

func TestITNIORecordsByNumberAndOption(t *testing.T) {
	for _, c := range []struct {
		callee string
		opts   ITNIOOptions
		want   map[string]any
	}{
		{itCallee, ITNIOOptions{Success: ITNIOSuccess0}, map[string]any{"terminationCode": "0", "callDuration": 70.0}},
		{itCallee, ITNIOOptions{Success: ITNIOSuccess200}, map[string]any{"terminationCode": "200"}},
		{"8613800000029", ITNIOOptions{}, map[string]any{"feedbackValue": "1", "terminationCode": "1000"}},
		{itCallee, ITNIOOptions{Currency: "EUR"}, map[string]any{"currency": "EUR", "settlePay": "0.02", "quoteExchange": "0.938", "settleRate": "0.0188"}},
		{"8613800000011", ITNIOOptions{}, map[string]any{"terminationCode": "487", "callDuration": 0.0, "answerTime": nil, "hangupTime": "2026-03-02T10:00:20+08:00", "cost": "0"}},
		{"8613800000012", ITNIOOptions{}, map[string]any{"terminationCode": "486", "terminationReason": "Busy Here"}},
		{"8613800000013", ITNIOOptions{}, map[string]any{"terminationCode": "603", "feedbackValue": "-1"}},
		{"8613800000026", ITNIOOptions{}, map[string]any{"terminationCode": "480"}},
		{"8613800000027", ITNIOOptions{}, map[string]any{"terminationCode": "404", "chargedDuration": 0.0}},
	} {
		v, clock, id := itRecorded(t, c.callee, c.opts)
		clock.move(time.Hour)
		var got map[string]any
		if err := json.Unmarshal(itRecord(t, v, id).Data, &got); err != nil {
			t.Fatal(err)
		}
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s: %s is %v, want %v", c.callee, name, got[name], want)
			}
		}
	}
}

func TestITNIOMissingRecords(t *testing.T) {
	for missing, want := range map[ITNIOMissing]itGot{
		"":             {"-24", "Data does not exist", json.RawMessage("null")},
		ITNIOBadID:     {"-22", "Parameter exception", json.RawMessage("null")},
		ITNIONullData:  {"0", "success", json.RawMessage("null")},
		ITNIOEmptyData: {"0", "success", json.RawMessage("{}")},
	} {
		v, clock, id := itRecorded(t, itCallee, ITNIOOptions{Missing: missing, RecordDelay: 5 * time.Second})
		for _, pass := range []time.Duration{0, 5*time.Second - time.Millisecond} {
			clock.move(pass)
			for _, voiceID := range []string{id, "1"} {
				if got := itRecord(t, v, voiceID); got.Status != want.Status || got.Reason != want.Reason || string(got.Data) != string(want.Data) {
					t.Errorf("%q: %s %s", missing, got.Status, got.Data)
				}
			}
		}
		clock.move(time.Millisecond)
		if got := itRecord(t, v, id); got.Status != "0" || len(got.Data) < 100 {
			t.Errorf("%q: there is no record after the delay: %s %s", missing, got.Status, got.Data)
		}
	}
}
