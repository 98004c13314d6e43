package interline

import (
	"errors"
	"fmt"
	"net/http"
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
	if err := vendorwire.Credentials(s, "dev_id", "auth_key", "app_id"); err != nil {
		return config{}, fmt.Errorf("interline: %w", err)
	}
	c := config{devID: s.Credential("dev_id"), authKey: s.Credential("auth_key"), appID: s.Credential("app_id")}
	if !graphic(c.devID) || strings.Contains(c.devID, ",") {
		// It stands in a header whose parts are parted by a space and commas.
		return config{}, errors.New("interline: credentials: dev_id holds a comma, a space or a character that is not ASCII")
	}
	if err := vendorwire.Known("switch", s.Switches); err != nil {
		return config{}, fmt.Errorf("interline: %w", err)
	}
	if err := vendorwire.Known("list", s.LimitPatterns); err != nil {
		return config{}, fmt.Errorf("interline: limit_patterns: %w", err)
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
