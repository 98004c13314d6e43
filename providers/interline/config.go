package interline

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

type config struct {
	devID, authKey, appID string
	ack                   providers.Ack
	words                 vendorwire.Scrubber
}

func newConfig(s providers.Settings) (config, error) {
	if s.BaseURL == "" {
		return config{}, errors.New("interline: base_url is missing: the vendor has no common host")
	}
	if s.Credential == nil {
		s.Credential = func(string) string { return "" }
	}
	c := config{devID: s.Credential("dev_id"), authKey: s.Credential("auth_key"), appID: s.Credential("app_id")}
	for _, credential := range []struct{ name, value string }{
		{"dev_id", c.devID}, {"auth_key", c.authKey}, {"app_id", c.appID},
	} {
		if strings.TrimSpace(credential.value) == "" {
			return config{}, fmt.Errorf("interline: credentials: %s is missing", credential.name)
		}
	}
	if !graphic(c.devID) || strings.Contains(c.devID, ",") {
		// It stands in a header whose parts are parted by a space and commas.
		return config{}, errors.New("interline: credentials: dev_id holds a comma, a space or a character that is not ASCII")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Switches)) {
		return config{}, fmt.Errorf("interline: unknown switch %q (this vendor has none)", name)
	}
	for _, list := range slices.Sorted(maps.Keys(s.LimitPatterns)) {
		return config{}, fmt.Errorf("interline: limit_patterns: unknown list %q (this vendor has none)", list)
	}
	c.words = vendorwire.NewScrubber(c.authKey, c.devID, c.appID)
	// The document states no acknowledgement; this mirrors the vendor's own answers.
	var err error
	c.ack, err = vendorwire.Ack(providers.Ack{
		Status: http.StatusOK, ContentType: "application/json", Body: `{"error":0,"reason":"success"}`,
	}, s.Ack)
	if err != nil {
		return config{}, fmt.Errorf("interline: %w", err)
	}
	return c, nil
}

// graphic says that s is visible ASCII without spaces.
func graphic(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
