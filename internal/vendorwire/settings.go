package vendorwire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/providers"
)

// Credentials says which of the named credentials is missing, the first of
// them. Where it returns nil, s.Credential has them all.
func Credentials(s providers.Settings, names ...string) error {
	for _, name := range names {
		if s.Credential == nil || strings.TrimSpace(s.Credential(name)) == "" {
			return fmt.Errorf("credentials: %s is missing", name)
		}
	}
	return nil
}

// Known refuses a name that the vendor's adapter would not read: a misspelt one
// must not silently do nothing. what says what is named: a switch, a list.
func Known[V any](what string, given map[string]V, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case slices.Contains(known, name):
		case len(known) == 0:
			return fmt.Errorf("unknown %s %q (this vendor has none)", what, name)
		default:
			return fmt.Errorf("unknown %s %q (known: %s)", what, name, strings.Join(known, ", "))
		}
	}
	return nil
}

// Switch is the value of a per-account switch, checked against what it may be;
// otherwise is its default.
func Switch(switches map[string]string, name, otherwise string, allowed ...string) (string, error) {
	value, set := switches[name]
	if !set {
		return otherwise, nil
	}
	for _, a := range allowed {
		if value == a {
			return value, nil
		}
	}
	return "", fmt.Errorf("%s must be one of %v, not %q", name, allowed, value)
}
