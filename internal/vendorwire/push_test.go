package vendorwire

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func post(body string) providers.Push { return providers.Push{Method: "POST", Body: []byte(body)} }

// X3, X5, X6, X12: the body's first byte decides, not what is said about it.
func TestElements(t *testing.T) {
	for name, tc := range map[string]struct {
		push providers.Push
		want []string // field a of each element; "nil" for one that is no object
	}{
		"object":                       {post(`{"a":"1"}`), []string{"1"}},
		"X3 array":                     {post(`[{"a":"1"},{"a":2}]`), []string{"1", "2"}},
		"X3 named array":               {post(`{"array":[{"a":"1"},{"a":2}],"a":"9"}`), []string{"1", "2"}},
		"array that is none":           {post(`{"array":"x","a":"9"}`), []string{"9"}},
		"elements that are none":       {post(`[7,null,"x",[{"a":1}],{"a":"1"}]`), []string{"nil", "nil", "nil", "nil", "1"}},
		"empty array":                  {post(`[]`), nil},
		"X5 BOM":                       {post("\xef\xbb\xbf [{\"a\":1}]"), []string{"1"}},
		"form":                         {post("a=1&b=2"), []string{"1"}},
		"form said to be JSON":         {providers.Push{Method: "POST", ContentType: "application/json", Body: []byte("a=1")}, []string{"1"}},
		"JSON said to be a form":       {providers.Push{Method: "POST", ContentType: "application/x-www-form-urlencoded", Body: []byte(`{"a":1}`)}, []string{"1"}},
		"X6 plus is a space":           {post("a=x+y%2Bz"), []string{"x y+z"}},
		"first of a repeated field":    {post("a=1&a=2"), []string{"1"}},
		"a malformed pair":             {post("a=1&b=%zz"), []string{"1"}},
		"X4 GBK in a form":             {post("a=%CA%A7%B0%DC"), []string{"失败"}},
		"query":                        {providers.Push{Method: "GET", RawQuery: "a=1"}, []string{"1"}},
		"query of a POST":              {providers.Push{Method: "POST", RawQuery: "a=1"}, []string{"1"}},
		"body before query":            {providers.Push{Method: "POST", RawQuery: "a=2", Body: []byte("a=1")}, []string{"1"}},
		"query beside an empty object": {providers.Push{Method: "POST", RawQuery: "a=1", Body: []byte("{}")}, []string{"1"}},
		"query beside null":            {providers.Push{Method: "POST", RawQuery: "a=1", Body: []byte("null\n")}, []string{"1"}},
		"a bare semicolon":             {post("a=x;y&b=2"), []string{"x;y"}},
		"first that is not empty":      {post("a=&a=+&a=2&a=3"), []string{"2"}},
		"a name with space around":     {post("b=1& a =2"), []string{"2"}},
		"last of a repeated member":    {post(`{"a":"1","a":"2"}`), []string{"2"}},
		"JSON for the only name":       {post("%7B%22a%22%3A1%7D="), []string{"1"}},
		"JSON for the only name, raw":  {post(`{"a":"x&y=z%"}=`), []string{"x&y=z%"}},
		"a list for the only name":     {post("%5B%7B%22a%22:1%7D,7%5D"), []string{"1", "nil"}},
		"JSON in a text":               {post(`"[{\"a\":1},{\"a\":2}]"`), []string{"1", "2"}},
		"texts in an array":            {post(`["{\"a\":1}","x","[1]"]`), []string{"1", "nil", "nil"}},
		"X4 GBK, raw in a form":        {post("b=1&a=\xca\xa7\xb0\xdc"), []string{"失败"}},
		"X4 GBK, raw in a query":       {providers.Push{Method: "GET", RawQuery: "a=\xca\xa7\xb0\xdc"}, []string{"失败"}},
		"X4 GBK and UTF-8 beside":      {post("b=%E5%A4%B1&a=%CA%A7%B0%DC"), []string{"失败"}},
		"space for a body":             {providers.Push{Method: "POST", RawQuery: "a=1", Body: []byte(" \n")}, []string{"1"}},
	} {
		elements, err := Elements(tc.push)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, e := range elements {
			if e == nil {
				got = append(got, "nil")
			} else {
				got = append(got, e.Text("a"))
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestElementsRefuses(t *testing.T) {
	for name, p := range map[string]providers.Push{
		"another method": {Method: "PUT", Body: []byte(`{"a":1}`)}, "no method": {Body: []byte(`{"a":1}`)},
		"X11 large body":  {Method: "POST", Body: []byte("a=" + strings.Repeat("x", maxPush))},
		"X11 large query": {Method: "GET", RawQuery: "a=" + strings.Repeat("x", maxPush)},
		"XML":             post("<a>13800138000</a>"), "XML declared": {Method: "POST", ContentType: "text/xml", Body: []byte("\xef\xbb\xbf <?xml?>")},
		"a text":   post(`"13800138000"`),
		"cut JSON": post(`{"a":"13800138000"`), "two values": post(`{}{}`), "broken form": post("%zz"),
	} {
		elements, err := Elements(p)
		if err == nil || elements != nil {
			t.Errorf("%s: %v, %v", name, elements, err)
		} else if strings.Contains(err.Error(), "138") {
			t.Errorf("%s: the error quotes the push: %v", name, err)
		}
	}
	if _, err := Elements(post("a=" + strings.Repeat("x", maxPush-2))); err != nil {
		t.Errorf("exactly 1 MiB: %v", err)
	}
}

func readA(o Object) (providers.Report, bool) {
	r := providers.Report{VendorID: o.ID("a")}
	return r, r.VendorID != ""
}

// X3: each element is processed, and one that nobody can read costs only itself.
func TestReports(t *testing.T) {
	reports, err := Reports(post(`[{"a":1},{},7,{"a":2},{"b":"13800138000"},null]`), readA)
	if want := []providers.Report{{VendorID: "1"}, {VendorID: "2"}}; !reflect.DeepEqual(reports, want) {
		t.Errorf("reports %+v", reports)
	}
	if err == nil || err.Error() != "push: 4 of 6 elements name no call, first at [1 2 4]" {
		t.Errorf("error %v", err)
	}
	for _, body := range []string{`[]`, `{"array":[]}`} {
		if reports, err := Reports(post(body), readA); err == nil || reports != nil {
			t.Errorf("%s: %v, %v", body, reports, err)
		}
	}
	if reports, err := Reports(post(`{"b":1}`), readA); err == nil || len(reports) != 0 {
		t.Errorf("no call named: %v, %v", reports, err)
	}
}

func FuzzElements(f *testing.F) {
	f.Add("POST", "", []byte(`[{"a":1},7]`))
	f.Add("POST", "", []byte(`{"array":[{"a":"1"}]}`))
	f.Add("POST", "", []byte("a=%CA%A7&b=+"))
	f.Add("POST", "", []byte(`{"x":{"data":"[{\"a\":1}]"}}`))
	f.Add("POST", "a=1", []byte("data=%7B%22a%22%3A1%7D&x="))
	f.Add("POST", "", []byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--"))
	f.Add("GET", "a=1&%zz", []byte(nil))
	f.Add("POST", "", []byte("\xef\xbb\xbf{\"a\":\"\x81\\\"}"))
	f.Fuzz(func(t *testing.T, method, query string, body []byte) {
		p := providers.Push{Method: method, RawQuery: query, Body: body}
		elements, err := Elements(p)
		if err != nil && elements != nil {
			t.Errorf("an error and %v", elements)
		}
		reports, err := Reports(p, readA)
		if err == nil && len(reports) == 0 {
			t.Error("neither a report nor an error")
		}
		if len(reports) > len(elements) && 5*len(reports) > max(len(body), len(query)) { // "a":1
			t.Errorf("%d reports of %d elements in %d bytes", len(reports), len(elements), len(body))
		}
	})
}
