package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/redistest"
)

// oddRequests are what must not be taken for a button, or not for another one.
var oddRequests = []string{
	"POST main:normal:pause/", "POST /main:normal:pause", "POST main:normal//pending_tasks/ID:archive",
	"POST main:normal/./pending_tasks/ID:archive", "POST x/../main:normal:pause", "POST %2e%2e/queues/main:normal:pause",
	"POST x%2F..%2Fmain:normal:pause", "DELETE main:normal/pending_tasks/ID/", "DELETE main:normal/pending_tasks/",
	"DELETE main:normal/pending_tasks", "DELETE main:normal/pending_tasks%2F..%2Fcompleted_tasks/ID",
	"POST main:normal/pending_tasks/:archive", "POST main:normal/pending_tasks/ID:delete", "POST main:normal/pending_tasks/ID",
	"POST main:normal/pending_tasks/ID:run", "POST main:normal/active_tasks/ID:archive", "DELETE main:normal/active_tasks/ID",
	"POST main:normal/pending_tasks:delete_all", "POST main:normal/pending_tasks:batch_run", "DELETE main:normal/pending_tasks:batch_delete",
	"POST main:normal/active_tasks:batch_delete", "POST main:normal/tasks/ID:archive", "POST main:normal:PAUSE", "POST main:normal:delete",
	"PUT main:normal:pause", "PATCH main:normal:pause", "OPTIONS main:normal:pause", "TRACE main:normal:pause", "pause main:normal:pause",
	"DELETE main:normal/completed_tasks/%2e%2e", "DELETE %2e%2e", "POST main:normal", "POST ", "DELETE ", "POST :pause", "POST main:normal/pending_tasks:archive_all:archive_all",
}

func TestOddRequestsAreRefused(t *testing.T) {
	d := newDesk(t, redistest.Mini(t))
	id := d.job()
	before := d.redis.Mini.Dump()
	for _, odd := range oddRequests {
		method, path, _ := strings.Cut(odd, " ")
		got := d.press(method, strings.ReplaceAll(path, "ID", id), "")
		// net/http itself sends a path that is not clean elsewhere.
		if got.Code != http.StatusMethodNotAllowed && got.Code != http.StatusTemporaryRedirect && got.Code != http.StatusMovedPermanently {
			t.Errorf("%s: %d %s", odd, got.Code, got.Body)
		}
	}
	for _, path := range []string{"main:normal:pause", "main:normal/pending_tasks/" + id} {
		for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
			d.send("GET", path+"?_method=DELETE", "", func(r *http.Request) { r.Header.Set(header, "DELETE") })
			d.send("HEAD", path, "", func(r *http.Request) { r.Header.Set(header, "POST") })
		}
	}
	d.wantLanes()
	if after := d.redis.Mini.Dump(); after != before {
		t.Errorf("something was written:\n%s\nwas\n%s", after, before)
	}
}

// spy counts what asynqmon would see.
type spy struct{ seen []string }

func (s *spy) ServeHTTP(_ http.ResponseWriter, r *http.Request) { s.seen = append(s.seen, r.Method) }

// FuzzNothingThatChangesReachesAsynqmon: whatever is asked, asynqmon sees GET
// and HEAD alone, and a press names the queue and task that the path names.
func FuzzNothingThatChangesReachesAsynqmon(f *testing.F) {
	for _, odd := range oddRequests {
		method, path, _ := strings.Cut(odd, " ")
		f.Add(method, path)
	}
	for route := range meanings {
		method, path, _ := strings.Cut(route, " ")
		f.Add(method, path)
	}
	f.Fuzz(func(t *testing.T, method, rest string) {
		u, err := url.ParseRequestURI(monitorPath + "/api/queues/" + rest)
		if err != nil || method == "" || strings.ContainsAny(method, " \r\n") {
			t.Skip()
		}
		page := &spy{}
		m := &monitor{viewer: page, operator: page, press: &buttons{}}
		r := &http.Request{Method: method, URL: u, Body: io.NopCloser(strings.NewReader("{}"))}
		if p, err := parsePress(r); err == nil {
			if back := buttonOf(p); back != method+" "+u.Path || path.Clean(u.Path) != u.Path {
				t.Errorf("%s %s was read as %s", method, u.Path, back)
			}
			return
		}
		m.serve(httptest.NewRecorder(), r, onLoopback)
		if len(page.seen) > 0 && method != http.MethodGet && method != http.MethodHead {
			t.Errorf("asynqmon saw %s %s", method, u.Path)
		}
	})
}

// buttonOf is the request that a press stands for.
func buttonOf(p press) string {
	at := monitorPath + "/api/queues/" + p.queue
	switch {
	case p.set == "" && p.verb == "delete":
		return "DELETE " + at
	case p.set == "":
		return "POST " + at + ":" + p.verb
	case p.scope == batch:
		return "POST " + at + "/" + p.set + "_tasks:batch_" + p.verb
	case p.scope == all && p.verb == "delete":
		return "DELETE " + at + "/" + p.set + "_tasks:delete_all"
	case p.scope == all:
		return "POST " + at + "/" + p.set + "_tasks:" + p.verb + "_all"
	case p.verb == "delete":
		return "DELETE " + at + "/" + p.set + "_tasks/" + p.task
	}
	return "POST " + at + "/" + p.set + "_tasks/" + p.task + ":" + p.verb
}
