package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	testDevID   = "10000000"
	testAuthKey = "ilAuthKey0001"
	testIlApp   = "ilApp"

	someX, otherX = "17000000000", "17100000000"
	someA, someB  = "13800000001", "13900000002"
)

func newInterline(t *testing.T, opts InterlineOptions) *Interline {
	t.Helper()
	opts.DevID, opts.AuthKey, opts.AppID = testDevID, testAuthKey, testIlApp
	v := NewInterline(opts)
	t.Cleanup(v.Close)
	return v
}

func keytime(at time.Time) string {
	millis := strconv.FormatInt(at.UnixMilli(), 10)
	return "Keytime " + testDevID + "," + millis + "," + signInterline(testAuthKey, millis)
}

// ilFields are form fields by pairs; a pair replaces what stood there before,
// and the value "-" takes it away.
func ilFields(fields url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "-" {
			fields.Del(pairs[i])
		}
	}
	return fields
}

func axb(reqid string, pairs ...string) url.Values {
	return ilFields(url.Values{
		"appid": {testIlApp}, "anum": {someA}, "bnum": {someB}, "reqid": {reqid}, "ttl": {"3600"},
	}, pairs...)
}

func xa(reqid string, pairs ...string) url.Values {
	return ilFields(url.Values{"appid": {testIlApp}, "anum": {someA}, "reqid": {reqid}}, pairs...)
}

// ilRequest is a signed request: its fields in the body of a PUT, in the query
// of any other.
func ilRequest(v *Interline, method, path string, fields url.Values) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	if method == http.MethodPut {
		r = httptest.NewRequest(method, path, strings.NewReader(fields.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else if len(fields) > 0 {
		r.URL.RawQuery = fields.Encode()
	}
	r.Header.Set("Authorization", keytime(v.opts.Now()))
	return r
}

func ilAsk(t *testing.T, v *Interline, r *http.Request) interlineAnswer {
	t.Helper()
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, r)
	var a interlineAnswer
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || rec.Code != http.StatusOK {
		t.Fatalf("HTTP status %d, %q: %v", rec.Code, rec.Body, err)
	}
	if a.Reason != interlineReasons[a.Error] {
		t.Errorf("error %d says %q", a.Error, a.Reason)
	}
	return a
}

func bindAXB(t *testing.T, v *Interline, x string, fields url.Values) interlineAnswer {
	t.Helper()
	return ilAsk(t, v, ilRequest(v, http.MethodPut, InterlinePath+"/"+x, fields))
}

func bindXA(t *testing.T, v *Interline, x string, fields url.Values) interlineAnswer {
	t.Helper()
	return ilAsk(t, v, ilRequest(v, http.MethodPut, InterlinePath+"/"+x+InterlineTransfer, fields))
}

func unbindAXB(t *testing.T, v *Interline, subid string) interlineAnswer {
	t.Helper()
	return ilAsk(t, v, ilRequest(v, http.MethodDelete, InterlinePath, url.Values{"appid": {testIlApp}, "subid": {subid}}))
}

func unbindXA(t *testing.T, v *Interline, x string) interlineAnswer {
	t.Helper()
	return ilAsk(t, v, ilRequest(v, http.MethodDelete, InterlinePath+"/"+x+InterlineTransfer, url.Values{"appid": {testIlApp}}))
}

// wantError checks an answer's code, and that only a bound AXB has a subid.
func wantError(t *testing.T, got interlineAnswer, code int) {
	t.Helper()
	if got.Error != code || code != interlineOK && got.SubID != "" {
		t.Errorf("answer %+v, want error %d", got, code)
	}
}

func wantBound(t *testing.T, got interlineAnswer) string {
	t.Helper()
	if got.Error != interlineOK || len(got.SubID) != 18 {
		t.Fatalf("answer %+v, want bound", got)
	}
	return got.SubID
}

func wantBindings(t *testing.T, v *Interline, active, made int) {
	t.Helper()
	if a, m := len(v.Bindings()), len(v.Made()); a != active || m != made {
		t.Errorf("%d bindings active of %d made, want %d of %d", a, m, active, made)
	}
}
