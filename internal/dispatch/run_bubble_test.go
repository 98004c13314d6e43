package dispatch

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// farVendor takes a while to be connected to, and notes when requests arrive.
type farVendor struct {
	phoneLine
	handshake time.Duration
	refuses   bool // no connection comes about
	hangs     time.Duration

	mu      sync.Mutex
	dials   int
	arrived map[string]time.Time // job and attempt
}

func (v *farVendor) Ready(ctx context.Context) (providers.Line, error) {
	v.mu.Lock()
	v.dials++
	v.mu.Unlock()
	if err := sleep(ctx, v.handshake); err != nil {
		return nil, err
	}
	if v.refuses {
		return nil, &providers.TransportError{Stage: providers.StageDial, Reason: "timeout"}
	}
	return readyLine{}, nil
}

func (v *farVendor) Notify(_ context.Context, _ providers.Line, p providers.Permit, n providers.Notification) providers.Outcome {
	out := v.ask(p, func() providers.Outcome {
		v.mu.Lock()
		v.arrived[n.Ref] = time.Now()
		v.mu.Unlock()
		return v.company.place(n.Ref, "", false)
	})
	time.Sleep(v.hangs)
	return out
}

// TestSlotsAreMetFarAway: with a slow handshake and a Redis that is far away,
// handlers run once per call, few slots are lost, and no request arrives before its
// slot or later than its permit allows.
func TestSlotsAreMetFarAway(t *testing.T) {
	rows := []struct{ there, back time.Duration }{
		{0, 0}, {20 * time.Millisecond, 0}, {0, 20 * time.Millisecond}, {40 * time.Millisecond, 40 * time.Millisecond},
		{70 * time.Millisecond, 0}, {75 * time.Millisecond, 75 * time.Millisecond},
	}
	if redistest.Raced {
		rows = rows[3:4]
	}
	for _, row := range rows {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			far := redistest.NewFaults(func(redistest.Op) redistest.Verdict {
				v := redistest.Delay(row.there)
				v.After = redistest.Delay(row.back).Before
				return v
			})
			company := &phoneCompany{}
			near := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
			p := newProcess(r.NewClient(t, far), newMemBroker(), company, newSteps(0, lives))
			v := &farVendor{phoneLine: phoneLine{company, p.steps}, handshake: 200 * time.Millisecond, arrived: map[string]time.Time{}}
			p.lane.Vendor = v
			p.lane.under(ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 20, Burst: 5}}, time.Now)
			const jobs = 300
			ids := make(chan string, jobs)
			for i := range jobs {
				receipt, err := near.client.Enqueue(t.Context(), tasks.Job{Account: "phone", To: "138" + strconv.Itoa(10000000+i), Template: "T1"})
				if err != nil {
					t.Fatal(err)
				}
				ids <- receipt.ID
			}
			close(ids)
			begin, runs := time.Now(), 0
			var handlers sync.WaitGroup
			for range 20 {
				handlers.Go(func() {
					for id := range ids {
						for state := record.State(""); state != record.Submitted; {
							var err error
							v.mu.Lock()
							runs++
							v.mu.Unlock()
							state, err = p.lane.Act(t.Context(), id, tasks.KindNotify)
							var later *Later
							if asLater(err, &later) {
								time.Sleep(time.Until(later.At))
							} else if err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			handlers.Wait()
			share := jobs / 20. / time.Since(begin).Seconds()
			first, last := time.Hour, -time.Hour
			for ref, at := range v.arrived {

				slot := r.Client.HGet(t.Context(), jobKey(ref[:len(ref)-2]), "slot_at").Val()
				ms, err := strconv.ParseInt(slot, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				off := at.Sub(time.UnixMilli(ms))
				first, last = min(first, off), max(last, off)
			}
			slots := r.Client.HGet(t.Context(), "callpacer:{"+walkGroup+"}:lane:phone", "slots").Val()
			t.Logf("Redis %s there, %s back: %d runs, %s slots leased for %d calls, %.3f of the rate; requests arrive %s to %s after their slots",
				row.there, row.back, runs, slots, jobs, share, first, last)
			leased, _ := strconv.Atoi(slots)
			if runs > jobs+jobs/20 || len(v.arrived) != jobs || share < 0.65 {
				t.Errorf("%d runs and %d calls for %d jobs, %.3f of the rate", runs, len(v.arrived), jobs, share)
			}
			// The first ones are called before anybody knows how long it takes.
			if leased > jobs+40+jobs/20 {
				t.Errorf("%d slots for %d calls", leased, jobs)
			}
			if first < -time.Millisecond || last > 100*time.Millisecond {
				t.Errorf("requests arrive %s to %s after their slots", first, last)
			}
		})
	}
}

// TestNoConnection: where no connection comes about, and that takes long, the job
// waits for its next attempt and the breaker hears of it; it does not dial once for
// each slot that it was too late for.
func TestNoConnection(t *testing.T) {
	redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
		company := &phoneCompany{}
		p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
		v := &farVendor{phoneLine: phoneLine{company, p.steps}, handshake: 5 * time.Second, refuses: true, arrived: map[string]time.Time{}}
		p.lane.Vendor = v
		p.lane.Breaker = record.Breaker{After: 1, Open: time.Minute, MaxOpen: time.Minute}
		s := scene{p, t, t.Context(), r, nil, company}
		id := s.enqueue(notifyJob(nil))
		begin := time.Now()
		state, err := p.lane.Act(t.Context(), id, tasks.KindNotify)
		var later *Later
		if state != record.Held || !asLater(err, &later) || time.Until(later.At) < 59*time.Second {
			t.Errorf("%s, %v", state, err)
		}
		if took := time.Since(begin); took > 7*time.Second || v.dials != 1 {
			t.Errorf("%d dials, after %s", v.dials, took)
		}
		standing, err := p.lane.Shared.Peek(t.Context())
		if err != nil || len(standing.Gates) != 1 || standing.Gates[0].Reason != "breaker" {
			t.Errorf("%+v, %v", standing, err)
		}
	})
}

// TestLeaves: a request leaves when its slot has surely come, or at the end of its
// permit, and never before the earliest moment at which the slot can be.
func TestLeaves(t *testing.T) {
	asked := time.Now()
	const ms = time.Millisecond
	for _, row := range []struct{ took, wait, left, want time.Duration }{
		{0, 0, 5000 * ms, 0},
		{20 * ms, 0, 5000 * ms, 20 * ms},
		{20 * ms, 300 * ms, 400 * ms, 320 * ms},
		{80 * ms, 300 * ms, 400 * ms, 375 * ms},
		{150 * ms, 300 * ms, 400 * ms, 375 * ms},
		{20 * ms, 300 * ms, 200 * ms, 300 * ms}, // the permit ends before the slot: nothing will leave
	} {
		d := departure{asked: asked, out: ratelimit.Answer{Wait: row.wait, Left: row.left}}
		if got := d.leaves(asked.Add(row.took)).Sub(asked); got != row.want {
			t.Errorf("%+v: it leaves after %s", row, got)
		}
	}
}
