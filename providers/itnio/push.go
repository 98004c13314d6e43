package itnio

import (
	"fmt"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Ack implements providers.PushParser.
func (a *Adapter) Ack() providers.Ack { return a.cfg.ack }

// ParsePush implements providers.PushParser. An element that names no call is an
// error that names its position, counted from 0; the reports of the other
// elements are returned beside it. With an error and no report, nothing could
// be read.
//
// ITNIO, pushVoiceReport (one object) and pushVoiceReportBatch ({"array":[…]}).
func (a *Adapter) ParsePush(p providers.Push) ([]providers.Report, error) {
	reports, err := vendorwire.Reports(p, func(o vendorwire.Object) (providers.Report, bool) {
		r := a.cfg.report(o, providers.EvidencePush)
		return r, r.VendorID != ""
	})
	if err != nil {
		return reports, fmt.Errorf("itnio: %w", err)
	}
	return reports, nil
}
