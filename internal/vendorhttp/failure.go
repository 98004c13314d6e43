package vendorhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/callpacer/callpacer/providers"
)

var (
	errTooLarge    = errors.New("answer too large")
	errTruncated   = errors.New("answer truncated")
	errForeignHost = errors.New("request is not for this vendor's host")
)

// failure turns any error into the one that may be shown: its own words stay
// behind, since Go's network errors repeat URLs and addresses.
func failure(ctx context.Context, stage providers.Stage, written bool, err error) *providers.TransportError {
	return &providers.TransportError{Stage: stage, Written: written, Reason: reason(ctx, err)}
}

func handshakeFailure(ctx context.Context, err error) *providers.TransportError {
	f := failure(ctx, providers.StageDial, false, err)
	if f.Reason == "network" { // certificates fail in many types
		f.Reason = "tls"
	}
	return f
}

// reason is the fixed word for an error. What we ourselves decided comes first,
// then the context, since a context that ends shows as an expired deadline.
func reason(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, errPermitOver):
		return "permit_over"
	case errors.Is(err, errTooLarge):
		return "too_large"
	case errors.Is(err, context.Canceled), errors.Is(ctx.Err(), context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, errTruncated):
		return "truncated"
	}
	return networkReason(err)
}

func networkReason(err error) string {
	var (
		dns    *net.DNSError
		netErr net.Error
		alert  tls.AlertError
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "eof"
	case errors.As(err, &alert), errors.As(err, &record), errors.As(err, &cert):
		return "tls"
	}
	return "network"
}

// isTooLarge knows the one way in which net/http tells of oversized headers:
// its words.
func isTooLarge(err error) bool {
	return strings.Contains(err.Error(), "response headers exceeded")
}
