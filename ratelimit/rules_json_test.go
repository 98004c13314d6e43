package ratelimit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/ratelimit"
)

// fill gives every field, of whatever depth, a value that is not its zero.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[*time.Location]():
		name := []string{"Asia/Shanghai", "Asia/Tokyo", "Europe/Berlin"}[*n%3]
		at, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		v.Set(reflect.ValueOf(at))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case v.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, value, n)
		v.SetMapIndex(key, value)
	case v.Kind() == reflect.Int64, v.Kind() == reflect.Int:
		v.SetInt(int64(*n))
	case v.Kind() == reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.String:
		v.SetString("2027-02-17")
	default:
		t.Fatalf("a field of kind %v is new here: fill it", v.Kind())
	}
}

// A rule that is added must travel, too.
func TestRulesTravelWhole(t *testing.T) {
	n := 0
	var rules ratelimit.Rules
	fill(t, reflect.ValueOf(&rules).Elem(), &n)
	for _, want := range []ratelimit.Rules{rules, {}} {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got ratelimit.Rules
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\nis read as %+v\nand was    %+v", text, got, want)
		}
	}
}

func TestRulesAreWrittenPlainly(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(ratelimit.Rules{
		Window:    &ratelimit.Window{Open: 9 * time.Hour, Close: 21 * time.Hour, Location: shanghai},
		PerNumber: []ratelimit.PerNumber{{Limit: 3, Width: 24 * time.Hour, Margin: 2 * time.Second}},
		Rate:      ratelimit.Rate{PerSecond: 0.5, Burst: 1},
	})
	want := `{"window":{"open":"9h0m0s","close":"21h0m0s","zone":"Asia/Shanghai"},` +
		`"per_number":[{"limit":3,"width":"24h0m0s","margin":"2s"}],"rate":{"per_second":0.5,"burst":1}}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}

func TestRulesThatCannotTravel(t *testing.T) {
	for zone, name := range map[*time.Location]string{time.FixedZone("Here", 3600): "Here", time.Local: "Local"} {
		if _, err := json.Marshal(ratelimit.Rules{Day: zone}); err == nil || !strings.Contains(err.Error(), `"`+name+`"`) {
			t.Errorf("zone %s: %v", name, err)
		}
	}
	for text, want := range map[string]string{
		`{"new_rule":1}`:        "new_rule",
		`{"lockout":"soon"}`:    "soon",
		`{"day":"No/Where"}`:    "No/Where",
		`{"per_number":"many"}`: "per_number",
	} {
		var r ratelimit.Rules
		if err := json.Unmarshal([]byte(text), &r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
