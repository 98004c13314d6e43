package dingxin

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

// Calls and recordings live on two hosts, with and without /prod-api; the
// prefix is part of the paths.
//
// Dingxin, 2.拨打电话 and 4.获取录音文件, 请求URL.
const (
	defaultBaseURL          = "https://xlv2.dingxin106.com"
	defaultRecordingBaseURL = "https://xl.dingxin106.com"
)

// The values of the switches.
const (
	keysLower     = "v1" // parameter names in lower case, values as they are
	allLower      = "v2" // the whole pre-image in lower case
	keysAsSent    = "v3" // names as they are sent
	valuesEscaped = "v4" // v1 with percent-encoded values

	caseLower = "lower"
	caseUpper = "upper"

	unitMillis  = "ms"
	unitSeconds = "s"

	encodingForm = "form"
	encodingJSON = "json"

	telXPlaced = "placed" // telX is told of a call that is under way
	telXDial   = "dial"   // A has to dial telX
)

type config struct {
	appKey, appSecret string
	baseURL           string
	recordingBaseURL  string
	signVariant       string
	signCase          string
	timestampUnit     string
	encoding          string
	returnURLKey      string
	telXMeans         string
	ack               providers.Ack
	words             vendorwire.Scrubber
}

func newConfig(s providers.Settings) (config, error) {
	c := config{baseURL: s.BaseURL, recordingBaseURL: s.RecordingBaseURL}
	if c.baseURL == "" {
		c.baseURL = defaultBaseURL
	}
	if c.recordingBaseURL == "" {
		c.recordingBaseURL = defaultRecordingBaseURL
	}
	if err := vendorwire.Credentials(s, "app_key", "app_secret"); err != nil {
		return config{}, fmt.Errorf("dingxin: %w", err)
	}
	c.appKey, c.appSecret = s.Credential("app_key"), s.Credential("app_secret")
	if len(s.LimitPatterns) > 0 {
		return config{}, errors.New("dingxin: limit_patterns: this vendor has a code of its own for each refusal, no pattern is used")
	}
	if err := c.applySwitches(s.Switches); err != nil {
		return config{}, fmt.Errorf("dingxin: %w", err)
	}
	c.words = vendorwire.NewScrubber(c.appSecret, c.appKey)
	// The document states no acknowledgement; this mirrors the vendor's own envelope.
	own := providers.Ack{Status: http.StatusOK, ContentType: "application/json", Body: `{"code":200,"msg":"success"}`}
	var err error
	if c.ack, err = vendorwire.Ack(own, s.Ack); err != nil {
		return config{}, fmt.Errorf("dingxin: %w", err)
	}
	return c, nil
}

func (c *config) applySwitches(given map[string]string) error {
	known := map[string]struct {
		value   *string
		allowed []string // the first is the default
	}{
		"sign_variant":   {&c.signVariant, []string{keysLower, allLower, keysAsSent, valuesEscaped}},
		"sign_case":      {&c.signCase, []string{caseLower, caseUpper}},
		"timestamp_unit": {&c.timestampUnit, []string{unitMillis, unitSeconds}},
		"encoding":       {&c.encoding, []string{encodingForm, encodingJSON}},
		// The table of fields writes return_url, the push's chapter retrun_url, twice.
		"return_url_key": {&c.returnURLKey, []string{"return_url", "retrun_url"}},
		"telx_means":     {&c.telXMeans, []string{telXDial, telXPlaced}},
	}
	names := slices.Sorted(maps.Keys(known))
	if err := vendorwire.Known("switch", given, names...); err != nil {
		return err
	}
	for _, name := range names {
		s := known[name]
		value, err := vendorwire.Switch(given, name, s.allowed[0], s.allowed...)
		if err != nil {
			return err
		}
		*s.value = value
	}
	return nil
}
