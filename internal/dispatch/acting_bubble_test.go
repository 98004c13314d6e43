package dispatch

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

// TestActingDownAndUp on asynq itself: with handlers that wait for slots and
// requests at a vendor that hangs, the servers of calls are taken down, and built
// anew, or the process is shut down; each job is called, and once.
func TestActingDownAndUp(t *testing.T) {
	for _, shutdown := range []bool{false, true} {
		redistest.Bubble(t, func(t *testing.T, r *redistest.Redis) {
			company := &phoneCompany{}
			start := func() (*process, *Servers) {
				p := newProcess(r.Client, newMemBroker(), company, newSteps(0, lives))
				p.client = tasks.NewClient(r.Client, tasks.WithAccounts(phoneAccount()))
				p.lane.Vendor = &farVendor{phoneLine: phoneLine{company, p.steps}, hangs: 9 * time.Second, arrived: map[string]time.Time{}}
				p.lane.under(ratelimit.Rules{Rate: ratelimit.Rate{PerSecond: 0.5, Burst: 1}}, time.Now)
				servers := NewServers(p.lane, r.Client, quiet())
				if err := servers.Start(); err != nil {
					t.Fatal(err)
				}
				return p, servers
			}
			p, servers := start()
			s := scene{p, t, t.Context(), r, nil, company}
			var ids []string
			for i := range 6 {
				ids = append(ids, s.enqueue(tasks.Job{Account: "phone", To: "1380000000" + strconv.Itoa(i), Template: "T1"}))
			}
			time.Sleep(5 * time.Second)
			begin, called := time.Now(), len(company.calls())
			var stops sync.WaitGroup
			stops.Go(func() {
				if err := servers.SetActing(false); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second)
			for _, id := range ids { // who waited gave his job back at once
				if state := s.get(id).State; state == record.Submitting && !p.lane.acting.draining() {
					t.Errorf("%s", state)
				}
			}
			stops.Wait()
			if shutdown { // it waits for what is being taken down, and then has little to do
				servers.Shutdown()
			}
			if took := time.Since(begin); took > 12*time.Second {
				t.Errorf("it took %s with requests of 9 s in flight", took)
			}
			if n := len(company.calls()); n != called || n == 0 || n == len(ids) {
				t.Errorf("%d calls before, %d at its end", called, n)
			}
			time.Sleep(time.Minute)
			if n := len(company.calls()); n != called {
				t.Errorf("%d more calls while it is down", n-called)
			}
			for _, on := range []bool{true, true} { // once more is nothing
				if err := servers.SetActing(on); err != nil {
					t.Error(err)
				}
			}
			if shutdown {
				time.Sleep(time.Minute)
				if n := len(company.calls()); n != called {
					t.Errorf("%d calls of a process that was shut down", n-called)
				}
				_, servers = start()
			}
			time.Sleep(time.Minute)
			seen := map[string]bool{}
			for _, ref := range company.calls() {
				seen[ref[:len(ref)-2]] = true
			}
			if len(company.calls()) != len(ids) || len(seen) != len(ids) {
				t.Errorf("%d calls for %d jobs", len(company.calls()), len(seen))
			}
			for _, id := range ids {
				if rec := s.get(id); rec.State != record.Submitted || rec.Attempts != 1 {
					t.Errorf("a job is %s after %d attempts: %v", rec.State, rec.Attempts, rec.Timeline)
				}
			}
			servers.Shutdown()
		})
	}
}
