package itnio

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// I2: the status is compared as trimmed text, and a client library's own numbers
// mean nothing.
func TestI2StatusIsText(t *testing.T) {
	for status, want := range map[string]providers.Outcome{
		`"-10"`: halted(providers.HaltBalance), `-10`: halted(providers.HaltBalance), `" -10 "`: halted(providers.HaltBalance),
		`"-10.0"`: uncertain, `-10.0`: uncertain, `998`: uncertain, `"0.0"`: uncertain, `true`: uncertain, `"ok"`: uncertain,
	} {
		wantSend(t, status, send(t, 200, `{"status":`+status+`,"reason":"r"}`), want)
	}
}

// I1: a row's word for success that is not sendGroup's own may hide a call, and so
// may every other code that no page gives to a submission: an unanswered call has
// rung. With the row's id the vendor can be asked which it is.
func TestI1SubmissionCodes(t *testing.T) {
	for code, want := range map[string]providers.Outcome{
		`"0"`: accepted("V1"), `0`: accepted("V1"), `" 0 "`: accepted("V1"),
		`"-1"`: halted(providers.HaltAuth), `"-2"`: halted(providers.HaltAccount), `"-10"`: halted(providers.HaltBalance), `-10`: halted(providers.HaltBalance),
		`"-16"`: halted(providers.HaltClockSkew), `"-20"`: permanent(providers.CausePlatform), `"-22"`: permanent(providers.CausePlatform),
		`"-26"`: permanent(providers.CauseNoRoute), `"-18"`: doubtful("V1"),
	} {
		wantSend(t, code, send(t, 200, row(code)), want)
	}
	for _, code := range []string{
		`"1"`, `1`, `"7"`, `"183"`, `"408"`, `"486"`, `487`, `"603"`, `"200"`, `200`, `"1000"`, `1000`, `"-24"`, `"-99"`, `-99`,
		`""`, `" "`, `null`, `"null"`, `"0.0"`, `"00"`, `true`, `[]`, `{}`, `"停机"`, `"SUCCESS"`,
	} {
		wantSend(t, code, send(t, 200, row(code)), doubtful("V1"))
	}
	if got := send(t, 200, row(`"7"`)); got.VendorCode != "7" || got.VendorText != "why" {
		t.Errorf("the row's words: %+v", got)
	}
}

// I1, I14: without an id that a query's path could carry, whatever the code is,
// nobody can be asked.
func TestI1RowsThatCannotBeAskedAbout(t *testing.T) {
	for _, code := range []string{`"0"`, `"200"`, `"486"`, `"-18"`, `"-99"`, `""`} {
		for _, id := range []string{`null`, `""`, `"null"`, `"../1"`, `"` + strings.Repeat("V", 65) + `"`, `[]`} {
			body := rows(`[{"voiceId":` + id + `,"callee":"` + testCallee + `","terminationCode":` + code + `}]`)
			wantSend(t, code+" of "+id, send(t, 200, body), uncertain)
		}
	}
}

// Each shape of the rows: only one row about our callee says something.
func TestSubmissionRows(t *testing.T) {
	one := func(fields string) string { return rows(`[{"terminationCode":"0",` + fields + `}]`) }
	ours := `{"voiceId":"V1","callee":"` + testCallee + `","terminationCode":"0"}`
	for name, tc := range map[string]struct {
		body string
		want providers.Outcome
	}{
		"a list":                 {rows(`[` + ours + `]`), accepted("V1")},
		"an object":              {rows(ours), accepted("V1")},
		"a list as text":         {rows(`"[` + strings.ReplaceAll(ours, `"`, `\"`) + `]"`), accepted("V1")},
		"null":                   {rows(`null`), uncertain},
		"nothing":                {`{"status":"0"}`, uncertain},
		"no row":                 {rows(`[]`), uncertain},
		"an empty row":           {rows(`[{}]`), uncertain},
		"an empty object":        {rows(`{}`), uncertain},
		"a row that is a number": {rows(`[7]`), uncertain},
		"a word":                 {rows(`"V1"`), uncertain},
		"two rows":               {rows(`[` + ours + `,` + ours + `]`), uncertain},
		"no voiceId":             {one(`"callee":"` + testCallee + `"`), uncertain},
		"null voiceId":           {one(`"voiceId":null`), uncertain},
		"no callee":              {one(`"voiceId":"V1"`), accepted("V1")},
		"masked callee":          {one(`"voiceId":"V1","callee":"86138****8000"`), accepted("V1")},
		"callee with plus":       {one(`"voiceId":"V1","callee":"+` + testCallee + `"`), accepted("V1")},
		"callee of 00":           {one(`"voiceId":"V1","callee":"00` + testCallee + `"`), accepted("V1")},
		"callee without country": {one(`"voiceId":"V1","callee":"` + testMobile + `"`), accepted("V1")},
		"callee as a number":     {one(`"voiceId":"V1","callee":` + testCallee), accepted("V1")},
		"another callee":         {one(`"voiceId":"V1","callee":"8613900139000"`), uncertain},
		"another's refusal":      {rows(`[{"callee":"8613900139000","terminationCode":"1"}]`), uncertain},
		"another's end":          {rows(`[{"voiceId":"V2","callee":"8613900139000","terminationCode":"486"}]`), uncertain},
		"no terminationCode":     {rows(`[{"voiceId":"V1","callee":"` + testCallee + `"}]`), doubtful("V1")},
		"an id and nothing else": {rows(`[{"voiceId":"V1"}]`), doubtful("V1")},
		"I14 voiceId of 64":      {one(`"voiceId":"` + strings.Repeat("V", 64) + `"`), accepted(strings.Repeat("V", 64))},
		"I14 voiceId of 65":      {one(`"voiceId":"` + strings.Repeat("V", 65) + `"`), uncertain},
		"I14 voiceId of a path":  {one(`"voiceId":"../1"`), uncertain},
		"X7 id beyond 2^53":      {one(`"voiceId":9007199254740993001`), accepted("9007199254740993001")},
		"code before HTTP":       {rows(`[` + ours + `]`), accepted("V1")},
		"X5 BOM and space":       {"\ufeff \r\n" + rows(`[`+ours+`]`) + "\n", accepted("V1")},
		"X4 GBK":                 {"{\"status\":\"-10\",\"reason\":\"\xd3\xe0\xb6\xee\xb2\xbb\xd7\xe3\x81\\\"}", halted(providers.HaltBalance)},
	} {
		wantSend(t, name, send(t, 200, tc.body), tc.want)
		wantSend(t, name+" on 500", send(t, 500, tc.body), tc.want)
	}
}

// The web framework's own refusals are no answer of the vendor: a wrong base URL
// must stop the account, not put each of its jobs in doubt.
func TestFrameworkRefusals(t *testing.T) {
	body := func(status string) string {
		return `{"timestamp":"2023-11-15T06:13:20.123+08:00","status":` + status + `,"error":"e","path":"/voice/sendGroup"}`
	}
	wantSend(t, "404", send(t, 404, body("404")), halted(providers.HaltConfig))
	wantSend(t, "401", send(t, 401, body("401")), halted(providers.HaltAuth))
	wantSend(t, "500", send(t, 500, body("500")), uncertain)
	wantSend(t, "another status", send(t, 400, body("404")), uncertain)
	wantSend(t, "a code with a reason", send(t, 404, `{"status":404,"reason":"r"}`), uncertain)
	if got := poll(t, 404, body("404")); got.Class != providers.ClassRetryLater || got.VendorCode != "http_404" {
		t.Errorf("poll: %+v", got)
	}
}
