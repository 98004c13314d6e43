package jumdata

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/callpacer/callpacer/internal/vendorwire"
	"github.com/callpacer/callpacer/providers"
)

const defaultBaseURL = "https://api.jumdata.com"

// How code 500 (系统维护) is read; see sendMaintenance.
const (
	code500ByText    = ""
	code500Retry     = "retry"
	code500Uncertain = "uncertain"
)

type config struct {
	appID, appSecret string
	baseURL          string
	sendNotifyData   bool
	code500          string
	patterns         patterns
	ack              providers.Ack
	words            vendorwire.Scrubber
}

// patternOrder is the order in which a refusal's message is tried. The
// document gives no code of its own to any of these.
var patternOrder = []string{"auth", "clock", "number_lock", "window", "too_frequent", "blacklist"}

var defaultPatterns = map[string][]string{
	"auth":  {`签名|sign`},
	"clock": {`时间戳|timestamp`},
	// Not 播放次数: too many repetitions are a parameter error.
	"number_lock":  {`号码.*(限制|超限|上限)`, `(呼叫|发送)次数.*(超|限)`},
	"window":       {`时间段|时段`},
	"too_frequent": {`过于频繁`},
	"blacklist":    {`黑名单`},
}

type patterns map[string][]*regexp.Regexp

// find returns the first list, in order, with a pattern that matches, or "".
func (p patterns) find(msg string) string {
	for _, list := range patternOrder {
		if slices.ContainsFunc(p[list], func(re *regexp.Regexp) bool { return re.MatchString(msg) }) {
			return list
		}
	}
	return ""
}

func newConfig(s providers.Settings) (config, error) {
	c := config{baseURL: s.BaseURL, sendNotifyData: true}
	if c.baseURL == "" {
		c.baseURL = defaultBaseURL
	}
	if err := vendorwire.Credentials(s, "app_id", "app_secret"); err != nil {
		return config{}, fmt.Errorf("jumdata: %w", err)
	}
	c.appID, c.appSecret = s.Credential("app_id"), s.Credential("app_secret")
	var err error
	if err = c.applySwitches(s.Switches); err != nil {
		return config{}, fmt.Errorf("jumdata: %w", err)
	}
	if c.patterns, err = compilePatterns(s.LimitPatterns); err != nil {
		return config{}, err
	}
	c.words = vendorwire.NewScrubber(c.appSecret, c.appID)
	// The document states no acknowledgement; the plain word is the commonest convention.
	if c.ack, err = vendorwire.Ack(providers.Ack{Status: http.StatusOK, ContentType: "text/plain", Body: "success"}, s.Ack); err != nil {
		return config{}, fmt.Errorf("jumdata: %w", err)
	}
	return c, nil
}

func (c *config) applySwitches(switches map[string]string) error {
	if err := vendorwire.Known("switch", switches, "auth_mode", "code_500", "send_notify_data"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		value := switches[name]
		switch name {
		case "send_notify_data":
			switch value {
			case "on", "true":
				c.sendNotifyData = true
			case "off", "false":
				c.sendNotifyData = false
			default:
				return fmt.Errorf("send_notify_data must be on or off, not %q", value)
			}
		case "code_500":
			if value != code500Retry && value != code500Uncertain {
				return fmt.Errorf("code_500 must be retry or uncertain, not %q", value)
			}
			c.code500 = value
		case "auth_mode":
			if value != "sign" {
				return fmt.Errorf("auth_mode must be sign, not %q", value)
			}
		}
	}
	return nil
}

// compilePatterns takes the defaults, each list replaced where one is given.
func compilePatterns(given map[string][]string) (patterns, error) {
	if err := vendorwire.Known("list", given, patternOrder...); err != nil {
		return nil, fmt.Errorf("jumdata: limit_patterns: %w", err)
	}
	compiled := patterns{}
	for _, list := range patternOrder {
		sources, replaced := given[list]
		if !replaced {
			sources = defaultPatterns[list]
		}
		for _, source := range sources {
			re, err := regexp.Compile(source)
			if err != nil {
				return nil, fmt.Errorf("jumdata: limit_patterns: %s: pattern %q: %w", list, source, err)
			}
			compiled[list] = append(compiled[list], re)
		}
	}
	return compiled, nil
}
