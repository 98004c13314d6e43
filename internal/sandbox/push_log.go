package sandbox

import (
	"slices"
	"time"
)

// Push is one push of a vendor: what it told, and how that went. All copies and
// duplicates of it are one.
type Push struct {
	// Seq counts the vendor's pushes from 1 in the order in which they became due.
	Seq         int
	CallIDs     []string // the calls that it tells of: several in a batch
	URL         string   // carries a token
	ContentType string
	Body        []byte
	At          time.Time // when it became due

	Lost  bool // it never left the vendor
	Held  bool // it was held back behind later ones
	Again int  // how often it was to come again although it was acknowledged

	Tries   int       // requests made
	Acked   int       // of them acknowledged
	AckedAt time.Time // the first acknowledgement; zero: none
	Over    bool      // the vendor has nothing more to do with it
}

// PushLog returns every push that became due, in that order. Those that Close
// prevented are not among them.
func (v *vendor) PushLog() []Push {
	v.pushes.mu.Lock()
	defer v.pushes.mu.Unlock()
	log := make([]Push, len(v.pushes.log))
	for i, push := range v.pushes.log {
		log[i] = *push
		log[i].CallIDs = slices.Clone(push.CallIDs)
	}
	return log
}

// PushesOpen returns how many pushes the vendor still has to send, or to repeat:
// those of calls that have not ended are among them.
func (v *vendor) PushesOpen() int {
	v.pushes.mu.Lock()
	defer v.pushes.mu.Unlock()
	return v.pushes.open
}

// opened says that there will be a push, and closed that it is over.
func (p *pusher) opened() { p.opens(1) }
func (p *pusher) closed() { p.opens(-1) }

func (p *pusher) opens(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += more
}

// begin puts a push that has become due into the log and draws what becomes of it.
func (p *pusher) begin(m message) (push *Push, faults PushFaults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	push = &Push{
		Seq: len(p.log) + 1, CallIDs: m.callIDs, URL: m.url, ContentType: m.contentType, Body: m.body, At: p.now(),
	}
	push.Lost, push.Held, push.Again = p.faults.drawn(push.Seq)
	p.log = append(p.log, push)
	return push, p.faults
}

// tried notes a try of a push.
func (p *pusher) tried(push *Push, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Tries++
	push.Tries++
	if err != nil {
		p.counts.LastFailure = err.Error()
		return
	}
	if push.Acked++; push.Acked == 1 {
		push.AckedAt = p.now()
	}
}

func (p *pusher) end(push *Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	push.Over = true
}
