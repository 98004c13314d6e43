package dispatch

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/ratelimit"
)

// phoneCompany is the vendor of the crash walk. It alone knows who was called,
// what was bound and what was released.
type phoneCompany struct {
	mu       sync.Mutex
	answers  []providers.Outcome // to the requests that arrive, in order; then it does what it is asked
	lost     int                 // so many answers to calls and bindings are lost after it did that
	unsure   int                 // so many answers to calls name the call, and do not say that it was placed
	wide     bool                // it has one push address for the whole account, and repeats no reference
	dials    bool                // it connects when the caller dials the middle number
	talks    time.Duration       // until a call has ended
	ends     map[string]time.Time
	results  []providers.Report // how the calls end, in order; then they are answered
	reports  map[string]providers.Report
	redial   *ratelimit.Redial // what the account wants
	called   []string          // refs of the calls placed
	placedAt []time.Time
	// push delivers reports to a push URL's token, "" for the whole account's.
	push     func(token string, reports ...providers.Report)
	hopeless bool                    // it will never answer a query
	probes   []providers.ProbeResult // before the account is fine
	probed   []time.Time
	register
}

func (c *phoneCompany) calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.called)
}

// refusal is the prepared answer to a request that arrives.
func (c *phoneCompany) refusal() (o providers.Outcome, ok bool) {
	if len(c.answers) == 0 {
		return o, false
	}
	o, c.answers = c.answers[0], c.answers[1:]
	return o, o.Placed != providers.PlacedYes
}

var answerLost = providers.ActingTransport(&providers.TransportError{Stage: providers.StageRead, Written: true, Reason: "reset"})

// says is the answer to what was done, on its way.
func (c *phoneCompany) says(o providers.Outcome, lost *int) providers.Outcome {
	if *lost > 0 {
		*lost--
		return answerLost
	}
	return o
}

// place is the moment at which a request for a call arrives.
func (c *phoneCompany) place(ref, pushURL string, dials bool) providers.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer, ok := c.refusal(); ok {
		return answer
	}
	c.called, c.placedAt = append(c.called, ref), append(c.placedAt, time.Now())
	id := fmt.Sprintf("call-%d", len(c.called))
	c.endsSo(id)
	c.endAt(id, time.Now().Add(c.talks))
	if c.wide {
		pushURL = ""
	}
	if c.push != nil && (c.wide || pushURL != "") {
		end := c.endOf(id)
		time.AfterFunc(c.talks, func() { c.push(pushURL, end) })
	}
	out := providers.Outcome{Class: providers.ClassOK, Placed: providers.PlacedYes, VendorID: id}
	if dials {
		out.AwaitDial, out.X = true, "17000000001"
	}
	if c.unsure > 0 {
		c.unsure--
		out.Class, out.Placed, out.VendorCode = providers.ClassUncertain, providers.PlacedMaybe, "500"
	}
	return c.says(out, &c.lost)
}

func (c *phoneCompany) endAt(id string, at time.Time) {
	if c.ends == nil {
		c.ends = map[string]time.Time{}
	}
	c.ends[id] = at
}

// endsSo takes the next of the results for a call.
func (c *phoneCompany) endsSo(id string) {
	if len(c.results) == 0 {
		return
	}
	if c.reports == nil {
		c.reports = map[string]providers.Report{}
	}
	c.reports[id], c.results = c.results[0], c.results[1:]
}

func (c *phoneCompany) endOf(id string) providers.Report {
	r, ok := c.reports[id]
	if !ok {
		return answered(id)
	}
	r.VendorID = id
	return r
}

func (c *phoneCompany) poll(id string) providers.PollResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hopeless {
		return providers.PollResult{Class: providers.ClassPermanent, VendorCode: "404", VendorText: "no such call"}
	}
	if at, ok := c.ends[id]; !ok || time.Now().Before(at) {
		return providers.PollResult{Class: providers.ClassPending}
	}
	r := c.endOf(id)
	r.Evidence = providers.EvidenceQuery
	return providers.PollResult{Class: providers.ClassOK, Report: r}
}

func (c *phoneCompany) probe() providers.ProbeResult {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probed = append(c.probed, time.Now())
	if len(c.probes) == 0 {
		return providers.ProbeResult{Class: providers.ClassOK, State: "active", Balance: "12.50", Currency: "CNY"}
	}
	r := c.probes[0]
	c.probes = c.probes[1:]
	return r
}

func answered(id string) providers.Report {
	d := 10 * time.Second
	return providers.Report{
		VendorID: id, State: providers.StateCompleted, Cause: providers.CauseAnswered,
		Evidence: providers.EvidenceDuration, Duration: &d,
	}
}
