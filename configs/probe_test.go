package configs

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	standard := &Probe{Every: 5 * time.Minute, Threshold: "0"}
	for _, tt := range []struct {
		vendor, text string
		want         *Probe
	}{
		{vendorInterline, "", standard},
		{vendorInterline, "probe: {}", standard},
		{vendorInterline, "probe: off", nil},
		{vendorInterline, "probe: 'off'", nil},
		{vendorITNIO, "", nil},
		{vendorITNIO, "probe: off", nil},
		{vendorITNIO, "probe: {}", standard},
		{vendorJumdata, "", nil},
		{vendorJumdata, "probe: off", nil},
		{vendorDingxin, "", nil},
		{vendorDingxin, "probe: off", nil},
		{vendorInterline, "probe: {every: 100ms}", &Probe{Every: 100 * time.Millisecond, Threshold: "0"}},
		{vendorITNIO, `probe: {every: 24h, threshold: "-20.5", warn_below: "0"}`, &Probe{Every: 24 * time.Hour, Threshold: "-20.5", WarnBelow: "0"}},
		{vendorInterline, "probe: {threshold: -20, warn_below: 0.0001}", &Probe{Every: 5 * time.Minute, Threshold: "-20", WarnBelow: "0.0001"}},
		{vendorInterline, "probe: {threshold: 12.50, warn_below: off}", &Probe{Every: 5 * time.Minute, Threshold: "12.50"}},
		{vendorInterline, "probe: {threshold: 99999999998.9999, warn_below: 99999999999}", &Probe{Every: 5 * time.Minute, Threshold: "99999999998.9999", WarnBelow: "99999999999"}},
		{vendorInterline, "probe: {threshold: 99999999998.9998, warn_below: 99999999998.9999}", &Probe{Every: 5 * time.Minute, Threshold: "99999999998.9998", WarnBelow: "99999999998.9999"}},
	} {
		base := ""
		if tt.vendor == vendorInterline {
			base = "base_url: https://vendor.example.com"
		}
		if got := mustLoad(t, withAccount(tt.vendor, base, tt.text)).Accounts[0].Probe; !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s, %q: %+v, want %+v", tt.vendor, tt.text, got, tt.want)
		}
	}
}

func TestBadProbe(t *testing.T) {
	const only = "; off is the only word for none"
	const signed = ` is not a plain decimal number such as "0", "-20" or "12.50"; at most 11 digits before the point and 4 behind it`
	const unsigned = ` is not a plain decimal number such as "50" or "12.50", not below 0; at most 11 digits before the point and 4 behind it` + only
	cases := map[string]string{
		"none":           "probe: must be a mapping of keys to values" + only,
		"[]":             "probe: must be a mapping of keys to values" + only,
		"~":              "probe: has no value; write one or leave the key out" + only,
		"{every: 99ms}":  `probe.every: "99ms" is too short; the least is 100ms`,
		"{every: 25h}":   `probe.every: "25h" is too long; the most is 24h0m0s`,
		"{every: off}":   `probe.every: "off" is not a duration; write one such as 500ms, 10s, 5m or 24h`,
		"{evry: 5m}":     "probe.evry: unknown key; did you mean every?",
		"{threshold: x}": `probe.threshold: "x"` + signed,
		"{threshold: {}, warn_below: []}": "probe.threshold: must be a single value, not a mapping\n" +
			"probe.warn_below: must be a single value, not a list" + only,
		"{warn_below: -1}":                      `probe.warn_below: "-1"` + unsigned,
		`{warn_below: ""}`:                      `probe.warn_below: ""` + unsigned,
		"{warn_below: 0}":                       "probe.warn_below: warn_below (0) must be above threshold (0), where the lane is shut already",
		"{warn_below: 0.0}":                     "probe.warn_below: warn_below (0.0) must be above threshold (0), where the lane is shut already",
		`{threshold: "9", warn_below: "10"}`:    "",
		`{threshold: "10", warn_below: "9.99"}`: "probe.warn_below: warn_below (9.99) must be above threshold (10), where the lane is shut already",
		"{threshold: x, warn_below: 0}":         `probe.threshold: "x"` + signed, // and no comparison with what it is not
	}
	for _, text := range []string{
		"off", "", "1e3", "0x10", "+1", ".5", "1.", "1,5", "01", "00", "1_000", "--1", "- 1", "1 ", "NaN", "Inf", "-.inf",
		"1.23456", "123456789012", "١", "1/2",
	} {
		cases[`{threshold: "`+text+`"}`] = `probe.threshold: "` + text + `"` + signed
	}
	for text, want := range cases {
		if want == "" {
			mustLoad(t, interlineWith("probe: "+text))
			continue
		}
		if got := problemOf(t, interlineWith("probe: "+text)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
	for _, vendor := range []string{vendorJumdata, vendorDingxin} {
		for _, text := range []string{"probe: {}", "probe: {every: 1s}", "probe: true"} {
			want := "probe: " + vendor + " has no probe: it cannot be asked how an account stands; write off or leave the key out"
			if got := problemOf(t, withAccount(vendor, text)); got != want {
				t.Errorf("%s, %s: %s, want %s", vendor, text, got, want)
			}
		}
	}
}

// YAML itself reads these as numbers of another value; the file's text counts.
func TestProbeNumbersThatYAMLReadsDifferently(t *testing.T) {
	for _, text := range []string{"010", "0o10", "0b1", "1_0", "0x1F", "1e1", ".inf", ".nan", "1:30", "+5"} {
		if got := problemOf(t, interlineWith("probe: {threshold: "+text+"}")); !strings.HasPrefix(got, "probe.threshold: \""+text) {
			t.Errorf("%s: %s", text, got)
		}
	}
}
