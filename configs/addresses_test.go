package configs

import "testing"

// An application's endpoint is its own affair: a path with a slash at its end is
// another one, and a query may end in one. Addresses that paths are appended to end
// without.
func TestSlashesAtTheEnd(t *testing.T) {
	for _, url := range []string{
		"https://app.example.com", "https://app.example.com/", "https://app.example.com/hooks/", "https://app.example.com/hooks//",
		"https://app.example.com/hooks?token=Zm9v/", "https://app.example.com/hooks?back=a/b//", "https://app.example.com/a%2Fb/?",
	} {
		cfg := mustLoad(t, withAccount(vendorJumdata, `base_url: "https://vendor.example.com/v1/"`)+
			"events: {url: \""+url+"\", secret: s}\npublic: {url: \"https://calls.example.com/voice//\"}\n")
		if cfg.Events.URL != url {
			t.Errorf("events.url %s became %s", url, cfg.Events.URL)
		}
		if cfg.Accounts[0].BaseURL != "https://vendor.example.com/v1" || cfg.Public.URL != "https://calls.example.com/voice" {
			t.Errorf("base_url %s, public.url %s", cfg.Accounts[0].BaseURL, cfg.Public.URL)
		}
	}
}
