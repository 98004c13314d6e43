package vendorwire

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func TestTransport(t *testing.T) {
	own := &providers.TransportError{Stage: providers.StageRefused, Reason: "permit_over"}
	for _, err := range []error{own, fmt.Errorf("send: %w", own)} {
		if got := Transport(err); got != own {
			t.Errorf("%v: %+v", err, got)
		}
	}
	// What breaks its promise may have sent the request, and may say anything.
	got := Transport(errors.New("13800138000"))
	if !got.Written || strings.Contains(got.Error(), "138") {
		t.Errorf("another error: %+v", got)
	}
}

func TestRefuse(t *testing.T) {
	want := providers.Outcome{Class: providers.ClassPermanent, Placed: providers.PlacedNo, Cause: providers.CauseInvalidNumber,
		Unsent: true, VendorText: "number is no mobile"}
	if got := Refuse("number is no mobile", providers.CauseInvalidNumber); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAck(t *testing.T) {
	own := providers.Ack{Status: 200, ContentType: "text/plain", Body: "success"}
	for name, tc := range map[string]struct{ given, want providers.Ack }{
		"nothing":  {providers.Ack{}, own},
		"a body":   {providers.Ack{Body: "ok"}, providers.Ack{Status: 200, ContentType: "text/plain", Body: "ok"}},
		"a type":   {providers.Ack{ContentType: "application/json"}, providers.Ack{Status: 200, ContentType: "application/json", Body: "success"}},
		"a status": {providers.Ack{Status: 299}, providers.Ack{Status: 299, ContentType: "text/plain", Body: "success"}},
		"all":      {providers.Ack{Status: 204, ContentType: "a/b", Body: "c"}, providers.Ack{Status: 204, ContentType: "a/b", Body: "c"}},
	} {
		if got, err := Ack(own, tc.given); err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, status := range []int{-1, 100, 199, 300, 503} {
		if got, err := Ack(own, providers.Ack{Status: status}); err == nil || got != (providers.Ack{}) || !strings.Contains(err.Error(), "ack.status") {
			t.Errorf("%d: %+v, %v", status, got, err)
		}
	}
}
