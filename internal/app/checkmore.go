package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/configs"
)

// shortSpan is below what anybody would ask a vendor, or call somebody again, after.
const shortSpan = 30 * time.Second

// shortSpans warns of spans between probes, and before redials, that look like an accident.
func (r *Report) shortSpans(check string, a *configs.Account) {
	if a.Probe != nil && a.Probe.Every < shortSpan {
		r.Add(check, LevelWarn, "probe.every is %s: is it meant? The vendor is asked as often for as long as workers run", a.Probe.Every)
	}
	if a.Redial == nil {
		return
	}
	for _, cause := range slices.Sorted(maps.Keys(a.Redial.After)) {
		if after := a.Redial.After[cause]; after < shortSpan {
			r.Add(check, LevelWarn, "redial.%s is %s: is it meant? Who was not reached is called again as soon", cause, after)
		}
	}
}

func probeText(p *configs.Probe) string {
	if p == nil {
		return none
	}
	text := "every " + span(p.Every) + ", threshold " + p.Threshold
	if p.WarnBelow != "" {
		text += ", warn below " + p.WarnBelow
	}
	return text
}

func redialText(r *configs.Redial) string {
	if r == nil {
		return none
	}
	var out []string
	for _, cause := range slices.Sorted(maps.Keys(r.After)) {
		out = append(out, cause+" "+span(r.After[cause]))
	}
	return strings.Join(append(out, fmt.Sprintf("max %d", r.Max)), ", ")
}
