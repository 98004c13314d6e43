package configs

import (
	"maps"
	"slices"
	"strings"
)

// refusal is a setting that this version cannot do and must not ignore.
type refusal struct {
	key string // in the account
	why string
}

func (a *Account) refusals() []refusal {
	var out []refusal
	if a.Switches["auth_mode"] == authModeAppcode {
		out = append(out, refusal{"auth_mode", "appcode is not built yet"})
	}
	return out
}

// Unserved says why this version refuses the account's jobs, in words that name
// the keys at fault; empty: the account is served.
func (a *Account) Unserved() string {
	var why []string
	for _, r := range a.refusals() {
		why = append(why, r.key+": "+r.why)
	}
	return strings.Join(why, ", ")
}

// AdapterSwitches are the switches that were set and that the vendor has. The
// others are ignored, and NotBuilt names them.
func (a *Account) AdapterSwitches() map[string]string {
	out := maps.Clone(a.Switches)
	for _, name := range a.ignoredSwitches() {
		delete(out, name)
	}
	return out
}

// AdapterPatterns are the lists of patterns that were set, where the vendor has
// such lists; NotBuilt names those that are ignored.
func (a *Account) AdapterPatterns() map[string][]string {
	if a.Vendor != vendorJumdata {
		return nil
	}
	return a.LimitPatterns
}

// ignoredSwitches are those that were set and that the vendor has not.
func (a *Account) ignoredSwitches() []string {
	var out []string
	known := vendorOf(a.Vendor, a.Switches["auth_mode"]).switches
	for _, name := range switchNames {
		if _, set := a.Switches[name]; set && known != nil && !slices.Contains(known, name) {
			out = append(out, name)
		}
	}
	return out
}
