package recordjson

import (
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/tasks"
)

func TestHidesNumbersOfEveryLength(t *testing.T) {
	content := func(kind tasks.Kind, json string) *record.Record {
		return &record.Record{ID: "g.a", Kind: string(kind), Content: json}
	}
	clean := cleaner(content(tasks.KindBind, `{"x":"95588","a":"+447911123456","b":"02088886607"}`), nil)
	for in, want := range map[string]string{
		"+447911123456 and 00447911123456 and 44 7911 123 456": "+44*******456 and +44*******456 and +44*******456",
		"020-8888-6607, ０２０８８８８６６０７ or +86 20 8888 6607":       "020****6607, 020****6607 or +86 020****6607",
		"8602088886607x2088886607":                             "86020****6607x020****6607",
		"95588, 955881 and 195588":                             "***88, 955881 and 195588",
		"９５５８８ code 1004":                                      "***88 code 1004",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	// A record whose content says nothing hides nothing, and breaks nothing.
	for _, broken := range []string{"", "{", `{"x":"[","a":"\\E"}`, `{"x":"+","a":"+"}`} {
		if got := cleaner(content(tasks.KindBind, broken), nil)("1[2"); got != "1[2" {
			t.Errorf("content %q made %q", broken, got)
		}
	}
}
