package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// phoneLine is one process's connection to the company; each use is a step.
type phoneLine struct {
	company *phoneCompany
	steps   *steps
}

var (
	_ providers.Notifier      = phoneLine{}
	_ providers.Connector     = phoneLine{}
	_ providers.Binder        = phoneLine{}
	_ providers.Poller        = phoneLine{}
	_ providers.AccountProber = phoneLine{}
	_ providers.PushParser    = phoneLine{}
)

type readyLine struct{ providers.Line }

func (readyLine) Stale(time.Time) bool { return false }
func (readyLine) Close() error         { return nil }

func (l phoneLine) Ready(context.Context) (providers.Line, error) {
	return readyLine{}, l.steps.do(func() {})
}

// ask keeps what the transport promises: nothing leaves after the permit.
func (l phoneLine) ask(p providers.Permit, arrive func() providers.Outcome) providers.Outcome {
	out := providers.ActingTransport(&providers.TransportError{Stage: providers.StageRefused, Reason: "permit_over"})
	_ = l.steps.do(func() {
		if time.Now().Before(p.Until) {
			out = arrive()
		}
	})
	return out
}

func (l phoneLine) Notify(_ context.Context, _ providers.Line, p providers.Permit, n providers.Notification) providers.Outcome {
	return l.ask(p, func() providers.Outcome { return l.company.place(n.Ref, n.PushURL, false) })
}

func (l phoneLine) Connect(_ context.Context, _ providers.Line, p providers.Permit, c providers.Connection) providers.Outcome {
	return l.ask(p, func() providers.Outcome { return l.company.place(c.Ref, c.PushURL, l.company.dials) })
}

func (l phoneLine) Bind(_ context.Context, _ providers.Line, p providers.Permit, b providers.Binding) providers.Outcome {
	return l.ask(p, func() providers.Outcome { return l.company.bind(b) })
}

func (l phoneLine) Unbind(_ context.Context, _ providers.Line, p providers.Permit, u providers.Unbinding) providers.Outcome {
	return l.ask(p, func() providers.Outcome { return l.company.unbind(u) })
}

func (l phoneLine) Poll(_ context.Context, q providers.Query) providers.PollResult {
	out := providers.PollResult{Class: providers.ClassPending}
	_ = l.steps.do(func() { out = l.company.poll(q.VendorID) })
	return out
}

func (l phoneLine) Probe(context.Context) providers.ProbeResult {
	out := providers.ProbeResult{Class: providers.ClassUncertain}
	_ = l.steps.do(func() { out = l.company.probe() })
	return out
}

// pushed is the body of a push: the company's reports as JSON.
func pushed(reports ...providers.Report) string {
	b, err := json.Marshal(reports)
	if err != nil {
		panic(err) // reports hold nothing that JSON has no form for
	}
	return string(b)
}

// ParsePush reads the walk's own pushes. A body that ends in "?" has an element
// that cannot be read beside the others.
func (phoneLine) ParsePush(p providers.Push) ([]providers.Report, error) {
	body, torn := p.Body, error(nil)
	if n := len(body); n > 0 && body[n-1] == '?' {
		body, torn = body[:n-1], errors.New("element 1 cannot be read")
	}
	var reports []providers.Report
	if json.Unmarshal(body, &reports) != nil {
		return nil, errors.New("no report")
	}
	return reports, torn
}

func (phoneLine) Ack() providers.Ack { return providers.Ack{Status: 200, Body: "success"} }
