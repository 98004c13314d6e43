package providertest

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// parse reads a push and checks what must hold of everything that is read.
func (s *suite) parse(t *testing.T, parser providers.PushParser, p providers.Push) ([]providers.Report, error) {
	t.Helper()
	reports, err := parser.ParsePush(p)
	for _, r := range reports {
		fail(t, "report", reportFaults(r))
	}
	switch {
	case err != nil:
		fail(t, "error", s.leaks(err.Error()))
	case len(reports) == 0:
		t.Error("neither a report nor an error")
	}
	return reports, err
}

// parser is an adapter as a reader of pushes.
func (s *suite) parser(t *testing.T, settings providers.Settings) providers.PushParser {
	t.Helper()
	parser, ok := s.adapter(t, settings).(providers.PushParser)
	if !ok {
		t.Fatal("pushes are described, and the adapter reads none")
	}
	return parser
}

// pushes checks each push as it came and as it may come too, then all together.
func (s *suite) pushes(t *testing.T) {
	parser := s.parser(t, s.settings(nowhere))
	for _, c := range s.vendor.Pushes {
		t.Run(c.Name, func(t *testing.T) { s.push(t, parser, c) })
	}
	t.Run("batch", func(t *testing.T) { s.batch(t, parser) })
	t.Run("hostile", func(t *testing.T) { s.hostilePushes(t, parser) })
	t.Run("unreadable", func(t *testing.T) { s.unreadablePushes(t, parser) })
	t.Run("acknowledgement", s.acknowledgement)
}

func (s *suite) push(t *testing.T, parser providers.PushParser, c PushCase) {
	reports, err := s.parse(t, parser, c.Push)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := essence(reports), essence(c.Want); !slices.Equal(got, want) {
		t.Fatalf("\n got %+v\nwant %+v", got, want)
	}
	for how, p := range otherWays(c.Push) {
		again, err := s.parse(t, parser, p)
		if err != nil || !reflect.DeepEqual(again, reports) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", how, again, err, reports)
		}
	}
}

// essence keeps what a PushCase promises.
func essence(reports []providers.Report) []providers.Report {
	kept := make([]providers.Report, len(reports))
	for i, r := range reports {
		kept[i] = providers.Report{VendorID: r.VendorID, Ref: r.Ref, Task: r.Task, Kind: r.Kind,
			State: r.State, Cause: r.Cause, Evidence: r.Evidence}
	}
	return kept
}

// batch sends all of a kind together: nothing is lost, and order is kept.
func (s *suite) batch(t *testing.T, parser providers.PushParser) {
	var elements []string
	var want []providers.Report
	for _, c := range s.vendor.Pushes {
		object, ok := readObject(c.Push.Body)
		if !ok {
			object, ok = fromForm(string(c.Push.Body) + c.Push.RawQuery)
		}
		if !ok || has(object, "array") {
			continue
		}
		reports, err := s.parse(t, parser, c.Push)
		if err != nil {
			t.Fatal(err)
		}
		// Twice in a row: vendors repeat what they think was not heard.
		elements = append(elements, string(writeJSON(object)), string(writeJSON(object)))
		want = append(append(want, reports...), reports...)
	}
	for range 2 {
		for _, shape := range []string{"[%s]", `{"array":[%s]}`} {
			body := fmt.Sprintf(shape, strings.Join(elements, ","))
			got, err := s.parse(t, parser, providers.Push{Method: http.MethodPost, ContentType: jsonType, Body: []byte(body)})
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d of %d reports, %v", len(got), len(want), err)
			}
		}
		slices.Reverse(elements)
		slices.Reverse(want)
	}
	// One that nobody can read costs only itself.
	body := "[" + strings.Join(append([]string{`{"x_unknown":"` + Callee + `"}`, "7", "null"}, elements...), ",") + "]"
	got, err := s.parse(t, parser, providers.Push{Method: http.MethodPost, Body: []byte(body)})
	if err == nil || !reflect.DeepEqual(got, want) {
		t.Errorf("beside bad elements: %d of %d reports, %v; want them all and an error", len(got), len(want), err)
	}
}

