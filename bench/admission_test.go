package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
)

const (
	group   = "g"
	account = "main"
	clients = 8
)

// rules are Jumdata's, with a rate that never stands in the way of a benchmark.
func rules() ratelimit.Rules {
	zone := time.FixedZone("CST", 8*60*60)
	return ratelimit.Rules{
		Window: &ratelimit.Window{Open: 0, Close: 24 * time.Hour, Location: zone, Weekdays: map[time.Weekday]bool{
			time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true,
			time.Friday: true, time.Saturday: true, time.Sunday: true,
		}},
		PerNumber: []ratelimit.PerNumber{
			{Limit: 3, Calendar: true, Location: zone},
			{Limit: 3, Width: 24 * time.Hour, Margin: 2 * time.Second},
		},
		OneAtATime: true, Lockout: 24 * time.Hour,
		Rate: ratelimit.Rate{PerSecond: 10000, Burst: 10000}, Day: zone,
	}
}

// scene is a real redis-server with jobs to be decided about.
type scene struct {
	b     *testing.B
	rdb   *redis.Client
	store *record.Store
	door  *ratelimit.Admission
	lane  *ratelimit.Lane
}

func newScene(b *testing.B, change func(*ratelimit.Rules)) *scene {
	b.Helper()
	server := redistest.StartServer(b, redistest.Options{})
	s := &scene{b: b, rdb: redis.NewClient(&redis.Options{Addr: server.Addr()})}
	b.Cleanup(func() { _ = s.rdb.Close() })
	s.store = record.New(s.rdb)
	r := rules()
	if change != nil {
		change(&r)
	}
	s.door = ratelimit.NewAdmission(s.store, r, time.Now)
	s.lane = ratelimit.NewLane(s.store, group, account, r, time.Now)
	return s
}

func (s *scene) must(err error) {
	s.b.Helper()
	if err != nil {
		s.b.Fatal(err)
	}
}

func jobID(i int) string  { return group + ".01JD3Q6Y8M0000" + fmt.Sprintf("%012d", i) }
func number(i int) string { return fmt.Sprintf("n%015d", i) }

