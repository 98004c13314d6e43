package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// groups are the accounts' groups, each the vendor's name.
func (l *life) groups() []string {
	names := map[string]bool{}
	for _, a := range l.accounts {
		names[a.vendor] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func groupKey(group, name string) string { return "callpacer:{" + group + "}:" + name }

// waiting counts the members of a sorted set over all groups.
func (l *life) waiting(name string) (n int) {
	l.t.Helper()
	for _, g := range l.groups() {
		n += int(l.rdb.ZCard(l.t.Context(), groupKey(g, name)).Val())
	}
	return n
}

// tasks names a queue that still has a task; empty: none has. What a killed worker
// had in its hands asynq finds a minute later: its job has gone on without it.
func (l *life) tasks() string {
	l.t.Helper()
	lists := []string{"pending", "active"}
	if l.killed {
		lists = lists[:1]
	}
	for _, state := range lists {
		for _, key := range l.keys("asynq:{*}:" + state) {
			if n := l.rdb.LLen(l.t.Context(), key).Val(); n > 0 {
				return fmt.Sprintf("%d in %s", n, key)
			}
		}
	}
	for _, state := range []string{"scheduled", "retry", "archived"} {
		for _, key := range l.keys("asynq:{*}:" + state) {
			if n := l.rdb.ZCard(l.t.Context(), key).Val(); n > 0 {
				return fmt.Sprintf("%d in %s", n, key)
			}
		}
	}
	return ""
}

func (l *life) keys(pattern string) []string {
	l.t.Helper()
	keys, err := l.rdb.Keys(l.t.Context(), pattern).Result()
	if err != nil {
		l.t.Fatalf("list keys: %v", err)
	}
	return keys
}

// records are all records: the jobs', and those of calls over bindings.
func (l *life) records() map[string]*record.Record {
	l.t.Helper()
	records := map[string]*record.Record{}
	for _, g := range l.groups() {
		prefix := groupKey(g, "job:")
		for _, key := range l.keys(strings.ReplaceAll(prefix, "{", `\{`) + "*") {
			id := strings.TrimPrefix(key, prefix)
			records[id] = l.record(id)
		}
	}
	return records
}

// judgeLeft: nothing is due but the ends of bindings that stand, what has ended goes
// by itself some day, and every push that a vendor has an acknowledgement of was
// processed.
func (l *life) judgeLeft(t *testing.T) {
	t.Helper()
	records, due := l.records(), map[string]bool{}
	for _, g := range l.groups() {
		for _, z := range l.rdb.ZRangeWithScores(t.Context(), groupKey(g, "due"), 0, -1).Val() {
			id, _ := z.Member.(string)
			if _, probe := record.ProbedAccount(id); probe {
				continue
			}
			due[id] = true
			if wrong := wrongDue(records[id], z); wrong != "" {
				t.Errorf("%s is due: %s", id, wrong)
			}
		}
	}
	for id, r := range records {
		group, _ := record.GroupOf(id)
		stays := l.rdb.PTTL(t.Context(), groupKey(group, "job:"+id)).Val()
		if r.State == record.Active && !due[id] || r.State.Final() && stays <= 0 {
			t.Errorf("%s is %s: due %v, stays for %s", id, r.State, due[id], stays)
		}
	}
	if wrong := l.unprocessed(); wrong != "" {
		t.Error(wrong)
	}
}

// unprocessed names a push that a vendor has an acknowledgement of and that was not
// processed, or one that is stored though it never left the vendor; empty: none is.
func (l *life) unprocessed() string {
	l.t.Helper()
	ends := l.stored()
	for name, v := range l.tellers() {
		for _, push := range v.PushLog() {
			end := ends[l.pushID(name, push)]
			if push.Acked > 0 && end != "done" {
				return fmt.Sprintf("push %d of %s was acknowledged %d times and is %q", push.Seq, name, push.Acked, end)
			}
			if push.Lost && end != "" {
				return fmt.Sprintf("push %d of %s is stored, though it was lost", push.Seq, name)
			}
		}
	}
	return ""
}

func wrongDue(r *record.Record, z redis.Z) string {
	at := time.UnixMilli(int64(z.Score))
	switch {
	case r == nil:
		return "there is no record of it"
	case r.State != record.Active:
		return "it is " + string(r.State)
	case time.Until(at) < time.Minute:
		return "at " + at.Format(time.TimeOnly)
	}
	return ""
}

// pushID is the id under which a push is kept: it is told by everything that came with
// it, of which nothing is left when it was read.
func (l *life) pushID(account string, p sandbox.Push) string {
	l.t.Helper()
	group := ""
	for _, a := range l.accounts {
		if a.name == account {
			group = a.vendor
		}
	}
	told := strings.Join([]string{account, path.Base(p.URL), http.MethodPost, ""}, "\x00") + "\x00" + string(p.Body)
	sum := sha256.Sum256([]byte(told))
	return record.PushID(group, hex.EncodeToString(sum[:16]))
}

// stored are the states of all pushes that are kept, by id.
func (l *life) stored() map[string]string {
	l.t.Helper()
	ends := map[string]string{}
	for _, g := range l.groups() {
		err := l.store.EachPush(l.t.Context(), g, func(p record.StoredPush) error {
			ends[p.ID] = p.State
			return nil
		})
		if err != nil {
			l.t.Fatal(err)
		}
	}
	return ends
}
