package admin

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/callpacer/callpacer/tasks"
)

// Our payloads and results hold a job's id and state. Whatever else may lie in
// a queue is shown with its numbers masked.
var (
	ours    = regexp.MustCompile(`^\{("(v|id|state)":("[\w.~-]*"|\d{1,3}),?)+\}$`)
	numbers = regexp.MustCompile(`\d{5,}`)
)

func mask(b []byte) string {
	if ours.Match(b) {
		return string(b)
	}
	if tasks.Carries(b) {
		return masked(b)
	}
	return numbers.ReplaceAllStringFunc(string(b), func(s string) string {
		return strings.Repeat("*", len(s)-2) + s[len(s)-2:]
	})
}

// masked is the payload of a task that carries its job: names and addresses are in
// it beside numbers, so nothing but its id is shown.
func masked(b []byte) string {
	const hidden = `"carried":"(not shown)"`
	var p tasks.Payload
	if json.Unmarshal(b, &p) != nil {
		return "{" + hidden + "}"
	}
	shown := string(tasks.EncodePayload(p.ID))
	if !ours.MatchString(shown) {
		return "{" + hidden + "}"
	}
	return strings.TrimSuffix(shown, "}") + "," + hidden + "}"
}
