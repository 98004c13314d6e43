package vendorwire

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func TestCredentials(t *testing.T) {
	given := map[string]string{"key": "k3y", "secret": "s3cret", "blank": " \t"}
	all := providers.Settings{Credential: func(name string) string { return given[name] }}
	for name, tc := range map[string]struct {
		settings providers.Settings
		names    []string
		want     string
	}{
		"all are there":          {all, []string{"key", "secret"}, ""},
		"none is needed":         {providers.Settings{}, nil, ""},
		"nothing gives any":      {providers.Settings{}, []string{"key", "secret"}, "credentials: key is missing"},
		"one is missing":         {all, []string{"key", "app_id"}, "credentials: app_id is missing"},
		"the first is told":      {all, []string{"app_id", "key", "app_code"}, "credentials: app_id is missing"},
		"space is no credential": {all, []string{"key", "blank", "secret"}, "credentials: blank is missing"},
	} {
		err := Credentials(tc.settings, tc.names...)
		if got := told(err); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestKnown(t *testing.T) {
	for name, tc := range map[string]struct {
		given map[string]string
		known []string
		want  string
	}{
		"nothing":             {nil, nil, ""},
		"nothing of some":     {nil, []string{"a"}, ""},
		"all are known":       {map[string]string{"a": "1", "b": ""}, []string{"c", "b", "a"}, ""},
		"one is not":          {map[string]string{"a": "1", "x": "s3cret"}, []string{"b", "a"}, `unknown switch "x" (known: b, a)`},
		"the first is told":   {map[string]string{"z": "1", "y": "", "x": ""}, []string{"a"}, `unknown switch "x" (known: a)`},
		"the vendor has none": {map[string]string{"x": "s3cret"}, nil, `unknown switch "x" (this vendor has none)`},
	} {
		if got := told(Known("switch", tc.given, tc.known...)); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	if got := told(Known("list", map[string][]string{"x": nil}, "a")); got != `unknown list "x" (known: a)` {
		t.Errorf("another word: %q", got)
	}
}

// told is an error's text, "" for none.
func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestSwitch(t *testing.T) {
	for given, want := range map[string]string{"form": "form", "json": "json"} {
		if got, err := Switch(map[string]string{"encoding": given}, "encoding", "form", "form", "json"); err != nil || got != want {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
	if got, err := Switch(nil, "encoding", "form", "form", "json"); err != nil || got != "form" {
		t.Errorf("unset: %q, %v", got, err)
	}
	for _, given := range []string{"", "JSON", "xml"} { // set to nothing is not unset
		got, err := Switch(map[string]string{"encoding": given}, "encoding", "form", "form", "json")
		if err == nil || got != "" || !strings.Contains(err.Error(), "encoding") || !strings.Contains(err.Error(), "form json") {
			t.Errorf("%q: %q, %v; want an error that names the switch and what it may be", given, got, err)
		}
	}
}
