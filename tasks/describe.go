package tasks

import (
	"crypto/rand"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
)

// describe adds what a record needs to know of a job of its kind.
func (c checkedJob) describe(n *record.NewJob, group string) {
	under := func(numbers ...phone.Number) {
		for _, number := range numbers {
			n.Numbers = append(n.Numbers, number.Key(group))
		}
	}
	n.To, n.From, n.X = phone.Mask(c.to.Digits()), phone.Mask(c.from.Digits()), phone.Mask(c.x.Digits())
	switch c.Kind {
	case KindNotify:
		under(c.to)
	case KindConnect:
		under(c.from, c.to)
	case KindBind:
		under(c.x)
		n.From, n.To, n.TTL = phone.Mask(c.a.Digits()), phone.Mask(c.b.Digits()), c.TTL
		// The vendor knows a repeat by it: it has to be there before the first request.
		n.RequestID = rand.Text()
	case KindUnbind:
		if !c.x.IsZero() {
			under(c.x)
		}
	case KindPoll:
		n.Asks = c.VendorID
	case KindRecording, KindAccount, KindPush:
	}
}
