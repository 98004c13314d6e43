package admin

import (
	"regexp"
	"strings"
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
	return numbers.ReplaceAllStringFunc(string(b), func(s string) string {
		return strings.Repeat("*", len(s)-2) + s[len(s)-2:]
	})
}
