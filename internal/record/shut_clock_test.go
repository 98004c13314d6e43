package record_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
)

// TestShutIsToldByRedisTime: whoever asks may have a clock that is off.
func TestShutIsToldByRedisTime(t *testing.T) {
	r := redistest.Mini(t)
	w := newWorld(t, r)
	w.create(job())
	until := time.Now().Add(time.Hour)
	w.must(r.Client.HSet(w.ctx, key("lane:", "acct"), "g:halt", strconv.FormatInt(until.UnixMilli(), 10)+" told so").Err())
	for _, off := range []time.Duration{-30 * time.Minute, 2 * time.Hour} {
		r.Mini.SetTime(time.Now().Add(off))
		got, err := record.New(r.Client).Get(w.ctx, id)
		w.must(err)
		if shut := got.Shut != nil; shut != (off < time.Hour) {
			t.Errorf("with Redis's clock %v from here: %+v", off, got.Shut)
		}
	}
}
