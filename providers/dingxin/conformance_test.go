package dingxin

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Vendor{
		New: func(s providers.Settings) (any, error) {
			a, err := New(s)
			if err != nil {
				return nil, err
			}
			return a, nil
		},
		Credentials: map[string]string{"app_key": "dxConformKey01", "app_secret": "dxConformSecretAbC"},
		Acts:        []providertest.Act{conformingCall()},
		Pushes:      conformingPushes(t),
		Downloads:   []providertest.Download{conformingDownload()},
	})
}

func conformingCall() providertest.Act {
	act := providertest.Act{
		Name: "connect",
		Do: func(ctx context.Context, adapter any, line providers.Line, permit providers.Permit) providers.Outcome {
			connector, ok := adapter.(providers.Connector)
			if !ok {
				return providers.Outcome{}
			}
			return connector.Connect(ctx, line, permit, providers.Connection{
				From: providertest.Caller, To: providertest.Callee, PushURL: testPushURL, Ref: "g.01K5.1"})
		},
		Accepted: acceptedBody,
		VendorID: testSubid,
	}
	for _, tc := range callTable {
		act.Codes = append(act.Codes, providertest.Code{Name: tc.name, Body: tc.body, Want: tc.want})
	}
	waiting := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: testSubid, AwaitDial: true}
	act.Codes = append(act.Codes,
		providertest.Code{Name: "200 with telX", Body: `{"code":200,"msg":"请求成功","data":{"subid":"` + testSubid + `","telX":"17000000000"}}`, Want: waiting},
		providertest.Code{Name: "200 without subid", Body: `{"code":200,"data":{}}`, Want: uncertain},
		providertest.Code{Name: "1006", Header: map[string]string{"Date": providertest.Now().UTC().Format(http.TimeFormat)},
			Body: `{"code":1006,"msg":"请求无效"}`, Want: halted(providers.HaltClockSkew)},
		providertest.Code{Name: "1006 and another clock", Header: map[string]string{"Date": "Wed, 15 Nov 2023 03:00:00 GMT"},
			Body: `{"code":1006,"msg":"请求无效"}`, Want: later},
	)
	return act
}

func conformingPushes(t *testing.T) []providertest.PushCase {
	report := func(task string, state providers.State, cause providers.Cause, evidence providers.Evidence) []providers.Report {
		return []providers.Report{{VendorID: testSubid, Task: task, State: state, Cause: cause, Evidence: evidence}}
	}
	push := func(body string) providers.Push {
		return providers.Push{Method: http.MethodPost, ContentType: jsonType, Body: []byte(body)}
	}
	return []providertest.PushCase{
		{Name: "answered", Push: push(providertest.Fixture(t, "push_answered.json")),
			Want: report("1700000000", providers.StateCompleted, providers.CauseAnswered, providers.EvidenceDuration)},
		{Name: "unanswered", Push: push(providertest.Fixture(t, "push_unanswered.json")),
			Want: report("1700000600", providers.StateBusy, providers.CauseBusy, providers.EvidenceDuration)},
		{Name: "dialled", Push: push(`{"subid":"` + testSubid + `","telX":"17000000000","status":0}`),
			Want: report("", providers.StateRinging, "", providers.EvidencePush)},
		{Name: "dialled at a time", Push: push(`{"subid":"` + testSubid + `","startTime":"2023-11-15 06:23:20","status":"0","duration":"0"}`),
			Want: report("1700000600", providers.StateRinging, "", providers.EvidencePush)},
		{Name: "failed", Push: push(`{"subid":"` + testSubid + `","status":3,"unaswRsn":"被叫关机"}`),
			Want: report("", providers.StateFailed, providers.CausePowerOff, providers.EvidencePush)},
		{Name: "unknown", Push: push(`{"subid":"` + testSubid + `","status":9,"unaswRsn":"?"}`),
			Want: report("", "", "", providers.EvidencePush)},
		{Name: "form", Push: providers.Push{Method: http.MethodPost, ContentType: formType, Body: []byte("subid=" + testSubid + "&startTime=1700000000&status=2&unaswRsn=486")},
			Want: report("1700000000", providers.StateBusy, providers.CauseBusy, providers.EvidencePush)},
	}
}

func conformingDownload() providertest.Download {
	const day = 24 * time.Hour
	d := providertest.Download{Name: "recording", Query: providers.RecordingQuery{VendorID: testSubid, Path: "https://x.test/a.mp3"}}
	for _, tc := range recordingTable {
		if tc.name != "1006" { // the clock is learned from the answer's Date
			d.Codes = append(d.Codes, providertest.DownloadCode{Name: tc.name, Body: strings.TrimPrefix(tc.body, "\xef\xbb\xbf\n"), WantClass: tc.class, WantHalt: tc.halt})
		}
	}
	d.Codes = append(d.Codes,
		providertest.DownloadCode{Name: "2003 within a day", Age: day - time.Second, Body: `{"code":2003,"msg":"暂无数据"}`, WantClass: providers.ClassPending},
		providertest.DownloadCode{Name: "2003 later", Age: day, Body: `{"code":2003,"msg":"暂无数据"}`, WantClass: providers.ClassRetryLater},
		providertest.DownloadCode{Name: "2003 after thirty days", Age: 30 * day, Body: `{"code":2003,"msg":"暂无数据"}`, WantClass: providers.ClassPermanent},
	)
	return d
}
