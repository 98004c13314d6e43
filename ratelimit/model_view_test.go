package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const group = "g"

func redisKey(kind, name string) string { return "callpacer:{" + group + "}:" + kind + name }

// view is everything that the scripts keep, as flat text. Numbers that are 0 and
// texts that are empty count as absent.
type view map[string]string

func (v view) set(key string, value any) {
	text := fmt.Sprint(value)
	if b, ok := value.(bool); ok {
		text = map[bool]string{true: "1", false: "0"}[b]
	}
	if text != "" && text != "0" {
		v[key] = text
	}
}

func (m *model) view() view {
	v := view{}
	v.set("clock", m.seen)
	m.lane.view(v)
	m.ledgerView(v)
	for id, at := range m.due {
		v.set("due "+id, at)
	}
	for key, n := range m.numbers {
		for a, at := range n.charges {
			v.set("number "+key+" c:"+a, at)
		}
		v.set("number "+key+" lock", n.lock)
		for id := range n.hopeful {
			v.set("number "+key+" w:"+id, "1")
		}
		for id := range n.locked {
			v.set("number "+key+" l:"+id, "1")
		}
		v.set("number "+key+" keep", n.keep)
		if n.fly != "" {
			v.set("number "+key+" fly", n.fly+" "+strconv.FormatInt(n.flyTill, 10))
		}
	}
	for id, mark := range m.markers {
		v.set("key "+id+" state", mark.state)
		v.set("key "+id+" digest", mark.digest)
		v.set("key "+id+" submit_token", mark.token)
	}
	for id, state := range m.pushes {
		v.set("push "+id, state)
	}
	for name, to := range m.calls {
		v.set("call "+name, to)
	}
	for id, j := range m.jobs {
		j.view(v, "job "+id+" ")
	}
	return v
}

func (j *mJob) view(v view, p string) {
	for field, value := range map[string]any{
		"state": j.state, "rank": j.rank(), "cause": j.cause, "since": j.since, "created_at": j.created,
		"expires_at": j.expires, "not_before": j.notBefore, "ended_at": j.ended, "token": j.token,
		"hold_reason": j.holdReason, "hold_until": j.holdUntil, "retry_at": j.retryAt, "retry_reason": j.retryReason,
		"give_up_at": j.giveUp, "send_before": j.sendBefore, "owned_until": j.ownedUntil, "doubt_ms": j.doubt,
		"runs": j.runs, "attempt": j.attempt, "settled": j.settled, "attempts": j.attempts, "failures": j.failures,
		"polls": j.polls, "seq": j.seq, "revision": j.revision, "checks": j.checks, "refunded": j.refunded,
		"adrift": j.adrift, "missing": j.missing, "cancel": j.cancel, "task": j.task,
		"vendor_id": j.vendorID, "vendor_task": j.vendorTask, "vendor_code": j.code, "vendor_text": j.text,
		"evidence": j.evidence, "x": j.x, "call_task": j.callTask, "repeatable": j.repeatable, "keeps": j.keeps, "doubted": j.doubted,
		"doubt_until": j.doubtUntil, "repeat_at": j.repeatAt, "repeats": j.repeats, "bounded": j.bounded, "ends_at": j.bindingTo,
		"timeline":     len(j.lines),
		"submit_token": j.submitToken, "digest": j.digest, "numbers": strings.Join(j.numbers, ","),
	} {
		v.set(p+field, value)
	}
	v.set(p+"line", j.line)
	v.set(p+"gen", j.gen)
	v.set(p+"conflict_since", j.conflict)
	v.set(p+"conflict_with", j.rivalJob)
	v.set(p+"extra_answered", j.extraAnswered)
	v.set(p+"slot_at", j.slotAt)
	v.set(p+"capped", j.capped)
	v.set(p+"resolved", j.word)
	v.set(p+"answered", j.answered)
	v.set(p+"stands", string(j.stands))
	v.set(p+"placed", j.placed)
	v.set(p+"last_call", j.lastCall)
	if s := j.seen; s != nil {
		v.set(p+"seen", s.attempt)
		v.set(p+"seen_state", s.state)
		v.set(p+"seen_cause", s.cause)
		v.set(p+"seen_vendor_id", s.vendorID)
		v.set(p+"seen_poll", s.poll)
		v.set(p+"seen_give_up", s.giveUp)
	}
	for n, state := range j.late {
		v.set(fmt.Sprintf("%slate:%d", p, n), state)
	}
	for i, line := range j.lines {
		v.set(fmt.Sprintf("%sat:%d", p, i+1), line)
	}
	for field, value := range j.facts { // here 0 says something: known to be none
		v[p+field] = value
	}
}

