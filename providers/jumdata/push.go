package jumdata

import (
	"fmt"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Ack implements providers.PushParser.
func (a *Adapter) Ack() providers.Ack { return a.cfg.ack }

// ParsePush implements providers.PushParser. An element without a callId is an
// error that names its position, counted from 0; the reports of the other
// elements are returned beside it. With an error and no report, nothing could
// be read.
//
// Jumdata, 语音通知-随机主叫, 呼叫结果回调推送. Method and encoding are not
// stated, so the body's first byte decides between JSON and a form, and a push
// without a body is read from its query string.
func (a *Adapter) ParsePush(p providers.Push) ([]providers.Report, error) {
	reports, err := vendorwire.Reports(p, func(o vendorwire.Object) (providers.Report, bool) {
		r := a.cfg.report(o)
		return r, r.VendorID != ""
	})
	if err != nil {
		return reports, fmt.Errorf("jumdata: %w", err)
	}
	return reports, nil
}
