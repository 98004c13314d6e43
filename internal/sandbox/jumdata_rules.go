package sandbox

import "time"

// SetWindowRefusal has the vendor refuse every send request with a message of
// its time window, whatever the time is, or end that.
func (j *Jumdata) SetWindowRefusal(on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.windowRefused = on
}

// shutAnswerLocked is the code and message with which the vendor refuses every
// send request just now; code 0 is a yes.
func (j *Jumdata) shutAnswerLocked(now time.Time) (int, string) {
	switch j.shutLocked(now) {
	case shutBalance:
		return codeNoMoney, msgNoMoney
	case shutAuth:
		return codeNotOpened, msgNotOpened
	case shutWindow:
		return codeOther, msgWindowSpan
	case shutTooOften:
		if j.opts.TooOftenIs999 {
			return codeOther, msgTooOften
		}
		return codeTooOften, msgTooOften
	default:
		return 0, ""
	}
}

// rulesLocked applies the vendor's rule (Jumdata, 语音通知-随机主叫, 注意): calls
// inside the window only, no more than the limit per number and day; a call too
// many locks the number for a day, and each call to it meanwhile begins that day
// anew. A number that is locked from the start was used up by other customers, so
// the first call to it is one too many. Code 0 is a yes.
func (j *Jumdata) rulesLocked(mobile string, b Behaviour, now time.Time) (int, string) {
	locked := now.Before(j.lockedUntil[mobile])
	if b == LockedFromStart && !j.onceDone[mobile] {
		j.onceDone[mobile], locked = true, true
	}
	if locked {
		j.lockedUntil[mobile] = now.Add(j.opts.Day)
		return codeOther, msgLimit
	}
	if j.opts.Window != nil && !j.opts.Window.contains(now.In(j.opts.Location)) {
		return codeOther, msgWindow
	}
	limit := *j.opts.Limit
	if limit == NoLimit {
		return 0, ""
	}
	recent := j.placed[mobile]
	for len(recent) > 0 && now.Sub(recent[0]) >= j.opts.Day {
		recent = recent[1:]
	}
	j.placed[mobile] = recent
	if len(recent) >= limit {
		j.lockedUntil[mobile] = now.Add(j.opts.Day)
		return codeOther, msgLimit
	}
	return 0, ""
}
