package recordjson

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
)

// What became of the call's audio, with what may be seen of it.
func TestRecordingFile(t *testing.T) {
	until := time.Date(2026, 12, 22, 18, 0, 0, 0, time.FixedZone("", 8*3600))
	for want, f := range map[string]record.File{
		`null`: {},
		`{"state":"due","until":"2026-12-22T10:00:00Z","why":"of 138****8007"}`: {
			Fetch: record.FetchDue, Until: until, Tries: 2, Why: "of 13800138007",
		},
		`{"state":"stored","url":"mem:///a.wav","sha256":"ab","size":44,"type":"audio/wav"}`: {
			Fetch: record.FetchStored, Until: until, URL: "mem:///a.wav", SHA256: "ab", Size: 44, Type: "audio/wav",
		},
		`{"state":"lost","why":"7 none"}`: {Fetch: record.FetchLost, Until: until, Why: "7 none"},
	} {
		r := &record.Record{ID: "g.a", Kind: "bind", Content: `{"x":"17000000007","a":"13800138007","b":"13900139007"}`, File: f}
		got, err := json.Marshal(Of(r, nil).File)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}
