package sandbox

import (
	"net/url"
	"strconv"
	"time"
)

// interlinePush are the fields of a push; a string, or an int64 for a
// number where the encoding has numbers.
type interlinePush map[string]any

// pushOf are the fields that both pushes have. Empty ones are absent.
func (v *Interline) pushOf(b *InterlineBinding, c InterlineCall) interlinePush {
	p := interlinePush{
		"devid": v.opts.DevID, "appid": v.opts.AppID, "taskid": c.TaskID, "subid": c.SubID,
		"caller": c.Caller, "rcaller": c.X, "callee": c.Callee,
	}
	if b.UserData != "" {
		p["userData"] = b.UserData
	}
	return p
}

// pushOfStart is 云通信平台, 5.3 始呼回调参数定义.
func (v *Interline) pushOfStart(b *InterlineBinding, c InterlineCall) interlinePush {
	p := v.pushOf(b, c)
	p["callTime"] = c.At.Unix()
	if c.Text != "" {
		p["smsContent"] = c.Text
	}
	return p
}

// pushOfCDR is 云通信平台, 5.1 话单回调参数定义. A call without talk has neither
// answer time nor duration.
func (v *Interline) pushOfCDR(b *InterlineBinding, c InterlineCall, releaseDir string, talked bool) interlinePush {
	p := v.pushOf(b, c)
	p["result"], p["releasedir"] = c.Result, releaseDir
	p["beginTime"], p["ringTime"] = c.At.Unix(), c.At.Unix()
	ends := c.At.Add(v.opts.RingFor)
	if talked {
		p["answerTime"] = ends.Unix()
		p["duration"] = int64(wholeSeconds(v.opts.TalkFor))
		ends = ends.Add(v.opts.TalkFor)
	}
	p["releaseTime"] = ends.Unix()
	if c.Recording != "" {
		p["recording"] = c.Recording
	}
	return p
}

// message is a push of a call as it goes over the wire.
func (v *Interline) message(task string, p interlinePush) message {
	fields := url.Values{}
	for name, value := range p {
		switch value := value.(type) {
		case string:
			fields.Set(name, value)
		case int64:
			fields.Set(name, strconv.FormatInt(value, 10))
			if v.opts.PushTextNumbers {
				p[name] = fields.Get(name)
			}
		}
	}
	if v.opts.PushMode == PushJSON {
		return messageOf(v.opts.PushURL, p, task)
	}
	return formOf(v.opts.PushURL, fields, task)
}

// pushCallLocked pushes a call's start, and its CDR when it has ended; cdr is nil
// for a message.
func (v *Interline) pushCallLocked(task string, lasts time.Duration, start, cdr interlinePush) {
	if v.opts.PushURL == "" || v.opts.PushMode == PushNone {
		return
	}
	first := func() { v.pushes.deliver(v.opts.PushDelay, v.message(task, start)) }
	if cdr == nil {
		v.spawnPushLocked(first)
		return
	}
	second := func() { v.pushes.deliver(lasts+v.opts.PushDelay, v.message(task, cdr)) }
	if v.opts.PushReversed {
		v.spawnPushLocked(func() { second(); first() })
		return
	}
	v.spawnPushLocked(first)
	v.spawnPushLocked(second)
}
