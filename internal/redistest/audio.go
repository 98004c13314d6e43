package redistest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fetchStates are those of a record's recording; none: there is none to fetch.
var fetchStates = []string{"", "due", "stored", "lost"}

// audio looks at every recording that is to be fetched, and at what became of those
// that are not.
func (g group) audio() (found []string) {
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, id := range slices.Sorted(maps.Keys(g.Fetches)) {
		job, there := g.Keys["job:"+id]
		if !there {
			say("the recording of %s is to be fetched, and it has no record", id)
			continue
		}
		found = append(found, g.late(id, g.Fetches[id], g.latestFetch(job.Fields))...)
	}
	for key, k := range g.Keys {
		id, isJob := strings.CutPrefix(key, "job:")
		if !isJob {
			continue
		}
		fetch := k.Fields["fetch"]
		if !slices.Contains(fetchStates, fetch) {
			say("the recording of %s is %q", id, fetch)
		}
		if _, due := g.Fetches[id]; due != (fetch == "due") {
			say("the recording of %s is %q and is to be fetched: %v", id, fetch, due)
		}
		if file := k.Fields["file_url"] != "" && k.Fields["file_sha256"] != ""; file != (fetch == "stored") {
			say("the recording of %s is %q and has a file: %v", id, fetch, file)
		}
	}
	return found
}
