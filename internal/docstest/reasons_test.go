package docstest

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/interline"
)

// endings reads a table of numbers, states and causes.
func endings(t *testing.T, file, heading string) map[int]string {
	t.Helper()
	out := map[int]string{}
	for _, cells := range table(t, file, heading) {
		for _, word := range quoted(cells[0]) {
			n, err := strconv.Atoi(word)
			if err != nil || len(cells) != 3 {
				t.Fatalf("%s, %s: %q is no row of numbers, a state and a cause", file, heading, cells)
			}
			if _, twice := out[n]; twice {
				t.Errorf("%s, %s: %d stands twice", file, heading, n)
			}
			out[n] = cells[1] + "/" + cells[2]
		}
	}
	return out
}

const otherwise = "failed/unknown" // what no table has to list

func TestTablesOfReasons(t *testing.T) {
	reader, err := interline.New(providers.Settings{
		BaseURL: "https://vendor.example.com", Credential: func(string) string { return "credential" },
	})
	if err != nil {
		t.Fatal(err)
	}
	for heading, c := range map[string]struct {
		file     string
		from, to int
		read     func(n int) (providers.State, providers.Cause)
	}{
		"### SIP":                    {docs + "/vendors.md", 300, 699, providers.SIP},
		"### Q.850":                  {docs + "/vendors.md", 1, 127, providers.Q850},
		"## How a call over it ends": {page("interline"), 128, 999, func(n int) (providers.State, providers.Cause) { return cdr(t, reader, n) }},
	} {
		listed := endings(t, c.file, heading)
		for n := range listed {
			if n < c.from || n > c.to {
				t.Errorf("%s lists %d, which is not of that table", heading, n)
			}
		}
		for n := c.from; n <= c.to; n++ {
			state, cause := c.read(n)
			got := string(state) + "/" + string(cause)
			if want, ok := listed[n]; ok && got != want || !ok && got != otherwise {
				t.Errorf("%s: %d is %s, the page says %q", heading, n, got, want)
			}
		}
	}
}

func cdr(t *testing.T, reader providers.PushParser, result int) (providers.State, providers.Cause) {
	t.Helper()
	reports, err := reader.ParsePush(providers.Push{Method: "POST", ContentType: "application/json", Body: []byte(fmt.Sprintf(
		`{"subid":"S1","taskid":"T1","result":"%d","beginTime":1700000000}`, result))})
	if err != nil || len(reports) != 1 {
		t.Fatalf("a CDR with result %d: %v, %v", result, reports, err)
	}
	return reports[0].State, reports[0].Cause
}