func has(object []member, name string) bool {
	return slices.ContainsFunc(object, func(m member) bool { return m.name == name })
}

func (s *suite) unreadablePushes(t *testing.T, parser providers.PushParser) {
	gossip := s.gossip()
	for name, p := range map[string]providers.Push{
		"nothing":           {Method: http.MethodPost},
		"another method":    {Method: http.MethodDelete, Body: s.vendor.Pushes[0].Push.Body},
		"HTML":              {Method: http.MethodPost, Body: []byte("<html>" + gossip)},
		"cut JSON":          {Method: http.MethodPost, Body: []byte(`{"x_unknown":"` + gossip + `"`)},
		"unknown fields":    {Method: http.MethodPost, Body: writeJSON([]member{{"x_unknown", gossip}})},
		"unknown form":      {Method: http.MethodPost, Body: []byte("x_unknown=" + url.QueryEscape(gossip))},
		"empty array":       {Method: http.MethodPost, Body: []byte("[]")},
		"empty named array": {Method: http.MethodPost, Body: []byte(`{"array":[]}`)},
		"a text":            {Method: http.MethodPost, Body: []byte(`"` + Callee + `"`)},
		"bytes":             {Method: http.MethodPost, Body: []byte("\xff\xfe\x00{" + Callee)},
		"bottomless":        {Method: http.MethodPost, Body: []byte(strings.Repeat("[", 1<<20))},
		"null":              posted(jsonType, "null"),
		"an empty object":   posted(jsonType, "{}"),
		"nothing in data":   posted(jsonType, `{"code":200,"data":null}`),
		"a list of nothing": posted(jsonType, `{"data":[]}`),
		"an empty text":     posted(jsonType, `{"data":""}`),
		"XML":               posted("text/xml", `<?xml version="1.0" encoding="GBK"?><cdr><id>`+gossip+`</id></cdr>`),
		"XML in a field":    posted(formType, "data="+escape("<cdr>"+gossip+"</cdr>")),
		"XML after a BOM":   posted("", bom+" <cdr>"+gossip+"</cdr>"),
		"cut multipart":     posted("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"+gossip),
		"unknown parts":     multipartPush("", []member{{"x_unknown", gossip}}),
		"no part at all":    posted("multipart/form-data; boundary=b", "--b--\r\n"),
		"wrapped too deep":  posted(jsonType, strings.Repeat(`{"data":`, 20)+"{}"+strings.Repeat("}", 20)),
		"oversize":          {Method: http.MethodPost, Body: []byte(strings.Repeat(" ", oversize) + string(s.vendor.Pushes[0].Push.Body))},
	} {
		if reports, err := s.parse(t, parser, p); err == nil || len(reports) != 0 {
			t.Errorf("%s: %+v, %v; want an error and nothing else", name, reports, err)
		}
	}
}

// acknowledgement: an account can answer otherwise, for no vendor documents all.
func (s *suite) acknowledgement(t *testing.T) {
	own := s.parser(t, s.settings(nowhere)).Ack()
	if own.Status < 200 || own.Status > 299 || own.Body == "" || own.ContentType == "" {
		t.Errorf("own: %+v", own)
	}
	settings := s.settings(nowhere)
	settings.Ack = providers.Ack{Body: "taken"}
	want := own
	want.Body = "taken"
	if got := s.parser(t, settings).Ack(); got != want {
		t.Errorf("with another body: %+v", got)
	}
	settings.Ack = providers.Ack{Status: http.StatusServiceUnavailable}
	if _, err := s.vendor.New(settings); err == nil {
		t.Error("an acknowledgement of 503 is accepted: pushes would be repeated without end")
	}
}
