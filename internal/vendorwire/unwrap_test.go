package vendorwire

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// readAB reads elements that are named by a and have their state in b.
func readAB(o Object) (providers.Report, bool) {
	r := providers.Report{VendorID: o.ID("a"), VendorText: o.Text("c")}
	if b := o.Text("b"); b == "busy" {
		r.State = providers.StateBusy
	}
	return r, r.VendorID != ""
}

// What is wrapped is read where the wrapping names no call itself.
func TestWrappedReports(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"a":1,"b":"busy"}}`:                             "1busy",
		`{"code":200,"c":"ok","data":{"a":1,"c":"x"}}`:            "1 x",
		`{"code":200,"data":[{"a":1},{"a":2,"b":"busy"}]}`:        "1 2busy",
		`{"code":200,"data":"{\"a\":1}"}`:                         "1",
		`{"code":200,"data":"","list":[{"a":1}]}`:                 "1",
		`{"code":200,"data":[],"records":[{"a":1}]}`:              "1",
		`{"code":200,"data":{"x":1,"rows":[{"a":1},{"a":2}]}}`:    "1 2",
		`{"whatever":{"a":1}}`:                                    "1",
		`{"whatever":"[{\"a\":1}]"}`:                              "1",
		`[{"data":{"a":1}},{"a":2},{"cdr":[{"a":3},{"a":4}]}]`:    "1 2 3 4",
		`{"a":{"a":{"a":{"a":{"a":1}}}}}`:                         "1",
		`{"a":9,"data":{"a":1,"b":"busy"}}`:                       "9", // another call's: contradicted
		`{"a":1,"data":{"a":"1","b":"busy"}}`:                     "1busy",
		`{"a":1,"data":{"b":"busy","c":"x"}}`:                     "1busy x",
		`{"a":1,"data":"{\"b\":\"busy\"}"}`:                       "1busy",
		`{"a":1,"b":"other","data":{"b":"busy"}}`:                 "1",
		`{"a":1,"b":"","c":null,"data":{"b":"busy","c":"x"}}`:     "1busy x",
		`{"a":1,"b":"busy","data":{"a":2,"b":"busy"}}`:            "1busy",
		`{"a":1,"data":[{"b":"busy"}]}`:                           "1", // a list is of calls of its own
		`{"a":1,"other":{"b":"busy"}}`:                            "1",
		`{"array":[{"a":1}],"a":9}`:                               "1",
		"data=%7B%22a%22%3A1%7D":                                  "1",
		"x=%7B%22a%22%3A1%7D":                                     "1",
		"a=&data=%7B%22a%22%3A1%7D":                               "1",
		"a=9&data=%7B%22b%22%3A%22busy%22%7D":                     "9busy",
		"a=9&x=%7B%22b%22%3A%22busy%22%7D":                        "9",
		"c=1&data=" + "%5B%7B%22a%22%3A1%7D,%7B%22a%22%3A2%7D%5D": "1 2",
	} {
		reports, err := Reports(post(body), readAB)
		var got []string
		for _, r := range reports {
			got = append(got, strings.TrimSpace(r.VendorID+string(r.State)+" "+r.VendorText))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v, want %q", body, got, err, want)
		}
	}
}

// Positions count what was read, in the order in which it came.
func TestPositionsOfWhatIsRefused(t *testing.T) {
	for body, want := range map[string]string{
		`{"x":1,"data":{"x":1}}`:                      "1 of 1 elements name no call, first at [0]",
		`{"x":1,"data":[]}`:                           "1 of 1 elements name no call, first at [0]",
		`[{"a":1},{"data":[{"a":2},{},7]},{"a":3}]`:   "2 of 5 elements name no call, first at [2 3]",
		`[{},{},{"a":1},{},{}]`:                       "4 of 5 elements name no call, first at [0 1 3]",
		`{"x":{"x":{"x":{"x":{"x":{"x":{"a":1}}}}}}}`: "1 of 1 elements name no call, first at [0]",
	} {
		reports, err := Reports(post(body), readAB)
		if err == nil || err.Error() != "push: "+want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		if wantRead := strings.Count(body, `{"a":`); wantRead != len(reports) && !strings.Contains(body, `{"x":{"x"`) {
			t.Errorf("%s: %d reports, want %d", body, len(reports), wantRead)
		}
	}
}

// A part has its own encoding, and any boundary.
func TestMultipart(t *testing.T) {
	part := func(name, value string) string {
		return "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	declared := `multipart/form-data; boundary="b"`
	for name, tc := range map[string]struct{ contentType, body, want string }{
		"declared":             {declared, "--b" + part("a", " 1 ") + "--b--", "1"},
		"undeclared":           {"", "--x-y" + part("a", "1") + "--x-y--\r\n", "1"},
		"wrongly declared":     {`multipart/form-data; boundary=z`, "--b" + part("a", "1") + "--b--", "1"},
		"preamble":             {declared, "words\r\n--b" + part("a", "1") + "--b--", "1"},
		"BOM and space":        {"", "\xef\xbb\xbf\r\n--b" + part("a", "1") + "--b--", "1"},
		"line feeds only":      {declared, strings.ReplaceAll("--b"+part("a", "1")+"--b--\r\n", "\r", ""), "1"},
		"GBK beside UTF-8":     {declared, "--b" + part("x", "失败") + "--b" + part("a", "\xca\xa7\xb0\xdc") + "--b--", "失败"},
		"a file":               {declared, "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.json\"\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--", "1"},
		"JSON in a part":       {declared, "--b" + part("data", `{"a":1}`) + "--b--", "1"},
		"first that is filled": {declared, "--b" + part("a", "") + "--b" + part("a", "1") + "--b" + part("a", "2") + "--b--", "1"},
		"a form with dashes":   {"", "--a=1&a=2", "2"},
		"declared, but JSON":   {declared, `{"a":"1","x":"--b"}`, "1"},
		"declared, but a form": {declared, "a=1", "1"},
		"many parts":           {declared, strings.Repeat("--b"+part("x", "1"), maxParts-1) + "--b" + part("a", "1") + "--b--", ""},
		"cut in a part":        {declared, "--b" + part("a", "1") + "--b\r\nContent-Disp", ""},
		"cut in the last":      {declared, "--b" + part("a", "1"), ""},
		"no parts":             {declared, "--b--", ""},
		"parts without a name": {declared, "--b\r\n\r\n1\r\n--b--", ""},
	} {
		reports, err := Reports(providers.Push{Method: "POST", ContentType: tc.contentType, Body: []byte(tc.body)}, readA)
		switch {
		case tc.want == "" && (err == nil || len(reports) != 0):
			t.Errorf("%s: %+v, %v; want an error", name, reports, err)
		case tc.want != "" && (err != nil || !slices.Equal(reports, []providers.Report{{VendorID: tc.want}})):
			t.Errorf("%s: %+v, %v; want %s", name, reports, err, tc.want)
		}
	}
	few := strings.Repeat("--b"+part("x", "1"), maxParts-2) + "--b" + part("a", "1") + "--b--"
	if reports, err := Reports(post(few), readA); err != nil || len(reports) != 1 {
		t.Errorf("%d parts: %v, %v", maxParts-1, reports, err)
	}
}

// Whatever order a map is walked in, a push says the same.
func TestReadingIsDeterministic(t *testing.T) {
	const body = ` a=1&a=2&%20a=3&data={"a":4}&list=[{"a":5}]&x=6`
	first := ""
	for range 50 {
		reports, err := Reports(post(body), readAB)
		if got := fmt.Sprintf("%+v %v", reports, err); first == "" {
			first = got
		} else if got != first {
			t.Fatalf("%s, then %s", first, got)
		}
	}
}
