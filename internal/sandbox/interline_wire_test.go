package sandbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestInterlineSignature has the known answers of L1 and L2.
func TestInterlineSignature(t *testing.T) {
	for _, c := range []struct{ key, millis, want string }{
		{"ilAuthKey0001", "1700000000123", "e3098b6a429e16aa"},
		{"0123456789abcdef", "1622020210513", "2827006f48e00ec2"},
	} {
		if got := signInterline(c.key, c.millis); got != c.want {
			t.Errorf("signature of %s is %s, want %s", c.millis, got, c.want)
		}
	}
}

func TestInterlineAuthorizationToTheByte(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	const right = "Keytime 10000000,1700000000123,e3098b6a429e16aa"
	for _, c := range []struct {
		name   string
		given  []string
		status int
	}{
		{"right", []string{right}, 200},
		{"none", nil, 401},
		{"twice", []string{right, right}, 401},
		{"lower case", []string{"keytime 10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"upper case", []string{"KEYTIME 10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"two spaces", []string{"Keytime  10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"tab", []string{"Keytime\t10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"no space", []string{"Keytime10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"space after a comma", []string{"Keytime 10000000, 1700000000123,e3098b6a429e16aa"}, 401},
		{"space after the other", []string{"Keytime 10000000,1700000000123, e3098b6a429e16aa"}, 401},
		{"space at the end", []string{right + " "}, 401},
		{"colon", []string{"Keytime: 10000000,1700000000123,e3098b6a429e16aa"}, 401},
		{"upper-case signature", []string{"Keytime 10000000,1700000000123,E3098B6A429E16AA"}, 401},
		{"the first 16", []string{"Keytime 10000000,1700000000123,dc2bafff91575e12"}, 401},
		{"all from 24", []string{"Keytime 10000000,1700000000123,e3098b6a429e16aa9cf2a4c6dd82841eb80855f6"}, 401},
		{"other developer", []string{"Keytime 10000001,1700000000123,e3098b6a429e16aa"}, 401},
		{"other time", []string{"Keytime 10000000,1700000000124,e3098b6a429e16aa"}, 401},
	} {
		v := newInterline(t, InterlineOptions{Now: func() time.Time { return at }})
		r := httptest.NewRequest(http.MethodGet, InterlineStatusPath, nil)
		if c.given != nil {
			r.Header["Authorization"] = c.given
		}
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, r)
		if rec.Code != c.status || c.status == 401 && rec.Body.Len() != 0 {
			t.Errorf("%s: HTTP status %d %q, want %d", c.name, rec.Code, rec.Body, c.status)
		}
		if got := v.Counts(); got.Unauthorized+got.Requests != 1 || (got.Requests == 1) != (c.status == 200) {
			t.Errorf("%s: counted %+v", c.name, got)
		}
	}
}

// TestInterlineThreeMinutes is L4: three minutes both ways, and no more.
func TestInterlineThreeMinutes(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	v := newInterline(t, InterlineOptions{Now: func() time.Time { return at }, Unauthorized401JSON: true})
	for off, status := range map[time.Duration]int{
		3 * time.Minute: 200, -3 * time.Minute: 200,
		3*time.Minute + time.Millisecond: 401, -3*time.Minute - time.Millisecond: 401,
	} {
		r := httptest.NewRequest(http.MethodGet, InterlineStatusPath, nil)
		r.Header.Set("Authorization", keytime(at.Add(off)))
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, r)
		if rec.Code != status {
			t.Errorf("%v off: HTTP status %d, want %d", off, rec.Code, status)
		}
		if want := `{"error":1101,"reason":"账号认证失败"}`; status == 401 && rec.Body.String() != want {
			t.Errorf("body %q, want %q", rec.Body, want)
		}
	}
}

func TestInterlinePathsThatDoNotExist(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	for _, c := range []struct{ method, path string }{
		{"POST", InterlinePath + "/" + someX}, {"GET", InterlinePath + "/" + someX}, {"DELETE", InterlinePath + "/" + someX},
		{"PUT", InterlinePath}, {"PUT", InterlinePath + "/"}, {"PUT", InterlinePath + "//transfer"},
		{"PUT", InterlinePath + "/" + someX + "/other"}, {"PUT", InterlinePath + "/" + someX + "/transfer/"},
		{"DELETE", InterlinePath + "/"}, {"PUT", InterlineStatusPath}, {"GET", "/igw/service/api/v1/account/status"}, {"GET", "/"},
	} {
		wantError(t, ilAsk(t, v, ilRequest(v, c.method, c.path, nil)), interlineNoURL)
	}
	if got := v.Counts(); got.Requests != 0 || got.Codes[interlineNoURL] != 12 {
		t.Errorf("counted %+v", got)
	}
}

func TestInterlineAccountStatus(t *testing.T) {
	clock := newHandClock(t, "2026-03-02T10:00:00")
	v := newInterline(t, InterlineOptions{Now: clock.now})
	clock.move(time.Minute)
	v.SetAccount(InterlineAccount{State: 0, Role: "r", Balance: 12.5, Overdraft: 0.25})
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, ilRequest(v, http.MethodGet, InterlineStatusPath, nil))
	const want = `{"error":0,"reason":"成功","state":0,"role":"r","balance":12.5,"overdraft":0.25,` +
		`"createTime":1772416800000,"updateTime":1772416860000}`
	if rec.Code != 200 || rec.Body.String() != want {
		t.Errorf("HTTP status %d %s\nwant %s", rec.Code, rec.Body, want)
	}
	wantError(t, ilAsk(t, v, ilRequest(v, http.MethodGet, InterlineStatusPath, url.Values{"appid": {testIlApp}})), interlineParameter)
}

// TestInterlineBindIsReadFromTheBodyAlone: the form of a PUT stands in its body.
func TestInterlineBindIsReadFromTheBodyAlone(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	const path = InterlinePath + "/" + someX
	query := ilRequest(v, http.MethodPut, path+"?"+axb("r").Encode(), nil)
	asJSON := ilRequest(v, http.MethodPut, path, axb("r"))
	asJSON.Header.Set("Content-Type", "application/json")
	none := ilRequest(v, http.MethodPut, path, axb("r"))
	none.Header.Del("Content-Type")
	twice := ilRequest(v, http.MethodPut, path, url.Values{"ttl": {"1", "1"}})
	long := ilRequest(v, http.MethodPut, path, axb("r", "userData", strings.Repeat("x", maxRequestBody)))
	both := ilRequest(v, http.MethodPut, path+"?appid="+testIlApp, axb("r"))
	for _, r := range []*http.Request{query, both, asJSON, none, twice, long} {
		wantError(t, ilAsk(t, v, r), interlineParameter)
	}
	wantBindings(t, v, 0, 0)
	wantBound(t, bindAXB(t, v, someX, axb("r")))
}

// TestInterlineUnbindIsReadFromTheQueryAlone is L9.
func TestInterlineUnbindIsReadFromTheQueryAlone(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	subid := wantBound(t, bindAXB(t, v, someX, axb("r")))
	fields := url.Values{"appid": {testIlApp}, "subid": {subid}}
	r := httptest.NewRequest(http.MethodDelete, InterlinePath, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", keytime(time.Now()))
	wantError(t, ilAsk(t, v, r), interlineParameter)
	wantBindings(t, v, 1, 1)
	if got := v.Requests(); !got[1].StrayBody || got[0].StrayBody {
		t.Errorf("requests %+v", got)
	}
	wantError(t, unbindAXB(t, v, subid), interlineOK)
	wantBindings(t, v, 0, 1)
	if got := v.Requests(); got[2].StrayBody {
		t.Errorf("a body that did not come: %+v", got[2])
	}
}

func TestInterlineOptionsThatAreMistakes(t *testing.T) {
	good := InterlineOptions{DevID: "d", AuthKey: "k", AppID: "a"}
	for name, change := range map[string]func(*InterlineOptions){
		"no developer": func(o *InterlineOptions) { o.DevID = "" },
		"no key":       func(o *InterlineOptions) { o.AuthKey = "" },
		"no app":       func(o *InterlineOptions) { o.AppID = "" },
		"replay":       func(o *InterlineOptions) { o.Replay = "x" },
		"push mode":    func(o *InterlineOptions) { o.PushMode = "x" },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			o := good
			change(&o)
			NewInterline(o).Close()
		}()
	}
	NewInterline(good).Close()
}
