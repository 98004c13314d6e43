package event

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/callpacer/callpacer/internal/netguard"
)

// reason is the fixed sentence for an error: the error's own words would repeat the
// URL, and a token in it.
func reason(ctx context.Context, err error, timeout time.Duration) string {
	var (
		refused *netguard.RefusedError
		dns     *net.DNSError
		netErr  net.Error
		alert   tls.AlertError
		record  tls.RecordHeaderError
		cert    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &refused):
		return "the host leads to an address that is not allowed (" + refused.Rule + "); events.allow_private allows it"
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "the endpoint did not answer within " + timeout.String()
	case errors.As(err, &dns):
		return "the host's name could not be resolved"
	case errors.As(err, &cert):
		return "the endpoint's certificate does not hold"
	case errors.As(err, &alert), errors.As(err, &record):
		return "TLS failed"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the endpoint refused the connection"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "the endpoint could not be reached in time"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke off"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the endpoint does not speak TLS"
	}
	return "the connection failed"
}
