package admin

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// What becomes of each route of asynqmon that changes something: a lane or a
// job is asked; a task that is dead is deleted, or one put off is run; all at
// once, never and unknown are refused. A route that a new version of asynqmon adds
// fails the test until it is given a meaning.
var meanings = map[string]string{
	"DELETE {q}":      "never",
	"POST {q}:pause":  "lane",
	"POST {q}:resume": "lane",

	"POST {q}/active_tasks/{id}:cancel":  "job",
	"POST {q}/active_tasks:batch_cancel": "job",
	"POST {q}/active_tasks:cancel_all":   "all",

	"DELETE {q}/pending_tasks/{id}":        "job",
	"POST {q}/pending_tasks/{id}:archive":  "job",
	"POST {q}/pending_tasks:batch_delete":  "job",
	"POST {q}/pending_tasks:batch_archive": "job",
	"DELETE {q}/pending_tasks:delete_all":  "all",
	"POST {q}/pending_tasks:archive_all":   "all",

	"DELETE {q}/scheduled_tasks/{id}":        "job",
	"POST {q}/scheduled_tasks/{id}:archive":  "job",
	"POST {q}/scheduled_tasks/{id}:run":      "task",
	"POST {q}/scheduled_tasks:batch_delete":  "job",
	"POST {q}/scheduled_tasks:batch_archive": "job",
	"POST {q}/scheduled_tasks:batch_run":     "task",
	"DELETE {q}/scheduled_tasks:delete_all":  "all",
	"POST {q}/scheduled_tasks:archive_all":   "all",
	"POST {q}/scheduled_tasks:run_all":       "all",

	"DELETE {q}/retry_tasks/{id}":        "job",
	"POST {q}/retry_tasks/{id}:archive":  "job",
	"POST {q}/retry_tasks/{id}:run":      "task",
	"POST {q}/retry_tasks:batch_delete":  "job",
	"POST {q}/retry_tasks:batch_archive": "job",
	"POST {q}/retry_tasks:batch_run":     "task",
	"DELETE {q}/retry_tasks:delete_all":  "all",
	"POST {q}/retry_tasks:archive_all":   "all",
	"POST {q}/retry_tasks:run_all":       "all",

	"DELETE {q}/archived_tasks/{id}":       "task",
	"POST {q}/archived_tasks/{id}:run":     "task",
	"POST {q}/archived_tasks:batch_delete": "task",
	"POST {q}/archived_tasks:batch_run":    "task",
	"DELETE {q}/archived_tasks:delete_all": "all",
	"POST {q}/archived_tasks:run_all":      "all",

	"DELETE {q}/completed_tasks/{id}":       "task",
	"POST {q}/completed_tasks:batch_delete": "task",
	"DELETE {q}/completed_tasks:delete_all": "all",

	"DELETE {q}/groups/{g}/aggregating_tasks/{id}":        "unknown",
	"POST {q}/groups/{g}/aggregating_tasks/{id}:archive":  "unknown",
	"POST {q}/groups/{g}/aggregating_tasks/{id}:run":      "unknown",
	"POST {q}/groups/{g}/aggregating_tasks:batch_delete":  "unknown",
	"POST {q}/groups/{g}/aggregating_tasks:batch_archive": "unknown",
	"POST {q}/groups/{g}/aggregating_tasks:batch_run":     "unknown",
	"DELETE {q}/groups/{g}/aggregating_tasks:delete_all":  "unknown",
	"POST {q}/groups/{g}/aggregating_tasks:archive_all":   "unknown",
	"POST {q}/groups/{g}/aggregating_tasks:run_all":       "unknown",
}

func TestEveryRouteOfAsynqmonHasAMeaning(t *testing.T) {
	got := changingRoutes(t)
	want := slices.Collect(maps.Keys(meanings))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("asynqmon has the routes\n%s\nand the test knows\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for route, meaning := range meanings {
		d := newDesk(t, redistest.Mini(t))
		id := d.job()
		before := d.redis.Mini.Dump()
		method, template, _ := strings.Cut(route, " ")
		body := ""
		if strings.Contains(template, "batch_") {
			body = `{"task_ids":["` + id + `"]}`
		}
		answer := d.press(method, strings.NewReplacer("{q}", "main:normal", "{id}", id, "{g}", "some").Replace(template), body)
		rec, err := d.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		same := d.redis.Mini.Dump() == before
		ok := false
		switch meaning {
		case "lane":
			ok = same && answer.Code == http.StatusNoContent && len(d.lanes.asked) == 1
		case "job":
			ok = !same && answer.Code < 300 && rec.State == "canceled"
		case "task": // the task is pending, so nothing is done to it
			ok = same && strings.Contains(answer.Body.String(), "pending by now")
		case "all":
			ok = same && answer.Code == http.StatusConflict && strings.Contains(answer.Body.String(), "stands still")
		case "never":
			ok = same && answer.Code == http.StatusConflict
		case "unknown":
			ok = same && answer.Code == http.StatusMethodNotAllowed
		}
		if !ok {
			t.Errorf("%s (%s): %d %s, job %s, nothing written: %v", route, meaning, answer.Code, answer.Body, rec.State, same)
		}
	}
}

// changingRoutes walks asynqmon's router, which it keeps to itself.
func changingRoutes(t *testing.T) []string {
	t.Helper()
	r := redistest.Mini(t)
	page := asynqmon.New(asynqmon.Options{RootPath: monitorPath, RedisConnOpt: clientMaker(func() redis.UniversalClient { return r.NewClient(t) })})
	t.Cleanup(func() {
		if err := page.Close(); err != nil {
			t.Error(err)
		}
	})
	field := reflect.ValueOf(page).Elem().FieldByName("router")
	walk := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().MethodByName("Walk") // #nosec G103 -- there is no other way to its routes
	var routes []string
	reads := 0
	visit := reflect.MakeFunc(walk.Type().In(0), func(args []reflect.Value) []reflect.Value {
		nothing := []reflect.Value{reflect.Zero(walk.Type().Out(0))}
		call := func(name string) (reflect.Value, bool) {
			out := args[0].MethodByName(name).Call(nil)
			return out[0], out[1].IsNil()
		}
		if args[0].MethodByName("GetHandler").Call(nil)[0].IsNil() {
			return nothing // the root of others
		}
		template, hasPath := call("GetPathTemplate")
		methods, hasMethods := call("GetMethods")
		if !hasPath || !hasMethods || methods.Len() != 1 {
			t.Errorf("route %v takes the methods %v, want one", template, methods)
			return nothing
		}
		if method := methods.Index(0).String(); method == http.MethodGet {
			reads++
		} else {
			short := strings.NewReplacer(monitorPath+"/api/queues/", "", "{qname}", "{q}", "{task_id}", "{id}", "{gname}", "{g}")
			routes = append(routes, method+" "+short.Replace(template.String()))
		}
		return nothing
	})
	if err := walk.Call([]reflect.Value{visit})[0]; !err.IsNil() {
		t.Fatal(err)
	}
	if reads < 10 {
		t.Errorf("only %d routes read: the walk is broken", reads)
	}
	return routes
}
