package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

const pushAck = "success"

// pushData is a result push as documented (Jumdata, 呼叫结果回调推送), with the
// callDesc of failures that the field adds. Empty fields are absent.
type pushData struct {
	CallID         string `json:"callId"`
	CallStatus     int    `json:"callStatus"`
	CallStatusText string `json:"callStatusText"`
	CallTime       int    `json:"callTime"`
	NotifyData     string `json:"notifyData,omitempty"`
	CallDesc       string `json:"callDesc,omitempty"`
}

// wildPush is a failure push as it was seen in the field.
type wildPush struct {
	CallID         string `json:"callId"`
	CallDesc       string `json:"callDesc"`
	CallStatus     string `json:"callStatus"`
	CallStatusText string `json:"callStatusText"`
}

// pushBody is the content of a call's push and its media type.
func (j *Jumdata) pushBody(c *placedCall) ([]byte, string) {
	var asJSON any
	fields := url.Values{"callId": {c.CallID}}
	if c.desc != "" && j.opts.WildFailures {
		wild := wildPush{CallID: c.CallID, CallDesc: "110", CallStatus: "1", CallStatusText: "失败"}
		asJSON = wild
		fields.Set("callDesc", wild.CallDesc)
		fields.Set("callStatus", wild.CallStatus)
		fields.Set("callStatusText", wild.CallStatusText)
	} else {
		data := j.pushData(c)
		asJSON = data
		fields.Set("callStatus", strconv.Itoa(data.CallStatus))
		fields.Set("callStatusText", data.CallStatusText)
		fields.Set("callTime", strconv.Itoa(data.CallTime))
		if data.NotifyData != "" {
			fields.Set("notifyData", data.NotifyData)
		}
		if data.CallDesc != "" {
			fields.Set("callDesc", data.CallDesc)
		}
	}
	if j.opts.PushMode == PushJSON {
		return encode(asJSON), answerJSON
	}
	return []byte(fields.Encode()), "application/x-www-form-urlencoded"
}

func (j *Jumdata) pushData(c *placedCall) pushData {
	data := pushData{CallID: c.CallID, CallStatusText: "成功", NotifyData: c.notifyData}
	if c.desc != "" {
		data.CallStatus, data.CallStatusText, data.CallDesc = 1, "失败", c.desc
		return data
	}
	data.CallTime = wholeSeconds(j.opts.TalkFor)
	return data
}

// takenByWord is the acknowledgement this vendor wants: HTTP 200 and one word.
func takenByWord(status int, answer []byte) error {
	if status != http.StatusOK || string(answer) != pushAck {
		return fmt.Errorf("push not acknowledged: HTTP status %d, %d bytes other than %q", status, len(answer), pushAck)
	}
	return nil
}
