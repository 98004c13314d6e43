package sandbox

import "net/url"

// interlineReqid is what the platform remembers of a reqid.
type interlineReqid struct {
	content string
	atWork  bool
	refused bool // its last request was, after it was found in order
	bound   *InterlineBinding
}

// interlineContent is everything that a repetition of a request must repeat.
func interlineContent(op InterlineOp, x string, fields map[string]string) string {
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return string(op) + " " + x + " " + values.Encode()
}

// enter takes a bind request to work; nil with the answer where its reqid was
// seen before and there is nothing to do (云通信平台, 4.1, reqid: "每次请求传全局
// 唯一的请求 ID。在重试时, 需保持不变").
func (v *Interline) enter(b interlineBind) (*interlineReqid, interlineAnswer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.reqids[b.ReqID]
	switch {
	case seen == nil || v.opts.Replay == InterlineForgetsReqids:
		seen = &interlineReqid{content: b.content}
		v.reqids[b.ReqID] = seen
	case seen.content != b.content, seen.atWork:
		return nil, interlineRefusal(interlineRepeated)
	case seen.bound != nil:
		v.counts.Replayed++
		switch v.opts.Replay {
		case ReplayAnswer1004:
			return nil, interlineRefusal(interlineRepeated)
		case ReplayAnswer1004Subid:
			return nil, interlineBound(seen.bound, interlineRepeated)
		default:
			return nil, interlineBound(seen.bound, interlineOK)
		}
	case seen.refused && v.opts.FailuresKeepReqid:
		return nil, interlineRefusal(interlineRepeated)
	}
	seen.atWork = true
	return seen, interlineAnswer{}
}