// fixed fields are written once, by create, and compared there.
var fixed = []string{
	"account", "vendor", "kind", "priority", "keyed", "content", "to", "parts", "tags", "event_url",
	"retain_ms", "key_retain_ms", "number_ttl", "ttl_ms", "parent", "request_id", "mode", "parties",
}

// stored is the view of what Redis holds of these jobs, and of all numbers.
func stored(ctx context.Context, rdb redis.UniversalClient, now int64, ids []string) (view, map[string]time.Duration, error) {
	pipe := rdb.Pipeline()
	clock := pipe.Get(ctx, redisKey("clock", ""))
	due := pipe.ZRangeWithScores(ctx, redisKey("due", ""), 0, -1)
	hashes, ttls := map[string]*redis.MapStringStringCmd{}, map[string]*redis.DurationCmd{}
	ask := func(kind, name string) {
		hashes[kind+" "+name] = pipe.HGetAll(ctx, redisKey(kind+":", name))
		ttls[kind+" "+name] = pipe.PTTL(ctx, redisKey(kind+":", name))
	}
	for _, id := range ids {
		ask("job", id)
		ask("key", id)
	}
	for _, n := range numberKeys {
		ask("number", n)
	}
	for _, id := range pushIDs {
		ask("push", id)
	}
	lane, ledger := askLane(ctx, pipe), askLedger(ctx, pipe)
	calls := map[string]*redis.StringCmd{}
	for _, name := range callNames {
		calls[name] = pipe.Get(ctx, redisKey("call:", name))
		ttls["call "+name] = pipe.PTTL(ctx, redisKey("call:", name))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, nil, fmt.Errorf("read everything: %w", err)
	}
	v, left := view{}, map[string]time.Duration{}
	v.set("clock", clock.Val())
	for _, z := range due.Val() {
		v.set("due "+z.Member.(string), int64(z.Score))
	}
	lane.view(v)
	if err := ledger.view(v, left, now); err != nil {
		return nil, nil, err
	}
	for name, to := range calls {
		v.set("call "+name, to.Val())
		left["call "+name] = ttls["call "+name].Val()
	}
	for name, h := range hashes {
		left[name] = ttls[name].Val()
		v.add(name, h.Val())
	}
	return v, left, nil
}

func (v view) add(name string, h map[string]string) {
	kind, _, _ := strings.Cut(name, " ")
	if kind == "push" {
		v.set(name, h["state"])
		return
	}
	for field, value := range h {
		switch {
		case slices.Contains(fixed, field):
		case strings.HasPrefix(field, "at:"):
			words := strings.SplitN(value, " ", 3)
			v.set(name+" "+field, strings.Join(words[:2], " "))
		case field == "duration_ms" || field == "billable":
			v[name+" "+field] = value
		default:
			v.set(name+" "+field, value)
		}
	}
}

// differences lists what is not the same in both, sorted.
func differences(want, got view) []string {
	var out []string
	for key := range want {
		if want[key] != got[key] {
			out = append(out, fmt.Sprintf("%s: want %q, got %q", key, want[key], got[key]))
		}
	}
	for key := range maps.Keys(got) {
		if _, ok := want[key]; !ok {
			out = append(out, fmt.Sprintf("%s: want nothing, got %q", key, got[key]))
		}
	}
	slices.Sort(out)
	return out
}
