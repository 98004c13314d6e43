package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// DefaultLimit is how many calls a number takes per day ("同一个手机号一天只能发送3次").
const DefaultLimit = 3

// Window is the part of the day in which calls are placed, in minutes after
// midnight in the options' Location, half-open: Open is in, Close is out. A
// window whose Close is not after its Open crosses midnight.
type Window struct {
	Open, Close int
}

// JumdataOptions configure a simulated Jumdata. The zero value of a field means
// its default; AppID and AppSecret have none.
type JumdataOptions struct {
	AppID, AppSecret string

	// Now is the vendor's clock: timestamps, the limit, the lock and the end of
	// calls go by it. Default time.Now. It should move at the pace of real time
	// (inside synctest: the bubble's), because pushes are sent by timers.
	Now func() time.Time
	// Limit is the number of placed calls per number in a rolling Day. Default
	// DefaultLimit; NoLimit for none; 0 is refused as a mistake.
	Limit *int
	// Day is the span of the limit and of the lock. Default 24 h.
	Day time.Duration
	// Window is when calls are placed. Default: always.
	Window *Window
	// Location is the zone of Window. Default Asia/Shanghai (UTC+8, no summer time).
	Location *time.Location

	// RingFor is how long a callee's phone rings, TalkFor how long an answered
	// call lasts after that. Default 300 ms each.
	RingFor, TalkFor time.Duration
	// Behave says what becomes of calls to a number. Default BehaviourOf. It is
	// called from many goroutines at once, with whatever came as mobile.
	Behave func(mobile string) Behaviour

	// TimestampTolerance is how far a request's timestamp may be off. Default 5 min.
	TimestampTolerance time.Duration
	// ResultDelay is how long after its end a call's result still answers 701.
	ResultDelay time.Duration
	// QueryLimit is the number of result queries answered per second; more
	// answer 609. 0 is off.
	QueryLimit int

	// Limiter is how many acting requests are taken per second. More answer
	// 609. Default: any number.
	Limiter Limiter
	// Latency is how long answers to acting requests are held back.
	Latency time.Duration
	// TooOftenIs999 has the limiter answer 999 with the message of 609.
	TooOftenIs999 bool

	// PushClient sends pushes. Default: an own client with timeouts that connects
	// to loopback addresses only, uses no proxy and follows no redirect.
	PushClient *http.Client
	// PushMode is the encoding of pushes. Default PushForm.
	PushMode PushMode
	// PushCopies is how often each push is sent, all at once. Default 1.
	PushCopies int
	// PushDelay is the time between a call's end and its push.
	PushDelay time.Duration
	// PushRetryBase is the wait before the first repetition of a push that was
	// not acknowledged; the second waits twice, the third four times as long.
	// Default 1 s.
	PushRetryBase time.Duration
	// WildFailures gives pushes of failed calls the shape seen in the field
	// instead of the documented one: status as a string, a callDesc, neither
	// notifyData nor callTime.
	WildFailures bool
}

// withDefaults fills what is unset, and panics on what can only be a mistake of
// the program that sets it.
func (o JumdataOptions) withDefaults() JumdataOptions {
	if o.AppID == "" || o.AppSecret == "" {
		panic("sandbox: JumdataOptions needs AppID and AppSecret")
	}
	if o.Limit == nil {
		limit := DefaultLimit
		o.Limit = &limit
	}
	if *o.Limit == 0 || *o.Limit < NoLimit {
		panic(fmt.Sprintf("sandbox: JumdataOptions.Limit is %d: give a positive number, or NoLimit", *o.Limit))
	}
	if w := o.Window; w != nil && (w.Open == w.Close || min(w.Open, w.Close) < 0 || max(w.Open, w.Close) > 24*60) {
		panic(fmt.Sprintf("sandbox: JumdataOptions.Window %+v is not a part of a day in minutes", *w))
	}
	o.PushMode = o.PushMode.orForm("JumdataOptions")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = shanghai()
	}
	if o.Behave == nil {
		o.Behave = BehaviourOf
	}
	if o.PushClient == nil {
		o.PushClient = loopbackClient()
	}
	o.PushCopies = max(o.PushCopies, 1)
	setDefault(&o.Day, 24*time.Hour)
	setDefault(&o.RingFor, 300*time.Millisecond)
	setDefault(&o.TalkFor, 300*time.Millisecond)
	setDefault(&o.TimestampTolerance, 5*time.Minute)
	setDefault(&o.PushRetryBase, time.Second)
	return o
}

// contains says whether calls are placed at t.
func (w *Window) contains(t time.Time) bool {
	minute := t.Hour()*60 + t.Minute()
	if w.Open < w.Close {
		return w.Open <= minute && minute < w.Close
	}
	return minute >= w.Open || minute < w.Close
}
