package dispatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// phoneCompany is the vendor of the crash walk. It alone knows who was called.
type phoneCompany struct {
	mu      sync.Mutex
	answers []providers.Outcome // to the requests that arrive, in order; then accepted
	lost    bool                // the first answer is lost after the call was placed
	ends    map[string]time.Time
	called  []string             // refs of the calls placed
	push    func(ref, id string) // delivers a push, called when a call ends
	talks   time.Duration
}

func (c *phoneCompany) calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.called...)
}

// place is the moment at which a request arrives.
func (c *phoneCompany) place(n providers.Notification) providers.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.answers) > 0 {
		answer := c.answers[0]
		c.answers = c.answers[1:]
		if answer.Placed == providers.PlacedNo {
			return answer
		}
	}
	c.called = append(c.called, n.Ref)
	id := fmt.Sprintf("call-%d", len(c.called))
	if c.ends == nil {
		c.ends = map[string]time.Time{}
	}
	c.ends[id] = time.Now().Add(c.talks)
	if c.push != nil && n.PushURL != "" {
		time.AfterFunc(c.talks, func() { c.push(n.PushURL, id) })
	}
	if c.lost {
		c.lost = false
		return providers.ActingTransport(&providers.TransportError{Stage: providers.StageRead, Written: true, Reason: "reset"})
	}
	return providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: id}
}

func (c *phoneCompany) end(id string) (ended, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.ends[id]
	return ok && !time.Now().Before(at), ok
}

// phoneLine is one process's connection to the company; each use is a step.
type phoneLine struct {
	company *phoneCompany
	steps   *steps
}

type readyLine struct{ providers.Line }

func (readyLine) Stale(time.Time) bool { return false }
func (readyLine) Close() error         { return nil }

func (l phoneLine) Ready(context.Context) (providers.Line, error) {
	return readyLine{}, l.steps.do(func() {})
}

// Notify keeps what the transport promises: nothing leaves after the permit.
func (l phoneLine) Notify(_ context.Context, _ providers.Line, p providers.Permit, n providers.Notification) providers.Outcome {
	unsent := providers.ActingTransport(&providers.TransportError{Stage: providers.StageRefused, Reason: "permit_over"})
	out := unsent
	err := l.steps.do(func() {
		if time.Now().Before(p.Until) {
			out = l.company.place(n)
		}
	})
	if err != nil && out == unsent {
		return unsent
	}
	return out
}

func (l phoneLine) Poll(_ context.Context, q providers.Query) providers.PollResult {
	out := providers.PollResult{Class: providers.ClassPending}
	_ = l.steps.do(func() {
		if ended, known := l.company.end(q.VendorID); known && ended {
			out = providers.PollResult{Class: providers.ClassOK, Report: answered(q.VendorID)}
			out.Report.Evidence = providers.EvidenceQuery
		}
	})
	return out
}

// ParsePush reads the walk's own pushes: the body is the call's id.
func (phoneLine) ParsePush(p providers.Push) ([]providers.Report, error) {
	return []providers.Report{answered(string(p.Body))}, nil
}

func (phoneLine) Ack() providers.Ack { return providers.Ack{Status: 200, Body: "success"} }

func answered(id string) providers.Report {
	d := 10 * time.Second
	return providers.Report{
		VendorID: id, State: providers.StateCompleted, Cause: providers.CauseAnswered,
		Evidence: providers.EvidenceDuration, Duration: &d,
	}
}
