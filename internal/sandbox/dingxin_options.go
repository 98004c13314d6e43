package sandbox

import (
	"net/http"
	"time"
)

// DingxinSign is a reading of the document's sentence on what is signed
// ("值为空字符串或null不参与签名参数和key需要小写").
type DingxinSign string

// The readings. All leave empty values out and sort by key.
const (
	DingxinV1 DingxinSign = "V1" // keys lower-cased, values as they are
	DingxinV2 DingxinSign = "V2" // the whole string lower-cased
	DingxinV3 DingxinSign = "V3" // keys as sent, values as they are
	DingxinV4 DingxinSign = "V4" // keys lower-cased, values URL-encoded
)

// DingxinTimes is how a CDR writes its times ("时间戳字符串").
type DingxinTimes string

// The ways to write a CDR's times.
const (
	DingxinMillis  DingxinTimes = "millis"
	DingxinSeconds DingxinTimes = "seconds"
	DingxinText    DingxinTimes = "text" // 2006-01-02 15:04:05 in Location
)

// DingxinShape is where a call's answer has its ids: the document's table calls
// data a string and lists the ids beside it, its sample nests them in an object.
type DingxinShape string

// The shapes of a call's answer.
const (
	DingxinNested   DingxinShape = "nested"
	DingxinString   DingxinShape = "string" // the object as JSON inside a string
	DingxinSiblings DingxinShape = "siblings"
)

// DingxinOptions configure a simulated Dingxin. The zero value of a field means
// its default; AppKey and AppSecret have none.
type DingxinOptions struct {
	AppKey, AppSecret string

	// Now is the vendor's clock. Default time.Now. It should move at the pace of
	// real time (inside synctest: the bubble's), because pushes are sent by timers.
	Now func() time.Time
	// Location is the zone of DingxinText times. Default Asia/Shanghai.
	Location *time.Location

	// Sign is the reading of the signature that is taken, no other. Default V1.
	Sign DingxinSign
	// UpperDigest wants the digest in upper-case hex instead of lower.
	UpperDigest bool
	// Seconds wants timestamps in seconds instead of milliseconds.
	Seconds bool
	// TimestampTolerance is how far a timestamp may be off. Default 5 min.
	TimestampTolerance time.Duration
	// JSON wants the call's parameters as a JSON object instead of a form.
	JSON bool
	// ReturnURLKey is the parameter of the push address, return_url (the
	// default) or retrun_url; the other is refused as unknown.
	ReturnURLKey string
	// Shape is where a call's answer has its ids. Default DingxinNested.
	Shape DingxinShape

	// Limiter is how many acting requests are taken per second. More answer
	// HTTP 429: the document has no code for it. Default: any number.
	Limiter Limiter
	// Latency is how long answers to acting requests are held back.
	Latency time.Duration

	// RingFor is how long the phones ring, TalkFor how long an answered call lasts
	// after that. Default 300 ms each.
	RingFor, TalkFor time.Duration
	// Behave says what becomes of calls to telB. Default DingxinBehaviourOf. It
	// is called from many goroutines at once, with whatever came as telB.
	Behave func(telB string) Behaviour
	// Credit is how many calls the account can pay for; then 9001. Default NoLimit.
	Credit *int
	// BoundFor is how long a pair stays bound after a call was accepted: another
	// call for it meanwhile is refused with 7002. Default: not at all.
	BoundFor time.Duration

	// TelX makes the account's line a direct-dial one: answers carry telX, and
	// nothing rings until the caller dials it, by DialX or after DialAfter.
	TelX string
	// DialAfter is when the caller of a direct-dial line dials by itself. Default: never.
	DialAfter time.Duration

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
	// not acknowledged by HTTP 200; the second waits twice, the third four times
	// as long. Default 1 s.
	PushRetryBase time.Duration
	// PushDialled pushes a CDR with status 0 as soon as the vendor dials.
	PushDialled bool
	// CallBacks is how many times B calls back after an answered call: each is
	// one more CDR of the same subid. A number that calls back does so once at least.
	CallBacks int
	// Times is how a CDR writes its times. Default DingxinMillis.
	Times DingxinTimes
	// DownloadBase makes CDRs of answered calls carry a downloadUrl under it. The
	// vendor serves it without a signature.
	DownloadBase string
	// RecordingDelay is the time between an answered call's end and its
	// recording. Default 300 ms.
	RecordingDelay time.Duration
}

// withDefaults fills what is unset, and panics on what can only be a mistake of
// the program that sets it.
func (o DingxinOptions) withDefaults() DingxinOptions {
	if o.AppKey == "" || o.AppSecret == "" {
		panic("sandbox: DingxinOptions needs AppKey and AppSecret")
	}
	oneOf(&o.Sign, "DingxinOptions.Sign", DingxinV1, DingxinV2, DingxinV3, DingxinV4)
	oneOf(&o.Times, "DingxinOptions.Times", DingxinMillis, DingxinSeconds, DingxinText)
	oneOf(&o.Shape, "DingxinOptions.Shape", DingxinNested, DingxinString, DingxinSiblings)
	oneOf(&o.ReturnURLKey, "DingxinOptions.ReturnURLKey", "return_url", "retrun_url")
	o.PushMode = o.PushMode.orForm("DingxinOptions")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = shanghai()
	}
	if o.Behave == nil {
		o.Behave = DingxinBehaviourOf
	}
	if o.PushClient == nil {
		o.PushClient = loopbackClient()
	}
	o.PushCopies = max(o.PushCopies, 1)
	setDefault(&o.RingFor, briefly)
	setDefault(&o.TalkFor, briefly)
	setDefault(&o.RecordingDelay, briefly)
	setDefault(&o.TimestampTolerance, 5*time.Minute)
	setDefault(&o.PushRetryBase, time.Second)
	return o
}
