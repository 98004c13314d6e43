package callbackrx

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// client returns the address that a push came from: the peer's, or where the
// peer is one of our proxies, the last one in X-Forwarded-For that is not. Where
// a proxy names no address it is unknown, and in no list of allowed ones.
func (r *Receiver) client(req *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	lines := req.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return addr
	}
	forwarded := strings.Split(strings.Join(lines, ","), ",")
	for i := len(forwarded) - 1; i >= 0 && within(addr, r.TrustedProxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			return netip.Addr{}
		}
		addr = next.Unmap()
	}
	return addr
}

func within(a netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

func allowed(a netip.Addr, nets []netip.Prefix) bool { return len(nets) == 0 || within(a, nets) }

// failures slows down clients that guess tokens. A request whose token verifies
// never meets it.
type failures struct {
	mu      sync.Mutex
	clients map[netip.Addr]*rate.Limiter
}

const (
	failuresPerSecond = 5
	failureBurst      = 20
	failureClients    = 10_000
)

func (f *failures) allow(client netip.Addr) bool {
	if client.Is6() { // one client has a whole /64 to itself
		client = netip.PrefixFrom(client.WithZone(""), 64).Masked().Addr()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	limiter, ok := f.clients[client]
	if !ok {
		if f.clients == nil || len(f.clients) >= failureClients {
			f.clients = make(map[netip.Addr]*rate.Limiter)
		}
		limiter = rate.NewLimiter(failuresPerSecond, failureBurst)
		f.clients[client] = limiter
	}
	return limiter.Allow()
}

// refuse answers a request that is not from a vendor, alike for every reason.
func (r *Receiver) refuse(w http.ResponseWriter, client netip.Addr) {
	if !r.failures.allow(client) {
		http.Error(w, "too many requests", http.StatusTooManyRequests)
		return
	}
	r.Log.WithField("client", client.String()).Warn("a push with an unknown account or token, or from a foreign address, was refused")
	http.Error(w, "not found", http.StatusNotFound)
}
