package event

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/netguard/netguardtest"
	"github.com/callpacer/callpacer/internal/secret"
)

// Before any event: what the endpoint's name leads to now, judged as a connection
// would be.
func TestReach(t *testing.T) {
	for address, rule := range map[string]string{"10.1.2.3": "private", "127.0.0.1": "loopback", "8.8.8.8": ""} {
		o := testOptions()
		o.URL, o.Resolver = "https://App.example.com/hooks?token=t0ken", netguardtest.Resolver(t, address)
		e := mustEndpoints(t, o)
		reach, err := e.Reach(t.Context())
		if err != nil || reach.Addresses != 1 || strings.Join(reach.Refused, ",") != rule {
			t.Errorf("%s: %+v, %v", address, reach, err)
		}
		if e.Name() != "https://app.example.com:443" {
			t.Errorf("shown as %s", e.Name())
		}
		o.AllowPrivate, o.Resolver = true, netguardtest.Resolver(t, address)
		if reach, err := mustEndpoints(t, o).Reach(t.Context()); err != nil || len(reach.Refused) != 0 {
			t.Errorf("%s with allow_private: %+v, %v", address, reach, err)
		}
	}
	o := testOptions()
	o.URL = "http://127.0.0.1:8080/hooks"
	if reach, err := mustEndpoints(t, o).Reach(t.Context()); err != nil || reach.Addresses != 1 || len(reach.Refused) != 0 {
		t.Errorf("a loopback address that the operator wrote: %+v, %v", reach, err)
	}
}

func TestReachWithoutAResolver(t *testing.T) {
	o := testOptions()
	o.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errNoHost }}
	if reach, err := mustEndpoints(t, o).Reach(t.Context()); err == nil || strings.Contains(err.Error(), "example") {
		t.Errorf("%+v, %v", reach, err)
	}
}

func TestKeySize(t *testing.T) {
	for _, n := range []int{1, 24, 32} {
		o := testOptions()
		o.Secret = secret.New("whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)))
		if got := mustEndpoints(t, o).KeySize(); got != n {
			t.Errorf("a key of %d bytes has %d", n, got)
		}
	}
	o := testOptions()
	o.Secret = secret.New("abcd=")
	if got := mustEndpoints(t, o).KeySize(); got != 5 {
		t.Errorf("what is no base64 has %d bytes", got)
	}
}
