package dispatch

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/redistest"
	"github.com/callpacer/callpacer/internal/sandbox"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/jumdata"
	"github.com/callpacer/callpacer/ratelimit"
	"github.com/callpacer/callpacer/tasks"
)

const handshakeTime = 200 * time.Millisecond

// slowListener is a vendor that is far away: its handshakes take a while.
type slowListener struct{ net.Listener }

type slowConn struct {
	net.Conn
	once sync.Once
}

func (l slowListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &slowConn{Conn: c}, nil
}

func (c *slowConn) Read(b []byte) (int, error) {
	c.once.Do(func() { <-time.After(handshakeTime) })
	return c.Conn.Read(b)
}

// trusted serves the vendor over TLS under a certificate that this process
// trusts, as an operating system's would be.
func trusted(t *testing.T, vendor *sandbox.Jumdata) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(vendor)
	server.Listener = slowListener{server.Listener}
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(func() { vendor.Close(); server.Close() })
	file := filepath.Join(t.TempDir(), "roots.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file) // httptest's certificate is always the same one
	return server
}

// TestSendPathFarAway runs the whole way over TLS with a slow handshake, with
// 20 ms to Redis and a worker whose clock is off: the permit is asked for when
// the connection stands, so none of it eats the permit.
func TestSendPathFarAway(t *testing.T) {
	vendor := sandbox.NewJumdata(sandbox.JumdataOptions{AppID: "far", AppSecret: "away", PushMode: sandbox.PushNone})
	server := trusted(t, vendor)
	for i, off := range []time.Duration{-4 * time.Second, 0, 4 * time.Second, 50 * time.Hour} {
		t.Run("clock off by "+off.String(), func(t *testing.T) {
			r := redistest.Mini(t)
			far := redistest.NewFaults(func(redistest.Op) redistest.Verdict { return redistest.Delay(20 * time.Millisecond) })
			rdb := r.NewClient(t, far)
			clock := func() time.Time { return time.Now().Add(off) }
			adapter, err := jumdata.New(providers.Settings{
				Account: "far", BaseURL: server.URL, Timeout: 5 * time.Second, Now: time.Now,
				Credential: func(name string) string { return map[string]string{"app_id": "far", "app_secret": "away"}[name] },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = adapter.Close() })
			p := newProcess(rdb, newMemBroker(), &phoneCompany{}, newSteps(0, lives))
			p.lane.Vendor, p.lane.PushURL = adapter, nil
			p.lane.under(ratelimit.Rules{
				OneAtATime: true,
				PerNumber:  []ratelimit.PerNumber{{Limit: 3, Calendar: true, Location: time.UTC}},
			}, clock)
			receipt, err := p.client.Enqueue(t.Context(), tasks.Job{Account: "phone", To: "1380000000" + string(rune('1'+i)), Template: "T1"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.lane.Act(t.Context(), receipt.ID, tasks.KindNotify); err != nil {
				t.Fatal(err)
			}
			rec, err := p.lane.Store.Get(t.Context(), receipt.ID)
			if err != nil || rec.State != record.Submitted {
				t.Fatalf("the job is %+v, %v", rec, err)
			}
			calls := vendor.Calls()
			if len(calls) != i+1 {
				t.Fatalf("the vendor saw %d calls, want %d", len(calls), i+1)
			}
			if late := calls[i].At.Sub(permitTaken(t, rec)); late >= handshakeTime {
				t.Errorf("the request arrived %s after the permit was given: the handshake ate it", late)
			}
		})
	}
}

// permitTaken is when Admit let the job go, by Redis's clock.
func permitTaken(t *testing.T, r *record.Record) time.Time {
	t.Helper()
	for _, e := range r.Timeline {
		if e.State == record.Submitting {
			return e.At
		}
	}
	t.Fatalf("the job was never submitting: %v", r.Timeline)
	return time.Time{}
}
