package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// InterlineReplay is how the platform answers a reqid that has bound before,
// with the same content. The document says only that a repeated request keeps
// its reqid; other content is always refused with 1004.
type InterlineReplay string

// The answers to a repeated reqid. InterlineForgets keeps no reqid at all: each
// request binds anew where the rules of conflict let it.
const (
	InterlineFirstAnswer   InterlineReplay = "the first answer again"
	ReplayAnswer1004       InterlineReplay = "1004"
	ReplayAnswer1004Subid  InterlineReplay = "1004 with subid"
	InterlineForgetsReqids InterlineReplay = "another binding"
)

// InterlineOptions configure a simulated platform. The zero value of a field
// means its default; DevID, AuthKey and AppID have none.
type InterlineOptions struct {
	DevID, AuthKey, AppID string

	// Now is the platform's clock: signatures and ttl go by it. Default time.Now.
	// It should move at the pace of real time (inside synctest: the bubble's),
	// because calls and delays run by timers.
	Now func() time.Time
	// Numbers are the X numbers that the developer owns; others answer 1300.
	// Default: any number.
	Numbers []string
	// Behave says what becomes of bind requests for an A. Default
	// InterlineBehaviourOf. It is called from many goroutines at once.
	Behave func(a string) InterlineBehaviour
	// Unauthorized401JSON gives the refusal of a signature a JSON body (1101).
	// Default: an empty body.
	Unauthorized401JSON bool
	// Replay is the answer to a repeated reqid. Default InterlineFirstAnswer.
	Replay InterlineReplay
	// FailuresKeepReqid answers 1004 to a repeated reqid whose first request was
	// refused after it was found in order. Default: such a reqid may try again.
	FailuresKeepReqid bool
	// AllowConflicts binds numbers that are bound already. Default: 1201, 1302.
	AllowConflicts bool
	// BindDelay is how long a bind request is at work before it binds; the same
	// reqid answers 1004 meanwhile. A client that leaves does not stop it.
	BindDelay time.Duration

	// Limiter is how many bind requests are taken per second. More answer
	// 1105. Default: any number.
	Limiter Limiter
	// Latency is how long answers are held back.
	Latency time.Duration

	// RingFor is how long a callee's phone rings, TalkFor how long an answered
	// call lasts after that. Default 300 ms each.
	RingFor, TalkFor time.Duration

	// RecordingsNeedSignature asks for the Authorization header on recordings too.
	// The document says nothing of it. Default: anybody who knows the path.
	RecordingsNeedSignature bool
	// RecordingDelay is the time between a call's end and its recording, HTTP 404
	// until then. Default 300 ms.
	RecordingDelay time.Duration
	// RecordingBase makes CDRs tell recordings by an absolute address under it.
	// Default: by their path alone.
	RecordingBase string

	// PushURL is where the account's pushes go. Default: no pushes.
	PushURL string
	// PushClient sends pushes. Default: an own client with timeouts that connects
	// to loopback addresses only, uses no proxy and follows no redirect.
	PushClient *http.Client
	// PushMode is the encoding of pushes. Default PushForm.
	PushMode PushMode
	// PushTextNumbers writes times and durations of a JSON push as strings.
	PushTextNumbers bool
	// PushCopies is how often each push is sent, all at once. Default 1.
	PushCopies int
	// PushDelay is the time between a call's end and its CDR push, and between a
	// call's start and its push.
	PushDelay time.Duration
	// PushReversed sends a call's start push after its CDR push was taken.
	PushReversed bool
	// PushRetryBase is the wait before the first repetition of a push that was
	// not answered with HTTP 200; the next waits are twice, four and eight times
	// as long, then they begin anew, until it is taken. Default 1 s.
	PushRetryBase time.Duration
}

// withDefaults fills what is unset, and panics on what can only be a mistake of
// the program that sets it.
func (o InterlineOptions) withDefaults() InterlineOptions {
	if o.DevID == "" || o.AuthKey == "" || o.AppID == "" {
		panic("sandbox: InterlineOptions needs DevID, AuthKey and AppID")
	}
	switch o.Replay {
	case "":
		o.Replay = InterlineFirstAnswer
	case InterlineFirstAnswer, ReplayAnswer1004, ReplayAnswer1004Subid, InterlineForgetsReqids:
	default:
		panic(fmt.Sprintf("sandbox: InterlineOptions.Replay is unknown: %q", o.Replay))
	}
	switch o.PushMode {
	case "":
		o.PushMode = PushForm
	case PushForm, PushJSON, PushNone:
	default:
		panic(fmt.Sprintf("sandbox: InterlineOptions.PushMode %q is not form, json or none", o.PushMode))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Behave == nil {
		o.Behave = InterlineBehaviourOf
	}
	if o.PushClient == nil {
		o.PushClient = loopbackClient()
	}
	o.PushCopies = max(o.PushCopies, 1)
	setDefault(&o.RingFor, 300*time.Millisecond)
	setDefault(&o.TalkFor, 300*time.Millisecond)
	setDefault(&o.RecordingDelay, briefly)
	setDefault(&o.PushRetryBase, time.Second)
	return o
}
