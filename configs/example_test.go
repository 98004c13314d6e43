package configs

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

func TestExamplesShowTheDefaults(t *testing.T) {
	minimal, err := os.ReadFile("minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	full, small := mustLoad(t, Example), mustLoad(t, string(minimal))
	if !reflect.DeepEqual(full, small) {
		t.Errorf("the example does not load as the defaults:\n%+v\n%+v", full, small)
	}
	if left := full.NotBuilt(); len(left) != 0 {
		t.Errorf("the example uses what is not built: %q", left)
	}
	onDisk, err := os.ReadFile("callpacer.yaml")
	if err != nil || string(onDisk) != Example {
		t.Errorf("the embedded example is not the file: %v", err)
	}
}

// switchedOff is how the example holds a line that is to be used by dropping
// its first character.
var switchedOff = regexp.MustCompile(`(?m)^#([a-z]|  +[-a-z#])`)

func TestExampleLoadsWithEverythingSwitchedOn(t *testing.T) {
	cfg := mustLoad(t, switchedOff.ReplaceAllString(Example, "$1"))
	if cfg.Public == nil || cfg.Events == nil || cfg.Recordings == nil || len(cfg.Admin.Tokens) != 1 || len(cfg.Accounts) != 4 {
		t.Fatalf("not everything is switched on: %+v", cfg)
	}
	jumdata := cfg.Accounts[0]
	if len(jumdata.Switches) != len(switchNames) || len(jumdata.Rules.Window.Weekdays) != 7 || jumdata.LimitPatterns["number_lock"] == nil {
		t.Errorf("not every switch is on: %+v", jumdata)
	}
	if got := jumdata.Credential("app_secret"); got != clearText+"-JUMDATA_APP_SECRET" {
		t.Errorf("app_secret = %q", got)
	}
	if cfg.Accounts[2].RecordingBaseURL != "https://xl.dingxin106.com" || cfg.Accounts[1].Group != "itnio" {
		t.Errorf("accounts = %+v", cfg.Accounts)
	}
	itnio, dingxin, interline := cfg.Accounts[1], cfg.Accounts[2], cfg.Accounts[3]
	if itnio.Probe == nil || itnio.Probe.WarnBelow != "50" || len(interline.Pool) != 2 {
		t.Errorf("probe = %+v, pool = %q", itnio.Probe, interline.Pool)
	}
	// The comments call what is shown there the defaults.
	if want := mustLoad(t, interlineWith()).Accounts[0].Probe; !reflect.DeepEqual(interline.Probe, want) {
		t.Errorf("interline's probe = %+v, by default %+v", interline.Probe, want)
	}
	if want := mustLoad(t, withAccount(vendorDingxin, "redial: {}")).Accounts[0].Redial; !reflect.DeepEqual(dingxin.Redial, want) {
		t.Errorf("redial = %+v, by default %+v", dingxin.Redial, want)
	}
}

func TestExampleNamesEveryKey(t *testing.T) {
	keys := map[string]bool{"calendar_day": true, "app_secret_file": true, "app_code": true}
	for _, name := range switchNames {
		keys[name] = true
	}
	for _, cause := range redialCauses {
		keys[cause.name] = true
	}
	for _, vendor := range vendorNames {
		for _, name := range vendorOf(vendor, "").credentials {
			keys[name] = true
		}
	}
	collectKeys(reflect.TypeFor[Config](), keys)
	for key := range keys {
		if !regexp.MustCompile(`\b` + key + `\b`).MatchString(Example) {
			t.Errorf("the example does not name %s", key)
		}
	}
	if len(keys) < 80 {
		t.Errorf("only %d keys were found", len(keys))
	}
}

// collectKeys adds the keys of our own structs' fields.
func collectKeys(t reflect.Type, keys map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		collectKeys(t.Elem(), keys)
	case reflect.Struct:
		if !strings.HasSuffix(t.PkgPath(), "/configs") {
			return
		}
		for field := range fields(t) {
			name, renamed := field.Name, map[string]string{
				"Zone": "time_zone", "CalendarDay": "calendar_day", "Off": "off", "Switches": "code_500", "DayZone": "time_zone",
			}
			if to, ok := renamed[name]; ok {
				name = to
			} else {
				name = snake(strings.ReplaceAll(name, "CIDRs", "Cidrs"))
			}
			keys[name] = true
			collectKeys(field.Type, keys)
		}
	}
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// snake turns BaseURL into base_url.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
