package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

const (
	itCallee = "8613800000099"
	itPushTo = "http://127.0.0.1:1/callbacks/itnio/token"
)

func newITNIO(t *testing.T, opts ITNIOOptions) *ITNIO {
	t.Helper()
	opts.APIKey, opts.APISecret, opts.AppID = "itKey001", "itSecretABC", "app1"
	v := NewITNIO(opts)
	t.Cleanup(v.Close)
	return v
}

// itRequest is a request with the headers the vendor wants.
func itRequest(v *ITNIO, method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	stamp := strconv.FormatInt(v.now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json;charset=UTF-8")
	r.Header.Set("Sign", signITNIO("itKey001", "itSecretABC", stamp))
	r.Header.Set("Timestamp", stamp)
	r.Header.Set("Api-Key", "itKey001")
	return r
}

// itBody is the body of a send request; a nil value leaves a field out.
func itBody(t *testing.T, callee, calledInfo string, more ...any) string {
	t.Helper()
	fields := map[string]any{"callee": callee, "calledInfo": calledInfo, "fileId": "file1.mp3", "appId": "app1"}
	for i := 0; i < len(more); i += 2 {
		name, ok := more[i].(string)
		if !ok {
			t.Fatalf("field %v", more[i])
		}
		if fields[name] = more[i+1]; more[i+1] == nil {
			delete(fields, name)
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func itSendRequest(t *testing.T, v *ITNIO, callee, calledInfo string, more ...any) *http.Request {
	t.Helper()
	return itRequest(v, http.MethodPost, ITNIOSendPath, itBody(t, callee, calledInfo, more...))
}

type itGot struct {
	Status, Reason string
	Data           json.RawMessage
}

func itAsk(t *testing.T, v *ITNIO, r *http.Request) itGot {
	t.Helper()
	rec := direct(t, v, r)
	var got itGot
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("HTTP status %d, %q: %v", rec.Code, rec.Body, err)
	}
	return got
}

func itSend(t *testing.T, v *ITNIO, callee, calledInfo string, more ...any) itGot {
	t.Helper()
	return itAsk(t, v, itSendRequest(t, v, callee, calledInfo, more...))
}

func itRows(t *testing.T, got itGot) []itnioRow {
	t.Helper()
	var rows []itnioRow
	if err := json.Unmarshal(got.Data, &rows); err != nil || got.Status != "0" {
		t.Fatalf("status %s, %q: %v", got.Status, got.Data, err)
	}
	return rows
}

func itPlaced(t *testing.T, got itGot) string {
	t.Helper()
	rows := itRows(t, got)
	if len(rows) != 1 || len(rows[0].VoiceID) != 18 || rows[0].TerminationCode != "0" {
		t.Fatalf("not placed: %+v", rows)
	}
	return rows[0].VoiceID
}

func itRefused(t *testing.T, got itGot, status string) {
	t.Helper()
	if got.Status != status || got.Reason != itnioWords[status] || string(got.Data) != "null" {
		t.Errorf("answer %s %q %s, want %s", got.Status, got.Reason, got.Data, status)
	}
}

func itRecord(t *testing.T, v *ITNIO, voiceID string) itGot {
	t.Helper()
	return itAsk(t, v, itRequest(v, http.MethodGet, ITNIORecordPath+voiceID, ""))
}
