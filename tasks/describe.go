package tasks

import (
	"crypto/rand"

	"github.com/callpacer/callpacer/internal/phone"
	"github.com/callpacer/callpacer/internal/record"
)

// record is the job as the account's records are to keep it, under the id. key is
// what the fingerprints of its content are keyed by.
func (c checkedJob) record(a Account, id, key string) (record.NewJob, error) {
	content, whole, parts, err := c.content(key)
	if err != nil {
		return record.NewJob{}, err
	}
	n := record.NewJob{
		ID: id, Account: a.Name, Vendor: a.Vendor, Kind: string(c.Kind), Priority: string(c.Priority),
		Keyed: c.IdempotencyKey != "", Content: content, Digest: whole, Parts: parts,
		Tags: c.Tags, EventURL: c.EventURL, Tells: a.Events, SubmitToken: rand.Text(),
		NotBefore: c.NotBefore, ExpiresAt: c.ExpiresAt, ExpiresIn: c.ExpiresIn,
		Retain: a.Retention, KeyRetain: a.KeyRetention,
	}
	c.describe(&n, a.Group)
	return n, nil
}

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
		if !c.x.IsZero() { // else a worker chooses it
			under(c.x)
		}
		n.Mode, n.Parties = c.Mode, []string{c.a.Key(group)}
		if !c.b.IsZero() {
			n.Parties = append(n.Parties, c.b.Key(group))
		}
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
