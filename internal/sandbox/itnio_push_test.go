package sandbox

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"
)

func TestITNIOReport(t *testing.T) {
	for _, c := range []struct{ name, callee, want string }{
		{"answered", itCallee, `"submitTime":946684800000,"callTime":946684800000,"ringingTime":946684800000,"answerTime":946684820000,` +
			`"hangupTime":946684860000,"callDuration":40,"chargedDuration":60,"ringDuration":20,"terminationCode":"1000","terminationReason":"success",` +
			`"sipCode":"200","baseCost":"0.01","voiceFileId":"file1.mp3","feedbackValue":"-1","calledInfo":"job.1","outRecallCount":0,` +
			`"cost":"0.02","billPeriod":"60+60","rate":"0.02"}`},
		{"busy", "8613800000012", `"submitTime":946684800000,"callTime":946684800000,"ringingTime":946684800000,"answerTime":0,` +
			`"hangupTime":946684820000,"callDuration":0,"chargedDuration":0,"ringDuration":20,"terminationCode":"486","terminationReason":"Busy Here",` +
			`"sipCode":"486","baseCost":"0.01","voiceFileId":"file1.mp3","feedbackValue":"-1","calledInfo":"job.1","outRecallCount":0,` +
			`"cost":"0","billPeriod":"60+60","rate":"0.02"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{}
				v := newITNIO(t, ITNIOOptions{
					PushURL: itPushTo, PushClient: httpClient(app), PushDelay: 3 * time.Second,
					RingFor: 20 * time.Second, TalkFor: 40 * time.Second,
				})
				start := time.Now()
				id := itPlaced(t, itSend(t, v, c.callee, "job.1"))
				time.Sleep(time.Hour)
				got := app.got()
				want := `{"voiceId":"` + id + `","type":1,"callee":"` + c.callee + `","displayNum":"","code":"China(Mobile)",` + c.want
				if len(got) != 1 || got[0].body != want || got[0].contentType != answerJSON {
					t.Errorf("%+v\nwant %s", got, want)
				}
				if ended := v.Calls()[0].Ended; len(got) == 1 && got[0].at.Sub(ended) != 3*time.Second {
					t.Errorf("pushed %v after the begin", got[0].at.Sub(start))
				}
			})
		})
	}
}

func TestITNIOBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		v := newITNIO(t, ITNIOOptions{
			PushURL: itPushTo, PushClient: httpClient(app), Push: ITNIOPushBatch, BatchEvery: 10 * time.Second,
			RingFor: time.Second, TalkFor: time.Second,
		})
		start := time.Now()
		itRows(t, itSend(t, v, "8613800000001,8613800000012", "a.1")) // end after 2 and 1 s
		time.Sleep(10 * time.Second)
		itRows(t, itSend(t, v, "8613800000002", "b.1")) // ends after 12 s: the second batch
		time.Sleep(time.Minute)
		var sizes []int
		var at []time.Duration
		for _, p := range app.got() {
			var batch struct{ Array []itnioReport }
			if err := json.Unmarshal([]byte(p.body), &batch); err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(batch.Array))
			at = append(at, p.at.Sub(start))
			for _, r := range batch.Array {
				if r.VoiceID == "" || r.CalledInfo == "" {
					t.Errorf("report %+v", r)
				}
			}
		}
		if len(sizes) != 2 || sizes[0] != 2 || sizes[1] != 1 || at[0] != 11*time.Second || at[1] != 22*time.Second {
			t.Errorf("batches of %v after %v", sizes, at)
		}
	})
}

func TestITNIOPushUntilTaken(t *testing.T) {
	for name, c := range map[string]struct {
		push   ITNIOPush
		to     string
		copies int
		answer func(int) (int, string)
		want   PushCounts
	}{
		"taken":        {ITNIOPushSingle, itPushTo, 1, func(int) (int, string) { return 200, "whatever" }, PushCounts{1, 0, 1, ""}},
		"taken late":   {ITNIOPushSingle, itPushTo, 1, func(n int) (int, string) { return 197 + n, "" }, PushCounts{1, 0, 3, "push not acknowledged: HTTP status 199"}},
		"never taken":  {ITNIOPushBatch, itPushTo, 1, func(int) (int, string) { return 503, "" }, PushCounts{0, 1, 4, "push not acknowledged: HTTP status 503"}},
		"three copies": {ITNIOPushBatch, itPushTo, 3, nil, PushCounts{3, 0, 3, ""}},
		"none wanted":  {ITNIOPushNone, itPushTo, 1, nil, PushCounts{}},
		"nowhere":      {ITNIOPushSingle, "", 1, nil, PushCounts{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{answer: c.answer}
				v := newITNIO(t, ITNIOOptions{PushURL: "http://192.0.2.1/", PushClient: httpClient(app), Push: c.push, PushCopies: c.copies})
				v.SetPushURL(c.to)
				itPlaced(t, itSend(t, v, itCallee, "job.1"))
				time.Sleep(time.Hour)
				if got := v.Pushes(); got != c.want {
					t.Errorf("counted %+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestITNIOCloseCutsPushesOff(t *testing.T) {
	for _, push := range []ITNIOPush{ITNIOPushSingle, ITNIOPushBatch} {
		for _, after := range []time.Duration{0, 90 * time.Second} { // while it rings; while a batch is collected
			synctest.Test(t, func(t *testing.T) {
				app := &application{answer: func(int) (int, string) { return 503, "" }}
				v := newITNIO(t, ITNIOOptions{
					PushURL: itPushTo, PushClient: httpClient(app), Push: push, RingFor: time.Minute, BatchEvery: time.Hour, PushRetryBase: time.Hour,
				})
				itPlaced(t, itSend(t, v, itCallee, "job.1"))
				time.Sleep(after)
				start := time.Now()
				v.Close()
				if got := v.Pushes(); got.Failed != 1 || got.Delivered != 0 || time.Since(start) != 0 {
					t.Errorf("%s: counted %+v after %v", push, got, time.Since(start))
				}
			})
		}
	}
}
