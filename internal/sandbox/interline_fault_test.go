package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type ilSeen struct {
	status int
	header http.Header
	answer interlineAnswer
	isJSON bool
	err    error
}

// ilVisit sends one signed request over the network and tells what a client sees.
func ilVisit(ctx context.Context, s *httptest.Server, v *Interline, r *http.Request) ilSeen {
	var body io.Reader
	if r.Method == http.MethodPut {
		body = r.Body
	}
	out, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.URL.RequestURI(), body)
	if err != nil {
		return ilSeen{err: err}
	}
	out.Header = r.Header
	out.Header.Set("Authorization", keytime(v.opts.Now()))
	resp, err := s.Client().Do(out)
	if err != nil {
		return ilSeen{err: err}
	}
	defer resp.Body.Close()
	seen := ilSeen{status: resp.StatusCode, header: resp.Header}
	raw, err := io.ReadAll(resp.Body)
	seen.err = err
	seen.isJSON = json.Unmarshal(raw, &seen.answer) == nil
	return seen
}

// ilVisitBind sends a bind request; a client that leaves does so when the
// platform has done all it will do.
func ilVisitBind(t *testing.T, s *httptest.Server, v *Interline, fields string, leaves bool) ilSeen {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r := httptest.NewRequest(http.MethodPut, InterlinePath+"/"+someX, strings.NewReader(fields))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	before := len(v.Attempts())
	done := make(chan ilSeen, 1)
	go func() { done <- ilVisit(ctx, s, v, r) }()
	if leaves {
		waitFor(t, "the platform to act", func() bool {
			all := v.Attempts()
			return len(all) > before && all[before].Result != "under way"
		})
		cancel()
	}
	return <-done
}

func TestInterlineNumbers(t *testing.T) {
	code := func(n int) func(ilSeen) bool {
		return func(s ilSeen) bool {
			return s.status == 200 && s.isJSON && s.answer == interlineAnswer{Error: n, Reason: interlineReasons[n]}
		}
	}
	page := func(status int) func(ilSeen) bool {
		return func(s ilSeen) bool { return s.status == status && !s.isJSON }
	}
	wasCut := func(s ilSeen) bool { return isCut(s.err) }
	bound := func(s ilSeen) bool { return s.status == 200 && s.answer.Error == 0 && s.answer.SubID != "" }
	cases := map[string]struct {
		first, second func(ilSeen) bool
		made          [2]int // bindings after the first request, and after its repetition
	}{
		"":   {bound, bound, [2]int{1, 1}},
		"11": {code(1105), bound, [2]int{0, 1}},
		"12": {code(1301), code(1301), [2]int{0, 0}},
		"13": {code(1400), code(1400), [2]int{0, 0}},
		"14": {code(1401), bound, [2]int{1, 1}},
		"15": {code(1500), bound, [2]int{0, 1}},
		"16": {code(1501), bound, [2]int{0, 1}},
		"17": {code(1502), code(1502), [2]int{0, 0}},
		"18": {func(s ilSeen) bool { return page(429)(s) && s.header.Get("Retry-After") == "2" }, bound, [2]int{0, 1}},
		"19": {page(500), bound, [2]int{1, 1}},
		"20": {page(502), bound, [2]int{1, 1}},
		"21": {wasCut, bound, [2]int{0, 1}},
		"22": {wasCut, bound, [2]int{1, 1}},
		"23": {func(s ilSeen) bool { return s.err != nil && !isCut(s.err) }, bound, [2]int{1, 1}},
	}
	if len(InterlineNumbers()) != len(cases) {
		t.Fatalf("%d rows, want %d", len(InterlineNumbers()), len(cases))
	}
	for _, row := range InterlineNumbers() {
		t.Run(row.Suffix, func(t *testing.T) {
			c, ok := cases[row.Suffix]
			if !ok || row.What == "" {
				t.Fatalf("row %+v", row)
			}
			v := newInterline(t, InterlineOptions{})
			s := httptest.NewServer(v)
			defer s.Close()
			a := "138000000" + row.Suffix
			if InterlineBehaviourOf(a) != row.Behaviour || InterlineBehaviourOf(row.Suffix+"00") != InterlineBinds {
				t.Error("a number is another case")
			}
			for i, right := range []func(ilSeen) bool{c.first, c.second} {
				got := ilVisitBind(t, s, v, axb("r1", "anum", a).Encode(), i == 0 && row.Behaviour == InterlineHangs)
				if !right(got) {
					t.Errorf("request %d: client sees %+v", i+1, got)
				}
				wantBindings(t, v, c.made[i], c.made[i])
			}
		})
	}
}

