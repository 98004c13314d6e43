package itnio

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const defaultBaseURL = "https://api.itniotech.com"

type config struct {
	apiKey, apiSecret, appID string
	baseURL                  string
	displayNum               string
	ack                      providers.Ack
	words                    vendorwire.Scrubber
}

func newConfig(s providers.Settings) (config, error) {
	c := config{baseURL: apiRoot(s.BaseURL)}
	if err := vendorwire.Credentials(s, "api_key", "api_secret", "app_id"); err != nil {
		return config{}, fmt.Errorf("itnio: %w", err)
	}
	c.apiKey, c.apiSecret, c.appID = s.Credential("api_key"), s.Credential("api_secret"), s.Credential("app_id")
	if err := c.applySwitches(s.Switches); err != nil {
		return config{}, fmt.Errorf("itnio: %w", err)
	}
	if len(s.LimitPatterns) > 0 {
		return config{}, errors.New("itnio: limit_patterns: this vendor's codes need none")
	}
	c.words = vendorwire.NewScrubber(c.apiSecret, c.apiKey, c.appID)
	// No page shows the answer that a push expects; this one mirrors the vendor's
	// own envelope.
	var err error
	own := providers.Ack{Status: http.StatusOK, ContentType: "application/json", Body: `{"status":"0","reason":"success"}`}
	if c.ack, err = vendorwire.Ack(own, s.Ack); err != nil {
		return config{}, fmt.Errorf("itnio: %w", err)
	}
	return c, nil
}

var displayNumber = regexp.MustCompile(`^[0-9]{7,15}$`)

// applySwitches reads the one switch. Some of the vendor's pages require a
// display number and others don't, so an account may be given one.
func (c *config) applySwitches(switches map[string]string) error {
	if err := vendorwire.Known("switch", switches, "display_num"); err != nil {
		return err
	}
	number, set := switches["display_num"]
	if set && !displayNumber.MatchString(number) {
		return errors.New("display_num must be 7 to 15 digits")
	}
	c.displayNum = number
	return nil
}

// apiRoot is what stands before "/voice": the vendor's documents write its base
// URL with it (https://api.itniotech.com/voice) and without it
// (https://api.onbuka.com/v3). What is no URL is left for others to refuse.
func apiRoot(base string) string {
	if base == "" {
		return defaultBaseURL
	}
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	if path, found := strings.CutSuffix(strings.TrimRight(u.Path, "/"), voicePrefix); found {
		u.Path, u.RawPath = path, ""
		return u.String()
	}
	return base
}