// create puts n queued jobs on record, each to a number of its own.
func (s *scene) create(n int) {
	s.b.Helper()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := c; i < n; i += clients {
				_, err := s.store.Create(s.b.Context(), record.NewJob{
					ID: jobID(i), Account: account, Vendor: "jumdata", Kind: "notify", Priority: "normal", SubmitToken: "t",
					Content: `{"to":"13800000001","template":"JM0001","params":["张三","8点"]}`, Numbers: []string{number(i)},
					To: "138****0001", Retain: time.Hour, ExpiresIn: time.Hour,
				})
				if err == nil {
					_, err = s.store.MarkQueued(s.b.Context(), jobID(i), jobID(i))
				}
				if err != nil {
					s.b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func (s *scene) slots(n int) []ratelimit.Slot {
	s.b.Helper()
	var slots []ratelimit.Slot
	for len(slots) < n {
		lease, err := s.lane.Lease(s.b.Context(), ratelimit.PaceCalls, min(n-len(slots), 1000), time.Millisecond)
		s.must(err)
		slots = append(slots, lease.Slots...)
	}
	return slots
}

func request(i int, take bool, slot string) ratelimit.Request {
	return ratelimit.Request{
		JobID: jobID(i), Numbers: []string{number(i)}, Attempt: 1, Token: "token" + strconv.Itoa(i), Go: take, Slot: slot,
		Waited: true, Timeout: 10 * time.Second, Doubt: 30 * time.Minute, LineFor: 5 * time.Minute,
		Suppress: []string{number(i)},
	}
}

// decide has clients ask about n jobs and reports how many decisions one core of
// Redis makes in a second, by the time that Redis itself says its scripts took.
func (s *scene) decide(n int, take bool, slots []ratelimit.Slot, want ratelimit.Decision) {
	s.b.Helper()
	s.must(s.rdb.ConfigResetStat(s.b.Context()).Err())
	s.b.ResetTimer()
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := c; i < n; i += clients {
				slot := ""
				if take {
					slot = slots[i].ID
				}
				got, err := s.door.Admit(s.b.Context(), request(i, take, slot))
				if err != nil || got.Decision != want {
					s.b.Errorf("job %d: %+v, %v; want %s", i, got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
	s.b.StopTimer()
	calls, micros := s.scripts()
	s.b.ReportMetric(float64(calls)*1e6/micros, "decisions/s/core")
	s.b.ReportMetric(float64(calls)/float64(n), "roundtrips/decision")
}

// scripts is how many scripts Redis ran, and for how many microseconds.
func (s *scene) scripts() (calls int, micros float64) {
	s.b.Helper()
	info, err := s.rdb.Info(s.b.Context(), "commandstats").Result()
	s.must(err)
	for line := range strings.Lines(info) {
		var each float64
		var took int
		if n, _ := fmt.Sscanf(line, "cmdstat_evalsha:calls=%d,usec=%d,usec_per_call=%f", &calls, &took, &each); n == 3 {
			return calls, float64(took)
		}
	}
	s.b.Fatal("Redis ran no script")
	return 0, 0
}

// once runs the benchmark's body for b.N jobs at once, at most a second's slots.
func count(b *testing.B) int { return min(max(b.N, 1000), 9000) }

func BenchmarkAdmitReady(b *testing.B) {
	s := newScene(b, nil)
	n := count(b)
	s.create(n)
	s.decide(n, false, nil, ratelimit.Ready)
}

func BenchmarkAdmitGo(b *testing.B) {
	s := newScene(b, nil)
	n := count(b)
	s.create(n)
	s.must(s.warm())
	s.decide(n, true, s.late(n), ratelimit.Go)
}

func BenchmarkAdmitHold(b *testing.B) {
	s := newScene(b, func(r *ratelimit.Rules) { r.PerNumber = []ratelimit.PerNumber{{Limit: 3, Width: 24 * time.Hour}} })
	n := count(b)
	s.create(n)
	for i := range n {
		s.charge(i)
	}
	s.decide(n, false, nil, ratelimit.Hold)
}

func BenchmarkAdmitShut(b *testing.B) {
	s := newScene(b, nil)
	n := count(b)
	s.create(n)
	s.must(s.lane.Shut(b.Context(), ratelimit.GateOperator, 0, "for a while"))
	s.decide(n, false, nil, ratelimit.Shut)
}

// warm teaches Redis the script of go.
func (s *scene) warm() error {
	_, err := s.door.Admit(s.b.Context(), ratelimit.Request{JobID: group + ".none", Attempt: 1, Token: "t", Go: true})
	return err
}

// late are slots that stay good for the whole benchmark: their time is moved ahead.
func (s *scene) late(n int) []ratelimit.Slot {
	s.b.Helper()
	slots := s.slots(n)
	key := "callpacer:{" + group + "}:lane:" + account + ":slots"
	members := make([]redis.Z, len(slots))
	for i, slot := range slots {
		members[i] = redis.Z{Score: float64(time.Now().Add(time.Minute).UnixMicro()), Member: slot.ID}
	}
	s.must(s.rdb.ZAdd(s.b.Context(), key, members...).Err())
	return slots
}

// charge gives a number three charges of today, as three settled calls leave them.
func (s *scene) charge(i int) {
	s.b.Helper()
	now := time.Now().UnixMilli()
	fields := []any{"keep", "70"}
	for n := range 3 {
		fields = append(fields, fmt.Sprintf("c:%s.1@%d", jobID(1000000+3*i+n), now), now)
	}
	s.must(s.rdb.HSet(s.b.Context(), "callpacer:{"+group+"}:number:"+number(i), fields...).Err())
}

// BenchmarkBytesPerNumber measures what Redis keeps of a number that was called
// three times, through the whole path.
func BenchmarkBytesPerNumber(b *testing.B) {
	s := newScene(b, nil) // once, however often: it is a size and no time
	ctx := b.Context()
	s.create(3)
	s.must(s.warm())
	for i := range 3 {
		r := request(i, true, s.late(1)[0].ID)
		r.Numbers = []string{number(0)}
		got, err := s.door.Admit(ctx, r)
		s.must(err)
		if got.Decision != ratelimit.Go {
			b.Fatalf("call %d: %+v", i, got)
		}
		_, err = s.store.Settle(ctx, jobID(i), r.Numbers, record.Settlement{
			Attempt: 1, Token: r.Token, Result: record.ResultAccepted, Sent: true, VendorID: "v" + strconv.Itoa(i), GiveUpIn: time.Hour,
		})
		s.must(err)
	}
	key := "callpacer:{" + group + "}:number:" + number(0)
	bytes, err := s.rdb.MemoryUsage(ctx, key, 0).Result()
	s.must(err)
	b.ReportMetric(float64(bytes), "B/number")
	if charges := s.charges(ctx, key); charges != 3 {
		b.Fatalf("%d charges", charges)
	}
}

func (s *scene) charges(ctx context.Context, key string) int {
	s.b.Helper()
	fields, err := s.rdb.HKeys(ctx, key).Result()
	s.must(err)
	n := 0
	for _, f := range fields {
		if strings.HasPrefix(f, "c:") {
			n++
		}
	}
	return n
}
