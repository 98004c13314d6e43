package netguard

import (
	"errors"
	"net/netip"
	"testing"
)

func TestRefusedAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "::": "unspecified",
		"127.0.0.1": "loopback", "127.255.0.9": "loopback", "::1": "loopback",
		"10.1.2.3": "private", "172.16.0.1": "private", "172.31.255.255": "private", "192.168.1.1": "private", "fd12::1": "private", "fec0::1": "private",
		"100.64.0.1": "shared (CGN)", "100.127.255.254": "shared (CGN)",
		"169.254.1.1": "link-local", "fe80::1": "link-local", "fe80::1%eth0": "link-local", "169.254.169.254": "link-local",
		"168.63.129.16": "metadata", "100.100.100.200": "metadata", "192.0.0.192": "metadata", "fd00:ec2::254": "metadata",
		"224.0.0.1": "multicast", "239.1.1.1": "multicast", "ff02::1": "multicast",
		"192.0.2.7": "documentation", "198.51.100.7": "documentation", "203.0.113.7": "documentation", "2001:db8::7": "documentation", "3fff::1": "documentation",
		"198.18.0.1": "benchmark", "198.19.255.255": "benchmark", "2001:2::1": "benchmark",
		"192.0.0.8": "reserved", "240.0.0.1": "reserved", "255.255.255.255": "reserved", "2002:a00:1::1": "reserved", "2001::1": "reserved",
		"100::1": "reserved", "4000::1": "reserved",
		"::ffff:10.0.0.1": "private", "::ffff:127.0.0.1": "loopback", "::ffff:169.254.169.254": "link-local",
		"::10.0.0.1": "reserved", "64:ff9b::10.0.0.1": "private", "64:ff9b::7f00:1": "loopback", "64:ff9b:1::1": "reserved",
		"8.8.8.8": "", "172.32.0.1": "", "100.128.0.1": "", "2400:3200::1": "", "::ffff:8.8.8.8": "", "64:ff9b::8.8.8.8": "",
	} {
		if got := Refusal(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := Refusal(netip.Addr{}); got == "" {
		t.Error("no address at all is allowed")
	}
}

func TestControl(t *testing.T) {
	for address, want := range map[string]struct{ strict, loopback string }{
		"nonsense":            {"unreadable", "unreadable"},
		"10.0.0.1":            {"unreadable", "unreadable"}, // no port
		"10.0.0.1:443":        {"private", "private"},
		"[fe80::1%eth0]:443":  {"link-local", "link-local"},
		"127.0.0.1:80":        {"loopback", ""},
		"[::1]:80":            {"loopback", ""},
		"0.0.0.0:80":          {"unspecified", "unspecified"}, // leads to this machine, too
		"8.8.8.8:443":         {"", ""},
		"[2400:3200::1]:8443": {"", ""},
	} {
		for _, tc := range []struct {
			allow bool
			want  string
		}{{false, want.strict}, {true, want.loopback}} {
			got := ""
			var refused *RefusedError
			err := Control(tc.allow)("tcp", address, nil)
			if errors.As(err, &refused) {
				got = refused.Rule
			}
			if got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("%s, loopback allowed %v: %v, want %q", address, tc.allow, err, tc.want)
			}
		}
	}
}

func TestLoopbackHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example.com": false, "10.0.0.1": false, "0.0.0.0": false, "example.com": false, "127.0.0.1.example.com": false,
	} {
		if got := IsLoopbackHost(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
