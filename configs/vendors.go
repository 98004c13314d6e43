package configs

import "slices"

// The vendors that an account can name.
const (
	vendorJumdata   = "jumdata"
	vendorITNIO     = "itnio"
	vendorDingxin   = "dingxin"
	vendorInterline = "interline"
)

var vendorNames = []string{vendorJumdata, vendorITNIO, vendorDingxin, vendorInterline}

// authModeAppcode is Jumdata bought through Aliyun Market: another address and
// another credential.
const authModeAppcode = "appcode"

// vendorSpec is what the schema has to know of a vendor.
type vendorSpec struct {
	baseURL string // empty: has to be configured
	// recordingBaseURL is where recordings lie, where that is another host.
	recordingBaseURL string
	credentials      []string
	// chinaRules: the vendor's own window, quota and lockout apply by default.
	chinaRules bool
	// middleNumbers: those who bind choose the number, so there may be a pool.
	middleNumbers bool
	// probes: the vendor tells how an account stands.
	probes, probedByDefault bool
	placesCalls             bool     // at our word; a binding waits for others to call
	switches                []string // that its adapter has; nil: an unknown vendor
	maxPushURL              int      // characters; 0: not known
}

// jumdataSwitches are those that Jumdata's adapter has.
var jumdataSwitches = []string{"send_notify_data", "code_500", "auth_mode"}

// jumdataPushURL is the length of the notifyUrl parameter.
// Jumdata, 语音通知-随机主叫, 发送API.
const jumdataPushURL = 255

// vendorOf returns the zero vendorSpec for an unknown vendor.
func vendorOf(vendor, authMode string) vendorSpec {
	switch vendor {
	case vendorJumdata:
		if authMode == authModeAppcode {
			return vendorSpec{
				credentials: []string{"app_code"}, chinaRules: true, placesCalls: true,
				switches: jumdataSwitches, maxPushURL: jumdataPushURL,
			}
		}
		return vendorSpec{
			baseURL:     "https://api.jumdata.com",
			credentials: []string{"app_id", "app_secret"},
			chinaRules:  true,
			placesCalls: true,
			switches:    jumdataSwitches,
			maxPushURL:  jumdataPushURL,
		}
	case vendorITNIO:
		return vendorSpec{
			baseURL:     "https://api.itniotech.com",
			credentials: []string{"api_key", "api_secret", "app_id"},
			probes:      true, // only if asked to: it rests on public documentation alone
			placesCalls: true,
			switches:    []string{"display_num"},
		}
	case vendorDingxin:
		return vendorSpec{
			baseURL:          "https://xlv2.dingxin106.com",
			recordingBaseURL: "https://xl.dingxin106.com",
			credentials:      []string{"app_key", "app_secret"},
			placesCalls:      true,
			switches:         []string{"sign_variant", "sign_case", "timestamp_unit", "encoding", "return_url_key", "telx_means"},
		}
	case vendorInterline:
		return vendorSpec{
			credentials:   []string{"dev_id", "auth_key", "app_id"},
			middleNumbers: true, probes: true, probedByDefault: true,
			switches: []string{},
		}
	default:
		return vendorSpec{}
	}
}

// switchNames are the per-account switches whose values the adapters know.
var switchNames = []string{
	"sign_variant", "sign_case", "timestamp_unit", "encoding", "return_url_key",
	"telx_means", "send_notify_data", "code_500", "auth_mode",
	"display_num",
}

// switchValues are the closed sets among them.
var switchValues = map[string][]string{
	"sign_variant":     {"v1", "v2", "v3", "v4"},
	"sign_case":        {"lower", "upper"},
	"timestamp_unit":   {"ms", "s"},
	"encoding":         {"form", "json"},
	"telx_means":       {"placed", "dial"},
	"return_url_key":   {"return_url", "retrun_url"},
	"send_notify_data": {"true", "false"},
	"code_500":         {"retry", "uncertain"},
	"auth_mode":        {"sign", authModeAppcode},
}

// switches returns the switches that are set, nil where none is.
func (o *object) switches() map[string]string {
	out := map[string]string{}
	for _, name := range switchNames {
		if !o.has(name) {
			continue
		}
		set := ""
		if allowed, closed := switchValues[name]; closed {
			set = o.choice(name, "", slices.Clone(allowed)...)
		} else {
			set = o.text(name, "")
		}
		if set != "" {
			out[name] = set
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
