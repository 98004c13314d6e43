package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

func httpClient(app *application) *http.Client { return &http.Client{Transport: app} }

func asCDR(t *testing.T, p gotPush) dingxinCDR {
	t.Helper()
	var cdr dingxinCDR
	if err := json.Unmarshal([]byte(p.body), &cdr); err != nil {
		t.Fatalf("%q: %v", p.body, err)
	}
	return cdr
}

func TestDingxinCDRs(t *testing.T) {
	// Virtual time begins at 946684800, 2000-01-01 08:00:00 in Shanghai.
	const begin, ended, rang = "946684800000", "946684860000", "946684820000"
	for _, c := range []struct {
		name, telB string
		opts       DingxinOptions
		want       []dingxinCDR
		at         []time.Duration
	}{
		{"answered", dxB, DingxinOptions{DownloadBase: "https://dx.example"}, []dingxinCDR{{
			StartTime: begin, EndTime: ended, Duration: 40, Status: 1, DownloadURL: "https://dx.example" + DingxinDownloadPath,
		}}, []time.Duration{63 * time.Second}},
		{"in seconds", dxB, DingxinOptions{Times: DingxinSeconds}, []dingxinCDR{{
			StartTime: "946684800", EndTime: "946684860", Duration: 40, Status: 1,
		}}, []time.Duration{63 * time.Second}},
		{"in words", dxB, DingxinOptions{Times: DingxinText}, []dingxinCDR{{
			StartTime: "2000-01-01 08:00:00", EndTime: "2000-01-01 08:01:00", Duration: 40, Status: 1,
		}}, []time.Duration{63 * time.Second}},
		{"Q.850", "13800000011", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "19"}}, []time.Duration{23 * time.Second}},
		{"SIP", "13800000012", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "486"}}, []time.Duration{23 * time.Second}},
		{"words", "13800000013", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "用户拒接"}}, []time.Duration{23 * time.Second}},
		{"off", "13800000026", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "关机"}}, []time.Duration{23 * time.Second}},
		{"nobody's", "13800000027", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "1"}}, []time.Duration{23 * time.Second}},
		{"failed", "13800000028", DingxinOptions{}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 3, UnaswRsn: "线路故障"}}, []time.Duration{23 * time.Second}},
		{"dialled first", dxB, DingxinOptions{PushDialled: true}, []dingxinCDR{
			{StartTime: begin}, {StartTime: begin, EndTime: ended, Duration: 40, Status: 1},
		}, []time.Duration{0, 63 * time.Second}},
		{"dialled only", "13800000032", DingxinOptions{}, []dingxinCDR{{StartTime: begin}}, []time.Duration{0}},
		{"calls back", "13800000031", DingxinOptions{}, []dingxinCDR{
			{StartTime: begin, EndTime: ended, Duration: 40, Status: 1},
			{TelA: "13800000031", TelB: dxA, StartTime: ended, EndTime: "946684920000", Duration: 40, Status: 1},
		}, []time.Duration{63 * time.Second, 123 * time.Second}},
		{"calls back twice", dxB, DingxinOptions{CallBacks: 2}, []dingxinCDR{
			{StartTime: begin, EndTime: ended, Duration: 40, Status: 1},
			{TelA: dxB, TelB: dxA, StartTime: ended, EndTime: "946684920000", Duration: 40, Status: 1},
			{TelA: dxB, TelB: dxA, StartTime: "946684920000", EndTime: "946684980000", Duration: 40, Status: 1},
		}, []time.Duration{63 * time.Second, 123 * time.Second, 183 * time.Second}},
		{"no call back without an answer", "13800000011", DingxinOptions{CallBacks: 2}, []dingxinCDR{{StartTime: begin, EndTime: rang, Status: 2, UnaswRsn: "19"}}, []time.Duration{23 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{}
				opts := c.opts
				opts.PushClient, opts.PushMode = httpClient(app), PushJSON
				opts.RingFor, opts.TalkFor, opts.PushDelay = 20*time.Second, 40*time.Second, 3*time.Second
				d := newDingxin(t, opts)
				start := time.Now()
				subid := dxPlaced(t, dxCall(t, d, dxA, c.telB, dxJobPush))
				time.Sleep(time.Hour)
				got := app.got()
				if len(got) != len(c.want) {
					t.Fatalf("%d pushes, want %d: %+v", len(got), len(c.want), got)
				}
				for i, want := range c.want {
					want.Subid, want.TelX = subid, middleNumber
					if want.TelA == "" {
						want.TelA, want.TelB = dxA, c.telB
					}
					if want.DownloadURL != "" {
						want.DownloadURL += subid + ".wav"
					}
					if cdr := asCDR(t, got[i]); cdr != want || got[i].contentType != answerJSON {
						t.Errorf("%s %+v\nwant %+v", got[i].contentType, cdr, want)
					}
					if after := got[i].at.Sub(start); after != c.at[i] {
						t.Errorf("push %d after %v, want %v", i+1, after, c.at[i])
					}
				}
			})
		})
	}
}

func TestDingxinFormPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &application{}
		d := newDingxin(t, DingxinOptions{PushClient: httpClient(app)})
		subid := dxPlaced(t, dxCall(t, d, dxA, "13800000026", dxJobPush))
		time.Sleep(time.Minute)
		got := app.got()
		want := "downloadUrl=&duration=0&endTime=946684800300&startTime=946684800000&status=2&subid=" + subid + "&telA=" + dxA +
			"&telB=13800000026&telX=" + middleNumber + "&unaswRsn=" + url.QueryEscape("关机")
		if len(got) != 1 || got[0].body != want || got[0].contentType != "application/x-www-form-urlencoded" {
			t.Errorf("%+v\nwant %s", got, want)
		}
	})
}

// TestDingxinPushUntilTaken: HTTP 200 is the acknowledgement, whatever else the answer says.
func TestDingxinPushUntilTaken(t *testing.T) {
	for name, c := range map[string]struct {
		mode   PushMode
		to     string
		copies int
		answer func(int) (int, string)
		want   PushCounts
	}{
		"taken":         {PushForm, dxJobPush, 1, func(int) (int, string) { return 200, "whatever" }, PushCounts{1, 0, 1, ""}},
		"taken late":    {PushForm, dxJobPush, 1, func(n int) (int, string) { return 197 + n, "" }, PushCounts{1, 0, 3, "push not acknowledged: HTTP status 199"}},
		"never taken":   {PushForm, dxJobPush, 1, func(int) (int, string) { return 503, "" }, PushCounts{0, 1, 4, "push not acknowledged: HTTP status 503"}},
		"three copies":  {PushJSON, dxJobPush, 3, nil, PushCounts{3, 0, 3, ""}},
		"none wanted":   {PushNone, dxJobPush, 1, nil, PushCounts{}},
		"no return_url": {PushForm, "", 1, nil, PushCounts{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &application{answer: c.answer}
				d := newDingxin(t, DingxinOptions{PushClient: httpClient(app), PushMode: c.mode, PushCopies: c.copies})
				dxPlaced(t, dxCall(t, d, dxA, dxB, c.to))
				time.Sleep(time.Hour)
				if got := d.Pushes(); got != c.want {
					t.Errorf("counted %+v, want %+v", got, c.want)
				}
			})
		})
	}
}

func TestDingxinCloseCutsPushesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDingxin(t, DingxinOptions{PushClient: httpClient(&application{}), RingFor: time.Hour})
		dxPlaced(t, dxCall(t, d, dxA, dxB, dxJobPush))
		start := time.Now()
		d.Close()
		if got := d.Pushes(); got.Failed != 1 || got.Delivered != 0 || time.Since(start) != 0 {
			t.Errorf("counted %+v after %v", got, time.Since(start))
		}
	})
}
