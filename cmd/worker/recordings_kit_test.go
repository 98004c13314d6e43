package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/tasks"
)

const recordedCalls = 40 // of each vendor

// recorded is a fleet whose calls are recorded, and the folder of its recordings.
type recorded struct {
	*life
	folder string
	lines  *sandbox.Dingxin
	slow   atomic.Int32 // downloads that were begun slowly
}

func newRecorded(t *testing.T) *recorded {
	t.Helper()
	r := &recorded{life: newLife(realFleet(t), never, recordedCalls), folder: filepath.Join(t.TempDir(), "recordings")}
	r.sections += fmt.Sprintf("recordings: {url: %q}\n", "file://"+r.folder)
	r.lines = r.dingxin("dingxin", sandbox.DingxinOptions{Behave: answered}, lifeRules)
	r.lines.SetDownloadBase(r.accounts[len(r.accounts)-1].base)
	r.lines.SetRecordingFault(r.spoil(2000))
	r.add(r.lines, pairs("dingxin", recordedCalls, 0), sandbox.PushFaults{}, true, false)
	b := &bound{vendor: r.interline("interline", sandbox.InterlineOptions{
		Behave: func(string) sandbox.InterlineBehaviour { return sandbox.InterlineBinds },
	}, lifeRules, 30*time.Second)}
	b.vendor.SetRecordingFault(r.spoil(1500))
	for i := range recordedCalls / 2 { // each is called twice
		b.jobs = append(b.jobs, tasks.Job{
			Kind: tasks.KindBind, Account: "interline", TTL: time.Hour, Record: true, X: fmt.Sprintf("170%08d", i),
			A: numberOfA(i), B: fmt.Sprintf("139%08d", i), IdempotencyKey: fmt.Sprintf("bind-%d", i),
		})
	}
	r.polls(false)
	r.bindings = b
	return r
}

// spoil is what goes wrong with the first download of each recording; busy is the
// vendor's code for a passing trouble.
func (r *recorded) spoil(busy int) func(sandbox.RecordingRequest) sandbox.RecordingFault {
	faults := []sandbox.RecordingFault{
		sandbox.RecordingSlow(500 * time.Millisecond), sandbox.RecordingCut(), sandbox.RecordingHang(), sandbox.RecordingShort(),
		sandbox.RecordingSlow(500 * time.Millisecond), sandbox.RecordingTruncated(), sandbox.RecordingRefused(busy, "busy"),
		sandbox.RecordingStatus(502), sandbox.RecordingNotReady(), {},
	}
	return func(q sandbox.RecordingRequest) sandbox.RecordingFault {
		if q.Asked > 1 {
			return sandbox.RecordingFault{}
		}
		fault := faults[q.Seq%len(faults)]
		if fault == faults[0] {
			r.slow.Add(1)
		}
		return fault
	}
}

// fetched says that nothing is to be fetched any more. Those that failed and are to
// wait for a minute go at once: their score lies beyond what a lease can reach.
func (r *recorded) fetched() bool {
	r.t.Helper()
	now, err := r.store.Now(r.t.Context())
	if err != nil {
		return false // Redis starts
	}
	for _, group := range r.groups() {
		key := groupKey(group, "fetches")
		far := &redis.ZRangeBy{Min: strconv.FormatInt(now.Add(35*time.Second).UnixMilli(), 10), Max: "+inf"}
		for _, id := range r.rdb.ZRangeByScore(r.t.Context(), key, far).Val() {
			if r.record(id).File.Tries == 0 {
				continue // in somebody's hands
			}
			r.rdb.ZAddXX(r.t.Context(), key, redis.Z{Score: float64(now.UnixMilli()), Member: id})
		}
	}
	return r.waiting("fetches") == 0
}

// left counts the files of the folder whose names are such.
func (r *recorded) left(pattern string) (n int) {
	r.t.Helper()
	err := filepath.WalkDir(r.folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if fits, _ := filepath.Match(pattern, entry.Name()); fits { // of this file's patterns: no error
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}
