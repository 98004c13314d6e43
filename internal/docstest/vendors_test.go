package docstest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/all"
)

// vendors are those that an account can name.
func vendors(t *testing.T) (names []string) {
	t.Helper()
	for name, value := range literals(t, root+"/configs/vendors.go") {
		if strings.HasPrefix(name, "vendor") && len(value) == 1 {
			names = append(names, value[0])
		}
	}
	if len(names) < 4 {
		t.Fatalf("configs/vendors.go names the vendors %v", names)
	}
	slices.Sort(names)
	return names
}

func page(vendor string) string { return docs + "/vendors/" + vendor + ".md" }

func TestEveryVendorHasAPage(t *testing.T) {
	index := read(t, docs+"/vendors.md")
	for _, vendor := range vendors(t) {
		if !strings.Contains(index, "](vendors/"+vendor+".md)") {
			t.Errorf("docs/vendors.md does not lead to the page of %s", vendor)
		}
		var row []string
		for _, cells := range rowsOf(index) {
			if strings.Contains(cells[0], "vendors/"+vendor+".md") {
				row = quoted(cells[1])
			}
		}
		if want := all.Kinds(vendor); !slices.Equal(row, want) {
			t.Errorf("docs/vendors.md: %s has the kinds %v, want %v", vendor, row, want)
		}
	}
}

// The codes in an adapter's source and those on its page are the same.
func TestPagesListEveryCode(t *testing.T) {
	for _, vendor := range vendors(t) {
		var source, listed []string
		for name, value := range literals(t, root+"/providers/"+vendor+"/codes.go") {
			for _, prefix := range []string{"code", "status", "last"} {
				if strings.HasPrefix(name, prefix) && len(value) == 1 {
					source = append(source, value[0])
				}
			}
		}
		for _, cells := range table(t, page(vendor), "## Codes") {
			listed = append(listed, quoted(cells[0])...)
			for i, cell := range cells {
				if cell == "" {
					t.Errorf("%s: cell %d of code %s is empty", vendor, i+1, cells[0])
				}
			}
		}
		slices.Sort(source)
		slices.Sort(listed)
		if len(source) < 10 || !slices.Equal(source, listed) {
			t.Errorf("%s: the page lists the codes\n%v\nthe adapter has\n%v", vendor, listed, source)
		}
	}
}

// switches are those that an account of the vendor can set.
func switches(t *testing.T, vendor string) map[string]string {
	t.Helper()
	source := literals(t, root+"/configs/vendors.go")
	given := map[string]string{}
	for _, name := range source["switchNames"] {
		given[name] = "x"
	}
	if len(given) < 10 {
		t.Fatalf("configs/vendors.go has %d switches", len(given))
	}
	account := configs.Account{Vendor: vendor, Switches: given}
	return account.AdapterSwitches()
}

func build(t *testing.T, vendor string, set map[string]string) any {
	t.Helper()
	adapter, err := all.Build(vendor, providers.Settings{
		BaseURL:    "https://vendor.example.com",
		Credential: func(string) string { return "credential" },
		Switches:   set,
	})
	if err != nil {
		t.Fatalf("%s with %v: %v", vendor, set, err)
	}
	return adapter
}

// readings are the texts and truths among an adapter's settings.
func readings(t *testing.T, adapter any) string {
	t.Helper()
	cfg := reflect.ValueOf(adapter).Elem().FieldByName("cfg")
	if !cfg.IsValid() {
		t.Fatalf("%T has no field cfg", adapter)
	}
	var out []string
	for i := range cfg.NumField() {
		switch f := cfg.Field(i); f.Kind() {
		case reflect.String, reflect.Bool:
			out = append(out, fmt.Sprintf("%s=%v", cfg.Type().Field(i).Name, f))
		}
	}
	return strings.Join(out, "\n")
}

// Every switch stands on its vendor's page, and the default named there is the
// adapter's: setting it changes nothing.
func TestPagesNameEverySwitchAndItsDefault(t *testing.T) {
	for _, vendor := range vendors(t) {
		want := switches(t, vendor)
		found := map[string]string{}
		for _, cells := range table(t, page(vendor), "## Settings") {
			for _, name := range quoted(cells[0]) {
				if _, is := want[name]; is {
					found[name] = cells[1]
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			cell, ok := found[name]
			switch value := quoted(cell); {
			case !ok:
				t.Errorf("%s: switch %s is not on the page", vendor, name)
			case cell == "unset":
			case len(value) != 1:
				t.Errorf("%s: the default of %s is %q; want one word in backticks, or unset", vendor, name, cell)
			case readings(t, build(t, vendor, map[string]string{name: value[0]})) != readings(t, build(t, vendor, nil)):
				t.Errorf("%s: the page says that %s is %s by default, and setting that changes the adapter", vendor, name, value[0])
			}
		}
	}
	// What this test rests on: another value does change the adapter.
	if readings(t, build(t, "dingxin", map[string]string{"sign_variant": "v2"})) == readings(t, build(t, "dingxin", nil)) {
		t.Error("a switch that changes nothing would go unnoticed")
	}
}

func TestPagesNameTheAcknowledgement(t *testing.T) {
	for _, vendor := range vendors(t) {
		ack := build(t, vendor, nil).(providers.PushParser).Ack()
		want := fmt.Sprintf("HTTP %d, `%s`, `%s`", ack.Status, ack.ContentType, ack.Body)
		if !slices.ContainsFunc(table(t, page(vendor), "## Settings"), func(c []string) bool {
			return c[0] == "`push.ack`" && c[1] == want
		}) {
			t.Errorf("%s: the page does not give push.ack as %s", vendor, want)
		}
	}
}