func TestInterlineOnceIsPerReqid(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	for i, reqid := range []string{"r1", "r2"} {
		fields := xa(reqid, "anum", "13800000015")
		x := fmt.Sprintf("1700000000%d", i)
		wantError(t, bindXA(t, v, x, fields), interlineTrouble)
		wantError(t, bindXA(t, v, x, fields), 0)
	}
	if got := v.Counts(); got.Codes[interlineTrouble] != 2 || got.Codes[0] != 2 {
		t.Errorf("counted %+v", got)
	}
}

// TestInterlineFaultsReachEveryOperation: SetFault sees each with what it is
// about, and a placed fault acts by the platform's rules.
func TestInterlineFaultsReachEveryOperation(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	var seen []SendAttempt
	v.SetFault(func(a SendAttempt) Fault {
		seen = append(seen, a)
		if len(v.Requests()) != a.Seq {
			t.Error("the request is not in the log yet, or the log cannot be asked")
		}
		return FaultStatus(502, a.Seq%2 == 1)
	})
	ask := func(method, path, fields string) {
		t.Helper()
		r := ilRequest(v, method, path, nil)
		if method == http.MethodPut {
			r = httptest.NewRequest(method, path, strings.NewReader(fields))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", keytime(time.Now()))
		} else {
			r.URL.RawQuery = fields
		}
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, r)
		if rec.Code != 502 {
			t.Errorf("HTTP status %d", rec.Code)
		}
	}
	ask("PUT", InterlinePath+"/"+someX, axb("r1").Encode())
	subid := v.Made()[0].SubID
	ask("PUT", InterlinePath+"/"+otherX, axb("r2").Encode()) // unplaced
	ask("DELETE", InterlinePath, "appid=ilApp&subid="+subid)
	ask("GET", InterlineStatusPath, "") // unplaced
	ask("PUT", InterlinePath+"/"+someX+InterlineTransfer, xa("x1").Encode())
	ask("DELETE", InterlinePath+"/"+someX+InterlineTransfer, "appid=ilApp") // unplaced
	ask("PUT", InterlinePath+"/"+someX, "")
	wantBindings(t, v, 1, 2)
	want := []struct{ op, param, from, mobile, ref, result string }{
		{"bind axb", someX, someA, someB, "r1", "error 0, answer: status"},
		{"bind axb", otherX, someA, someB, "r2", "status, nothing placed"},
		{"unbind axb", subid, "", "", "", "error 0, answer: status"},
		{"status", "", "", "", "", "status, nothing placed"},
		{"bind xa", someX, someA, "", "x1", "error 0, answer: status"},
		{"unbind xa", someX, "", "", "", "status, nothing placed"},
		{"bind axb", someX, "", "", "", "error 1002, answer: status"},
	}
	for i, w := range want {
		a := seen[i]
		if a.Seq != i+1 || a.TemplateID != w.op || a.Param != w.param || a.From != w.from || a.Mobile != w.mobile || a.Ref != w.ref {
			t.Errorf("request %d: %+v", i+1, a)
		}
		if got := v.Requests()[i].Result; got != w.result {
			t.Errorf("request %d: %q, want %q", i+1, got, w.result)
		}
	}
}

