package providertest

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// maxHostile is how long a push of 1 MiB may take. It takes well under a second;
// the rest is for a busy machine and the race detector.
const maxHostile = time.Minute

// maxHostileBytes is how much memory it may ask for in all, most of it garbage.
const maxHostileBytes = 512 * mebibyte

// mebibyte is the receiver's cap on a push.
const mebibyte = 1 << 20

// fill repeats text up to n bytes at most.
func fill(text string, n int) string { return strings.Repeat(text, max(n/len(text), 0)) }

// hostilePushes are as large as a push may be, and shaped to cost the most: each
// is read or refused soon, and what is read keeps the rules of any report.
func (s *suite) hostilePushes(t *testing.T, parser providers.PushParser) {
	pushes := hostileBodies()
	for name, p := range s.hostileRecords() {
		pushes[name] = p
	}
	for name, p := range pushes {
		if len(p.Body) > mebibyte || len(p.RawQuery) > mebibyte {
			t.Fatalf("%s: %d bytes test the cap and nothing else", name, len(p.Body)+len(p.RawQuery))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		reports, err := parser.ParsePush(p)
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; took > maxHostile || used > maxHostileBytes {
			t.Errorf("%s: took %v and %d MiB", name, took, used/mebibyte)
		}
		if err == nil && len(reports) == 0 {
			t.Errorf("%s: neither a report nor an error", name)
		}
		for i, r := range reports {
			if faults := reportFaults(r); len(faults) > 0 {
				t.Errorf("%s: report %d: %v", name, i, faults)
				break
			}
		}
	}
}

// hostileBodies name no call. The reading that all vendors share has more of them
// in its own tests.
func hostileBodies() map[string]providers.Push {
	const room = mebibyte - 64
	return map[string]providers.Push{
		"deep objects":         posted(jsonType, fill(`{"data":`, room)),
		"deep and closed":      posted(jsonType, strings.Repeat(`{"data":`, 9000)+"1"+strings.Repeat("}", 9000)),
		"many empty objects":   posted(jsonType, "["+fill("{},", room)+"{}]"),
		"many wrapped":         posted(jsonType, "["+fill(`{"data":[{}]},`, room)+"{}]"),
		"texts in texts":       posted(jsonType, nested(room)),
		"a long name":          posted(jsonType, `{"`+fill("x", room)+`":1}`),
		"a list in data":       posted(jsonType, `{"data":[`+fill("[],", room)+"0]}"),
		"many pairs":           posted(formType, fill("a=1&b=%41&", room)),
		"many escapes":         posted(formType, "data="+fill("%7B", room)),
		"many empty parts":     posted("multipart/form-data; boundary=b", fill("--b\r\n\r\n\r\n", room)+"--b--"),
		"bytes of no encoding": posted("", fill("\x81\xff", room)),
		"a long query":         {Method: http.MethodGet, RawQuery: "data=" + fill("%5B", room)},
	}
}

// nested is JSON in a text in a text, as deep as it fits.
func nested(room int) string {
	text := `{"data":"` + fill("[", room/2) + `"}`
	for {
		outer := string(writeJSON([]member{{"data", text}}))
		if len(outer) > room {
			return text
		}
		text = outer
	}
}

// hostileRecords name a call as the vendor does, a great many times or with
// fields of great size.
func (s *suite) hostileRecords() map[string]providers.Push {
	pushes := map[string]providers.Push{}
	for _, c := range s.vendor.Pushes {
		object, ok := readObject(c.Push.Body)
		if !ok || has(object, "array") {
			object, ok = fromForm(string(c.Push.Body) + c.Push.RawQuery)
		}
		flat := texts(object)
		if !ok || flat == nil {
			continue
		}
		js := string(writeJSON(object))
		pushes[c.Name+", again and again"] = posted(jsonType, "["+fill(js+",", mebibyte-len(js)-2)+js+"]")
		pushes[c.Name+", in a long list in data"] = posted(jsonType, `{"data":[`+fill(js+",", mebibyte-len(js)-16)+js+"]}")
		for i, m := range flat {
			huge := append([]member{}, flat...)
			text, _ := m.value.(string)
			huge[i].value = text + fill([]string{"0", "张"}[i%2], (mebibyte-len(js))/4)
			pushes[c.Name+", a great "+m.name] = posted(jsonType, string(writeJSON(huge)))
		}
		break // one kind of record is enough: the size costs, not the words
	}
	return pushes
}
