package vendorwire

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// X11: a push of 1 MiB, whatever is in it, is read or refused soon. The bound is
// for a busy machine under the race detector; each takes well under a second.
func TestX11HostilePushes(t *testing.T) {
	const room, soon = maxPush - 64, time.Minute
	fill := func(text string, n int) string { return strings.Repeat(text, n/len(text)) }
	bodies := map[string]string{
		"deep arrays":        fill("[", room),
		"deep objects":       fill(`{"data":`, room),
		"deep and closed":    strings.Repeat(`{"data":`, 9000) + "1" + strings.Repeat("}", 9000),
		"deep lists, closed": strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"many nulls":         "[" + fill("null,", room) + "0]",
		"many numbers":       "[" + fill("1,", room) + "1]",
		"many texts":         "[" + fill(`"{\"data\":[{}]}",`, room) + "{}]",
		"many texts in data": `{"data":[` + fill(`"[]",`, room) + "0]}",
		"a long value":       `{"data":"` + fill("x", room) + `"}`,
		"a long number":      `{"data":` + fill("9", room) + `}`,
		"many fields":        fill("a&", room),
		"many bad escapes":   fill("%zz&", room),
		"many semicolons":    "x=" + fill(";", room/3),
		"many boundaries":    fill("--b\r\n", room),
		"parts with headers": "--b\r\n" + fill("A: b\r\n", room),
		"a part of all":      "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n" + fill("{", room-80) + "\r\n--b--\r\n",
		"half a character":   `{"data":"` + fill("\xb0\xdc", room) + "\xb0\"}",
		"spaces":             fill(" ", room),
		"byte order marks":   fill("\xef\xbb\xbf", room),
	}
	for name, body := range bodies {
		begin := time.Now()
		reports, err := Reports(post(body), readA)
		if err == nil || len(reports) != 0 {
			t.Errorf("%s: %d reports, %v", name, len(reports), err)
		}
		if took := time.Since(begin); took > soon {
			t.Errorf("%s: took %v", name, took)
		}
	}
	long := providers.Push{Method: "POST", ContentType: "multipart/form-data; boundary=" + fill("b", room), Body: []byte("--b")}
	if reports, err := Reports(long, readA); err == nil || len(reports) != 0 {
		t.Errorf("a long type: %d reports, %v", len(reports), err)
	}
}

// A hundred thousand records are read, each once and in order.
func TestX3ManyElements(t *testing.T) {
	const n = 100_000
	for _, shape := range []string{"[%]", `{"array":[%]}`, `{"data":[%]}`} {
		body := strings.Replace(shape, "%", strings.Repeat(`{"a":1},`, n-1)+`{"a":2}`, 1)
		reports, err := Reports(post(body), readA)
		if err != nil || len(reports) != n || reports[0].VendorID != "1" || reports[n-1].VendorID != "2" {
			t.Errorf("%s: %d reports, %v", shape, len(reports), err)
		}
	}
}
