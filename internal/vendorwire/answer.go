package vendorwire

import (
	"errors"

	"github.com/callpacer/callpacer/providers"
)

// Transport is err as what lines and queries promise to return. Should one ever
// break that promise, the request counts as possibly sent.
func Transport(err error) *providers.TransportError {
	var t *providers.TransportError
	if errors.As(err, &t) {
		return t
	}
	return &providers.TransportError{Stage: providers.StageRead, Written: true, Reason: "network"}
}

// Refuse is the outcome of a request that was not sent at all, for the fixed
// word why.
func Refuse(why string, cause providers.Cause) providers.Outcome {
	return providers.Outcome{
		Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: cause, Unsent: true, VendorText: why,
	}
}

// Ack is the answer to a push: what is given replaces the vendor's own, field
// by field.
func Ack(own, given providers.Ack) (providers.Ack, error) {
	if given.Status != 0 {
		own.Status = given.Status
	}
	if given.ContentType != "" {
		own.ContentType = given.ContentType
	}
	if given.Body != "" {
		own.Body = given.Body
	}
	if own.Status < 200 || own.Status > 299 {
		return providers.Ack{}, errors.New("ack.status must be 200 to 299: an acknowledgement says that the push arrived")
	}
	return own, nil
}
