package sandbox

import (
	"cmp"
	"net/url"
	"strconv"
	"time"
)

// middleNumber is the X of lines whose answers do not name one.
const middleNumber = "02566660000"

// The states a CDR tells (Dingxin, 接口文档, 推送通话记录).
const (
	dingxinDialled    = 0
	dingxinAnswered   = 1
	dingxinUnanswered = 2
	dingxinFailed     = 3
)

// dingxinCall is a call and what the vendor must still know about it.
type dingxinCall struct {
	Call      // At is when it was accepted
	behaviour Behaviour
	returnURL string
	dialled   time.Time // zero until the caller of a direct-dial line dials
	endsAt    time.Time
}

// dingxinCDR is a CDR as documented.
type dingxinCDR struct {
	Subid       string `json:"subid"`
	TelA        string `json:"telA"`
	TelX        string `json:"telX"`
	TelB        string `json:"telB"`
	StartTime   string `json:"startTime"`
	EndTime     string `json:"endTime"`
	Duration    int    `json:"duration"`
	Status      int    `json:"status"`
	UnaswRsn    string `json:"unaswRsn"`
	DownloadURL string `json:"downloadUrl"`
}

// outcome is how a call of this behaviour ends: the status of its CDR, and the
// reason for one that is not answered, in each way the document's word may mean.
func (b Behaviour) outcome() (status int, reason string) {
	switch b {
	case NoAnswer:
		return dingxinUnanswered, "19" // Q.850
	case NoSuchNumber:
		return dingxinUnanswered, "1" // Q.850
	case Busy:
		return dingxinUnanswered, "486" // SIP
	case Rejected:
		return dingxinUnanswered, "用户拒接"
	case PoweredOff:
		return dingxinUnanswered, "关机"
	case LineFailed:
		return dingxinFailed, "线路故障"
	default:
		return dingxinAnswered, ""
	}
}

// DialX has the caller of a direct-dial line dial its X: the phones ring from now
// on. It is false where there is nothing to dial: the subid is unknown, the line
// is not a direct-dial one, or the caller has dialled already.
func (d *Dingxin) DialX(subid string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	call := d.callByID[subid]
	if call == nil || !call.dialled.IsZero() || d.closed {
		return false
	}
	d.dialLocked(call, d.now())
	return true
}

func (d *Dingxin) dialLocked(call *dingxinCall, now time.Time) {
	lasts := d.opts.RingFor
	status, _ := call.behaviour.outcome()
	if status == dingxinAnswered {
		lasts += d.opts.TalkFor
	}
	call.dialled, call.endsAt = now, now.Add(lasts)
	for _, phone := range []string{call.From, call.Mobile} {
		if call.endsAt.After(d.busyUntil[phone]) {
			d.busyUntil[phone] = call.endsAt
		}
	}
	if call.returnURL == "" || d.opts.PushMode == PushNone {
		return
	}
	if d.opts.PushDialled || call.behaviour == OnlyDialled {
		d.pushLocked(0, d.pushOf(call, dingxinCDR{StartTime: d.stamp(now), Status: dingxinDialled}))
	}
	if call.behaviour == OnlyDialled {
		return
	}
	d.pushLocked(lasts+d.opts.PushDelay, d.pushOf(call, d.finalCDR(call)))
	if status != dingxinAnswered {
		return
	}
	backs := d.opts.CallBacks
	if call.behaviour == CallsBack {
		backs = max(backs, 1)
	}
	for i := range backs {
		// B dials X, is connected to A, and talks as long as before.
		begins := time.Duration(i+1) * lasts
		cdr := d.finalCDR(call)
		cdr.TelA, cdr.TelB = call.Mobile, call.From
		cdr.StartTime, cdr.EndTime = d.stamp(now.Add(begins)), d.stamp(call.endsAt.Add(begins))
		d.pushLocked(begins+lasts+d.opts.PushDelay, d.pushOf(call, cdr))
	}
}

func (d *Dingxin) finalCDR(call *dingxinCall) dingxinCDR {
	cdr := dingxinCDR{StartTime: d.stamp(call.dialled), EndTime: d.stamp(call.endsAt)}
	cdr.Status, cdr.UnaswRsn = call.behaviour.outcome()
	if cdr.Status != dingxinAnswered {
		return cdr
	}
	cdr.Duration = wholeSeconds(d.opts.TalkFor)
	if d.opts.DownloadBase != "" {
		cdr.DownloadURL = d.opts.DownloadBase + DingxinDownloadPath + call.CallID + ".wav"
	}
	return cdr
}

// pushOf completes a CDR of a call and makes it a message.
func (d *Dingxin) pushOf(call *dingxinCall, cdr dingxinCDR) message {
	cdr.Subid, cdr.TelX = call.CallID, cmp.Or(d.opts.TelX, middleNumber)
	cdr.TelA, cdr.TelB = cmp.Or(cdr.TelA, call.From), cmp.Or(cdr.TelB, call.Mobile)
	if d.opts.PushMode == PushJSON {
		return messageOf(call.returnURL, cdr, call.CallID)
	}
	return formOf(call.returnURL, url.Values{
		"subid": {cdr.Subid}, "telA": {cdr.TelA}, "telX": {cdr.TelX}, "telB": {cdr.TelB},
		"startTime": {cdr.StartTime}, "endTime": {cdr.EndTime}, "duration": {strconv.Itoa(cdr.Duration)},
		"status": {strconv.Itoa(cdr.Status)}, "unaswRsn": {cdr.UnaswRsn}, "downloadUrl": {cdr.DownloadURL},
	}, call.CallID)
}

func (d *Dingxin) stamp(t time.Time) string {
	switch d.opts.Times {
	case DingxinSeconds:
		return strconv.FormatInt(t.Unix(), 10)
	case DingxinText:
		return t.In(d.opts.Location).Format(time.DateTime)
	default:
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
}
