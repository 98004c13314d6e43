package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/redistest"
)

// pipes sees every pipeline before it is sent.
type pipes func(cmds []redis.Cmder) error

func (pipes) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (pipes) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (p pipes) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := p(cmds); err != nil {
			return err
		}
		return next(ctx, cmds)
	}
}

// TestExportReadsInChunks: however many records there are, no more than a chunk
// of them is asked for at once, each comes once, in the order of ids.
func TestExportReadsInChunks(t *testing.T) {
	each(t, func(t *testing.T, r *redistest.Redis) {
		const n = 2*exportChunk + 3
		var want []string
		for i := range n {
			id := fmt.Sprintf("jumdata.%04d", i)
			born(t, r, id, "2026-11-22T04:00:00Z")
			want = append(want, id)
		}
		asked := 0
		o := appOn(t, r, pipes(func(cmds []redis.Cmder) error {
			if len(cmds) > exportChunk {
				t.Errorf("%d records at once", len(cmds))
			}
			if name := cmds[0].Name(); name == "hmget" || name == "hgetall" { // none of the connection's own
				asked++
			}
			return nil
		})).run(t.Context(), "export", "--redis", r.URL(), "--day", "2026-11-22")
		o.want(0, "id,", fmt.Sprintf("%d rows", n))
		if ids, _ := o.sheet(o.stdout); !slices.Equal(ids, want) {
			t.Errorf("%d ids, want %d in order", len(ids), n)
		}
		if asked != 6 {
			t.Errorf("%d round trips, want two for each of 3 chunks", asked)
		}
	})
}

// TestExportOfRecordsThatDisappear: one that is gone before its day is known, and
// one after, are left out and counted.
func TestExportOfRecordsThatDisappear(t *testing.T) {
	r := mini(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		born(t, r, "jumdata."+id, "2026-11-22T04:00:00Z")
	}
	doomed := map[string]string{"hmget": "jumdata.b", "hgetall": "jumdata.c"}
	o := appOn(t, r, pipes(func(cmds []redis.Cmder) error {
		id := doomed[cmds[0].Name()]
		return r.Client.Del(context.Background(), jobKey(id)).Err()
	})).run(t.Context(), "export", "--redis", r.URL(), "--day", "2026-11-22")
	o.want(0, "id,", "2 rows of 2026-11-22 (Asia/Shanghai); 2 records left Redis")
	if ids, _ := o.sheet(o.stdout); !slices.Equal(ids, []string{"jumdata.a", "jumdata.d"}) {
		t.Errorf("ids %v", ids)
	}
}

// TestExportHidesTheNumbersOfABindingInItsCalls, which know none themselves.
func TestExportHidesTheNumbersOfABindingInItsCalls(t *testing.T) {
	r := mini(t)
	binding := notify(t, r)
	set(t, r, binding, "created_at", 1795100000000) // of another day
	born(t, r, binding+"/c1", "2026-11-22T04:00:00Z", "kind", "call", "parent", binding, "vendor_task", "to "+number, "dtmf", number+"#")
	o := on(t, r, "export", "--day", "2026-11-22").want(0, "to "+masked, "1 row") // which looks for the number, too
	if _, rows := o.sheet(o.stdout); rows[binding+"/c1"]["dtmf"] != masked+"#" {
		t.Errorf("rows %v", rows)
	}
}

func TestExportIntoAFile(t *testing.T) {
	r := mini(t)
	born(t, r, "jumdata.a", "2026-11-22T04:00:00Z")
	name := filepath.Join(t.TempDir(), "calls.csv")
	for range 2 { // the second replaces the first
		o := on(t, r, "export", "--day", "2026-11-22", "--out", name).want(0, "", "1 row")
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if ids, _ := o.sheet(string(content)); !slices.Equal(ids, []string{"jumdata.a"}) {
			t.Errorf("ids %v", ids)
		}
	}
	if i, err := os.Stat(name); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
	on(t, r, "export", "--day", "2026-11-22", "--json", "--out", filepath.Join(name, "x")).wantFileError("calls.csv")
	on(t, r, "export", "--day", "2026-11-22", "--out", filepath.Dir(name)).wantFileError("directory")
	on(t, r, "export", "--day", "2026-11-22", "--out", "-").want(0, "jumdata.a", "1 row")
	// What is no plain file is written to and stays: a link here, for a test that
	// fails must not replace a device.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	on(t, r, "export", "--day", "2026-11-22", "--json", "--out", link).want(0, "", "1 row")
	if i, err := os.Lstat(link); err != nil || i.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", i, err)
	}
	if content, err := os.ReadFile(name); err != nil || !strings.HasPrefix(string(content), `{"id":"jumdata.a"`) {
		t.Errorf("%q, %v", content, err)
	}
}

// TestExportThatFailsLeavesNoHalfFile: what stood there before stays, and
// standard output has whole rows only.
func TestExportThatFailsLeavesNoHalfFile(t *testing.T) {
	r := mini(t)
	for i := range exportChunk + 1 {
		born(t, r, fmt.Sprintf("jumdata.%04d", i), "2026-11-22T04:00:00Z")
	}
	name := file(t, "calls.csv", "before")
	for _, out := range []string{name, "-"} {
		asked := 0
		o := appOn(t, r, pipes(func(cmds []redis.Cmder) error {
			if cmds[0].Name() == "hmget" {
				asked++
			}
			if asked == 2 { // of the second chunk
				return errors.New("cut")
			}
			return nil
		})).run(t.Context(), "export", "--redis", r.URL(), "--day", "2026-11-22", "--out", out)
		if out == "-" {
			o.want(1, "jumdata.0249", "cut; what was written is not the whole day")
			if ids, _ := o.sheet(o.stdout); len(ids) != exportChunk {
				t.Errorf("%d rows", len(ids))
			}
		} else {
			o.wantFileError("cut")
		}
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "before" {
		t.Errorf("%q, %v", content, err)
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// full is a disk that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestExportOntoAFullDisk(t *testing.T) {
	r := mini(t)
	born(t, r, "jumdata.a", "2026-11-22T04:00:00Z")
	for _, format := range []string{csvName, ndjsonName} {
		var errs strings.Builder
		a := newApp(strings.NewReader(""), full{}, &errs)
		code := a.run(t.Context(), []string{"export", "--redis", r.URL(), "--day", "2026-11-22", "--format", format})
		if code != 1 || errs.String() != "enqueue: write to standard output: no space\n" {
			t.Errorf("exit status %d: %s", code, errs.String())
		}
	}
}
