package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testAppID     = "testAppId"
	testAppSecret = "testAppSecret"
)

// handClock is a clock that a test moves by hand.
type handClock struct {
	mu sync.Mutex
	at time.Time
}

func newHandClock(t *testing.T, shanghai string) *handClock {
	t.Helper()
	at, err := time.Parse(time.RFC3339, shanghai+"+08:00")
	if err != nil {
		t.Fatal(err)
	}
	return &handClock{at: at}
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *handClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newVendor(t *testing.T, opts JumdataOptions) *Jumdata {
	t.Helper()
	opts.AppID, opts.AppSecret = testAppID, testAppSecret
	j := NewJumdata(opts)
	t.Cleanup(j.Close)
	return j
}

// signed are a request's fields, signed for the vendor's time.
func signed(j *Jumdata, pairs ...string) url.Values {
	stamp := strconv.FormatInt(j.opts.Now().UnixMilli(), 10)
	fields := url.Values{
		"appId": {testAppID}, "timestamp": {stamp}, "sign": {signJumdata(testAppID, testAppSecret, stamp)},
	}
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return fields
}

func notice(j *Jumdata, mobile, ref string, more ...string) url.Values {
	return signed(j, append([]string{"mobile", mobile, "templateId", "JM1", "notifyData", ref}, more...)...)
}

func postForm(target string, fields url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// ask calls the handler directly and decodes its answer.
func ask(t *testing.T, j *Jumdata, r *http.Request) jumdataAnswer {
	t.Helper()
	rec := httptest.NewRecorder()
	j.ServeHTTP(rec, r)
	return decode(t, rec.Code, rec.Body)
}

func decode(t *testing.T, status int, body io.Reader) jumdataAnswer {
	t.Helper()
	var a jumdataAnswer
	if err := json.NewDecoder(body).Decode(&a); err != nil || status != http.StatusOK {
		t.Fatalf("HTTP status %d, JSON: %v", status, err)
	}
	return a
}

func send(t *testing.T, j *Jumdata, mobile, ref string, more ...string) jumdataAnswer {
	t.Helper()
	return ask(t, j, postForm(JumdataSendPath, notice(j, mobile, ref, more...)))
}

func query(t *testing.T, j *Jumdata, mobile, callID string) jumdataAnswer {
	t.Helper()
	fields := signed(j, "mobile", mobile, "callId", callID)
	return ask(t, j, httptest.NewRequest(http.MethodGet, JumdataResultPath+"?"+fields.Encode(), nil))
}

func wantAnswer(t *testing.T, got jumdataAnswer, code int, msg string) {
	t.Helper()
	if got.Code != code || got.Msg != msg {
		t.Errorf("answer %d %q, want %d %q", got.Code, got.Msg, code, msg)
	}
	if code != codeOK && (got.Data != nil || got.TaskNo != "") {
		t.Errorf("a refusal carries data: %+v", got)
	}
}

func wantPlaced(t *testing.T, got jumdataAnswer) string {
	t.Helper()
	wantAnswer(t, got, codeOK, msgOK)
	if got.Data == nil || !strings.HasPrefix(got.Data.CallID, "YYTZ") || len(got.Data.CallID) != 22 || len(got.TaskNo) != 20 {
		t.Fatalf("answer without ids: %+v", got)
	}
	return got.Data.CallID
}