func TestInterlineSpoiltAnswers(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	for i, c := range []struct {
		fault Fault
		right func(*httptest.ResponseRecorder) bool
	}{
		{FaultAnswer(1105, "x"), func(r *httptest.ResponseRecorder) bool { return r.Body.String() == `{"error":1105,"reason":"x"}` }},
		{FaultTruncated(), func(r *httptest.ResponseRecorder) bool {
			return strings.HasPrefix(r.Body.String(), `{"error":0`) && !json.Valid(r.Body.Bytes())
		}},
		{FaultOversize(), func(r *httptest.ResponseRecorder) bool {
			return r.Body.Len() > 2<<20 && json.Valid(r.Body.Bytes()) && strings.Index(r.Body.String(), "subid") > 2<<20
		}},
		{FaultRedirect("", true), func(r *httptest.ResponseRecorder) bool {
			return r.Code == 307 && strings.HasPrefix(r.Header().Get("Location"), InterlinePath)
		}},
	} {
		v.SetFault(func(SendAttempt) Fault { return c.fault })
		rec := httptest.NewRecorder()
		v.ServeHTTP(rec, ilRequest(v, http.MethodPut, InterlinePath+"/"+fmt.Sprint(i), axb(fmt.Sprint(i))))
		if !c.right(rec) {
			t.Errorf("case %d: HTTP status %d, %d bytes", i, rec.Code, rec.Body.Len())
		}
		wantBindings(t, v, i, i) // the first is not placed
	}
}

func TestInterlineCloseReleasesHangingRequests(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	s := httptest.NewServer(v)
	defer s.Close()
	hanging := make(chan struct{})
	v.SetFault(func(SendAttempt) Fault { close(hanging); return FaultHang(true) })
	done := make(chan ilSeen, 1)
	r := httptest.NewRequest(http.MethodGet, InterlineStatusPath, nil)
	go func() { done <- ilVisit(context.Background(), s, v, r) }()
	<-hanging
	v.Close()
	if got := <-done; !isCut(got.err) {
		t.Errorf("the client sees %+v, want its connection cut", got)
	}
	if got := ilVisit(t.Context(), s, v, r); !isCut(got.err) || len(v.Requests()) != 1 {
		t.Errorf("a closed platform answers: %+v", got)
	}
}

// TestInterlineLostAnswersEndAsOneBinding has a client repeat each reqid until it
// has a good answer, while most requests go wrong: one binding each.
func TestInterlineLostAnswersEndAsOneBinding(t *testing.T) {
	v := newInterline(t, InterlineOptions{})
	s := httptest.NewServer(v)
	defer s.Close()
	v.SetFault(RandomFaults(7,
		FaultRate{0.2, FaultCut(true)}, FaultRate{0.1, FaultCut(false)}, FaultRate{0.1, FaultStatus(502, true)},
		FaultRate{0.1, FaultGarbage(true)}, FaultRate{0.1, FaultTruncated()}, FaultRate{0.1, interlineFaultCode(1500)}))
	const jobs = 40
	for i := range jobs {
		fields := axb(fmt.Sprintf("r%d", i), "anum", fmt.Sprintf("1380000%04d", 1000+100*i)).Encode()
		fields = strings.Replace(fields, someB, fmt.Sprintf("1390000%04d", 1000+100*i), 1)
		for try := 0; ; try++ {
			got := ilVisitBind(t, s, v, fields, false)
			if got.err == nil && got.isJSON && got.answer.Error == 0 && got.answer.SubID == v.Bindings()[i].SubID {
				break
			}
			if try == 100 {
				t.Fatalf("never bound: %+v", got)
			}
		}
	}
	wantBindings(t, v, jobs, jobs)
	if twice, changed := v.BoundTwice(), v.ChangedReqids(); twice != nil || changed != nil || v.Counts().Replayed == 0 {
		t.Errorf("bound twice %v, changed %v, counted %+v", twice, changed, v.Counts())
	}
}
