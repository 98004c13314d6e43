package interline

import (
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

// The text of a message is nobody's business here: it gives way in every form of a push,
// and the push still tells of a message.
func TestMessagesAreBlanked(t *testing.T) {
	a := vendor().adapter(t)
	for name, p := range map[string]providers.Push{
		"form":        {ContentType: "application/x-www-form-urlencoded", Body: []byte("subid=s1&taskid=t1&smsContent=code+4711&callTime=1630468800")},
		"form, alone": {ContentType: "application/x-www-form-urlencoded", Body: []byte("smsContent=code+4711")},
		"query":       {RawQuery: "subid=s1&taskid=t1&smsContent=code+4711"},
		"json":        {ContentType: "application/json", Body: []byte(`{"subid":"s1","taskid":"t1","smsContent" : "code \"4711\" \\"}`)},
		"two":         {ContentType: "application/json", Body: []byte(`[{"subid":"s1","taskid":"t1","smsContent":"4711"},{"subid":"s1","taskid":"t2","smsContent":"4711"}]`)},
		"cut off":     {ContentType: "application/json", Body: []byte(`{"subid":"s1","smsContent":"code 4711`)},
		"multipart":   {ContentType: "multipart/form-data; boundary=b", Body: []byte("--b\r\nContent-Disposition: form-data; name=\"smsContent\"\r\n\r\n4711\r\n--b--")},
	} {
		before, _ := a.ParsePush(p)
		got := a.BlankPush(p)
		if strings.Contains(string(got.Body)+got.RawQuery, "4711") {
			t.Errorf("%s: %s %s", name, got.Body, got.RawQuery)
		}
		after, _ := a.ParsePush(got)
		if len(got.Body)+len(got.RawQuery) > 0 && len(after) != len(before) {
			t.Errorf("%s: %d reports were read, then %d", name, len(before), len(after))
		}
		for _, r := range after {
			if r.Kind != providers.ReportSMS {
				t.Errorf("%s: then it tells of %q", name, r.Kind)
			}
		}
	}
	plain := providers.Push{Body: []byte("subid=s1&taskid=t1&callTime=1630468800")}
	if got := a.BlankPush(plain); string(got.Body) != string(plain.Body) {
		t.Errorf("a call became %s", got.Body)
	}
}
