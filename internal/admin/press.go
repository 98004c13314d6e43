package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
)

// press is one button of asynqmon, as its page asks for it.
type press struct {
	queue string
	set   string   // of tasks: active, pending, …; empty: the whole queue
	verb  string   // delete, archive, run, cancel; of a queue pause, resume, delete
	scope scope    // of a set
	task  string   // of scope one
	tasks []string // of scope batch
}

type scope int

const (
	one scope = iota
	batch
	all
)

// name is the button's, for the log.
func (p press) name() string {
	switch {
	case p.set == "":
		return p.verb
	case p.scope == batch:
		return "batch " + p.verb + " " + p.set
	case p.scope == all:
		return p.verb + " all " + p.set
	}
	return p.verb + " " + p.set
}

// known are the buttons that sets of tasks have in asynqmon v0.7.2, each also
// for a batch and for all. Its groups are not used here, so they have none.
var known = map[string][]string{
	"active":    {"cancel"},
	"pending":   {"delete", "archive"},
	"scheduled": {"delete", "archive", "run"},
	"retry":     {"delete", "archive", "run"},
	"archived":  {"delete", "run"},
	"completed": {"delete"},
}

var errNoButton = refuse(http.StatusMethodNotAllowed, "refused: this is none of the buttons that callpacer knows")

// parsePress reads a request that changes something. Like asynqmon's router it
// looks at the decoded path, in which a queue or a task's id is whatever stands
// between slashes, up to the last colon where a verb follows.
func parsePress(r *http.Request) (press, error) {
	rest, ok := strings.CutPrefix(r.URL.Path, monitorPath+"/api/queues/")
	if !ok || path.Clean(r.URL.Path) != r.URL.Path {
		return press{}, errNoButton
	}
	parts := strings.Split(rest, "/")
	var p press
	switch len(parts) {
	case 1:
		p, ok = queuePress(r.Method, parts[0])
	case 2:
		p, ok = setPress(r.Method, parts[0], parts[1])
	case 3:
		p, ok = taskPress(r.Method, parts[0], parts[1], parts[2])
	default:
		ok = false
	}
	if !ok || p.queue == "" {
		return press{}, errNoButton
	}
	if p.scope == batch {
		ids, err := readIDs(r.Body)
		p.tasks = ids
		return p, err
	}
	return p, nil
}

// queuePress: DELETE {queue}, POST {queue}:pause or :resume.
func queuePress(method, last string) (press, bool) {
	if method == http.MethodDelete {
		return press{queue: last, verb: "delete"}, true
	}
	queue, verb := cutVerb(last)
	return press{queue: queue, verb: verb}, method == http.MethodPost && (verb == "pause" || verb == "resume")
}

// setPress: {queue}/{set}_tasks:batch_{verb} and :{verb}_all.
func setPress(method, queue, last string) (press, bool) {
	tasks, button := cutVerb(last)
	set, isSet := strings.CutSuffix(tasks, "_tasks")
	p := press{queue: queue, set: set, scope: batch}
	want, ok := http.MethodPost, false
	if p.verb, ok = strings.CutPrefix(button, "batch_"); !ok {
		p.scope = all
		if p.verb, ok = strings.CutSuffix(button, "_all"); ok && p.verb == "delete" {
			want = http.MethodDelete
		}
	}
	return p, ok && isSet && method == want && p.has(p.verb)
}

// taskPress: DELETE {queue}/{set}_tasks/{id}, POST {queue}/{set}_tasks/{id}:{verb}.
func taskPress(method, queue, tasks, last string) (press, bool) {
	set, isSet := strings.CutSuffix(tasks, "_tasks")
	p := press{queue: queue, set: set, verb: "delete", task: last}
	want := http.MethodDelete
	if method == http.MethodPost {
		p.task, p.verb = cutVerb(last)
		want = http.MethodPost
	}
	isDelete := p.verb == "delete"
	return p, isSet && method == want && isDelete == (method == http.MethodDelete) && p.task != "" && p.has(p.verb)
}

func (p press) has(verb string) bool {
	for _, v := range known[p.set] {
		if v == verb {
			return true
		}
	}
	return false
}

// cutVerb cuts at the last colon: queues and ids may have some of their own.
func cutVerb(s string) (name, verb string) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// readIDs reads the body of a batch.
func readIDs(body io.Reader) ([]string, error) {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	var b struct {
		TaskIDs []string `json:"task_ids"`
	}
	err := d.Decode(&b)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return b.TaskIDs, nil
		}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "refused: the body is larger than 64 KiB")
	}
	return nil, refuse(http.StatusBadRequest, `refused: the body is not {"task_ids":[…]}`)
}
