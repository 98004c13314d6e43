package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// itnioCall is a call and what the vendor must still know about it. It never
// changes after it was placed: everything that follows is known by then.
type itnioCall struct {
	Call
	group      int // the send request that placed it, counted
	behaviour  Behaviour
	endsAt     time.Time
	displayNum string
	fileID     string
}

// itnioRecord is a record as documented (ITNIO, recordGroup). Times that have not
// come are null.
type itnioRecord struct {
	VoiceID           string  `json:"voiceId"`
	Callee            string  `json:"callee"`
	DisplayNum        string  `json:"displayNum"`
	Code              string  `json:"code"`
	SubmitTime        *string `json:"submitTime"`
	CallTime          *string `json:"callTime"`
	RingingTime       *string `json:"ringingTime"`
	AnswerTime        *string `json:"answerTime"`
	HangupTime        *string `json:"hangupTime"`
	CallDuration      int     `json:"callDuration"`
	ChargedDuration   int     `json:"chargedDuration"`
	TerminationCode   string  `json:"terminationCode"`
	TerminationReason string  `json:"terminationReason"`
	BaseCost          string  `json:"baseCost"`
	VoiceFileID       string  `json:"voiceFileId"`
	FeedbackValue     string  `json:"feedbackValue"`
	CalledInfo        string  `json:"calledInfo"`
	itnioBill
}

// itnioBill is what a call costs; the last four only where the quotation is not
// in US dollars.
type itnioBill struct {
	Cost          string `json:"cost"`
	BillPeriod    string `json:"billPeriod"`
	Rate          string `json:"rate"`
	SettleRate    string `json:"settleRate,omitempty"`
	QuoteExchange string `json:"quoteExchange,omitempty"`
	SettlePay     string `json:"settlePay,omitempty"`
	Currency      string `json:"currency,omitempty"`
}

func (v *ITNIO) bill(answered bool) itnioBill {
	b := itnioBill{Cost: "0", BillPeriod: "60+60", Rate: "0.02"}
	if answered {
		b.Cost = "0.02"
	}
	if v.opts.Currency != "" {
		b.Currency, b.SettleRate, b.QuoteExchange, b.SettlePay = v.opts.Currency, "0.0188", "0.938", b.Cost
	}
	return b
}

// phases are the moments of a call that have come by now; a zero time has not.
type phases struct {
	answered, ended time.Time
}

func (v *ITNIO) phases(c *itnioCall, now time.Time) phases {
	var p phases
	code, _ := c.behaviour.sipFailure()
	if picked := c.At.Add(v.opts.RingFor); code == "" && !now.Before(picked) {
		p.answered = picked
	}
	if !now.Before(c.endsAt) {
		p.ended = c.endsAt
	}
	return p
}

// serveRecord is ITNIO, recordGroup.
func (v *ITNIO) serveRecord(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "" {
		writeJSON(w, itnioRefusal(itnioParameter))
		return
	}
	writeJSON(w, v.record(strings.TrimPrefix(r.URL.Path, ITNIORecordPath)))
}

// record answers a query: a voiceId that the vendor does not know has no record,
// as one that is too young.
func (v *ITNIO) record(voiceID string) itnioAnswer {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	call := v.callByID[voiceID]
	found := itnioAnswer{Status: itnioOK, Reason: itnioWords[itnioOK]}
	if call == nil || now.Before(call.At.Add(v.opts.RecordDelay)) {
		switch v.opts.Missing {
		case ITNIONullData:
		case ITNIOEmptyData:
			found.Data = struct{}{}
		default:
			return itnioRefusal(string(v.opts.Missing))
		}
		return found
	}
	found.Data = v.recordOf(call, v.phases(call, now))
	return found
}

func (v *ITNIO) recordOf(c *itnioCall, p phases) itnioRecord {
	at := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		written := t.In(v.opts.Location).Format("2006-01-02T15:04:05-07:00")
		return &written
	}
	rec := itnioRecord{
		VoiceID: c.CallID, Callee: c.Mobile, DisplayNum: c.displayNum, Code: "China(Mobile)", BaseCost: "0.01",
		SubmitTime: at(c.At), CallTime: at(c.At), RingingTime: at(c.At), AnswerTime: at(p.answered), HangupTime: at(p.ended),
		VoiceFileID: c.fileID, FeedbackValue: "-1", CalledInfo: c.Ref, itnioBill: v.bill(!p.answered.IsZero() && !p.ended.IsZero()),
	}
	if p.ended.IsZero() {
		return rec
	}
	rec.TerminationCode, rec.TerminationReason = v.termination(c)
	if !p.answered.IsZero() {
		rec.CallDuration = wholeSeconds(v.opts.TalkFor)
		rec.ChargedDuration = 60 * wholeMinutes(v.opts.TalkFor)
		rec.FeedbackValue = c.behaviour.feedback()
	}
	return rec
}

// termination is the code of a call's end and words for it.
func (v *ITNIO) termination(c *itnioCall) (code, reason string) {
	if code, reason = c.behaviour.sipFailure(); code != "" {
		return code, reason
	}
	return string(v.opts.Success), "success"
}

// wholeMinutes counts begun ones, as bills do.
func wholeMinutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }
