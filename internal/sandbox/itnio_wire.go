package sandbox

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The vendor's statuses, strings all (ITNIO, recordGroup and sendGroup,
// 响应状态码说明) and words for them.
const (
	itnioOK        = "0"
	itnioAccount   = "-1"
	itnioAddress   = "-2"
	itnioNoMoney   = "-10"
	itnioTimestamp = "-16"
	itnioCrash     = "-18"
	itnioExisting  = "-20"
	itnioParameter = "-22"
	itnioNoRecord  = "-24"
	itnioNoRate    = "-26"
)

var itnioWords = map[string]string{
	itnioOK: "success", itnioAccount: "Authentication error", itnioAddress: "Restricted IP access",
	itnioNoMoney: "The customer's balance is insufficient", itnioTimestamp: "Timestamp expires",
	itnioCrash: "Port program unusual", itnioExisting: "Data existing", itnioParameter: "Parameter exception",
	itnioNoRecord: "Data does not exist", itnioNoRate: "Getting fee failed",
}

// itnioAnswer is every JSON answer of the vendor but the balance.
type itnioAnswer struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Data   any    `json:"data"`
}

type itnioBalance struct {
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Balance string `json:"balance"`
	Gift    string `json:"gift"`
}

// itnioRow is the answer for one callee of a group.
type itnioRow struct {
	VoiceID           string `json:"voiceId"`
	Callee            string `json:"callee"`
	TerminationCode   string `json:"terminationCode"`
	TerminationReason string `json:"terminationReason"`
}

func (a itnioAnswer) padded(bytes int) answer {
	a.Reason += strings.Repeat(" ", bytes)
	return a
}

func (itnioAnswer) refused(code int, msg string) answer {
	return itnioAnswer{Status: strconv.Itoa(code), Reason: msg}
}

func itnioRefusal(status string) itnioAnswer {
	return itnioAnswer{Status: status, Reason: itnioWords[status]}
}

// itnioFault is a fault that answers a status.
func itnioFault(status string, placed bool) Fault {
	code, err := strconv.Atoi(status)
	if err != nil {
		panic("sandbox: status " + status) // constants only: a bug
	}
	if placed {
		return faultAnswerPlaced(code, itnioWords[status])
	}
	return FaultAnswer(code, itnioWords[status])
}

// itnioMoney is what so many calls cost, as a decimal string.
func itnioMoney(calls int) string { return fmt.Sprintf("%d.%02d", calls*2/100, calls*2%100) }

// signITNIO is the vendor's signature: MD5 over key, secret and timestamp as it
// was sent, in lower-case hex (ITNIO, recordGroup).
func signITNIO(apiKey, apiSecret, timestamp string) string {
	sum := md5.Sum([]byte(apiKey + apiSecret + timestamp))
	return hex.EncodeToString(sum[:])
}

// authenticate checks how, from where, by whom and when a request was made;
// itnioOK is a yes.
func (v *ITNIO) authenticate(r *http.Request, method string) string {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; r.Method != method || err != nil || kind != "application/json" ||
		charset != "" && !strings.EqualFold(charset, "utf-8") {
		return itnioParameter
	}
	if !v.mayAsk(r.RemoteAddr) {
		return itnioAddress
	}
	stamp := r.Header.Get("Timestamp")
	want := signITNIO(v.opts.APIKey, v.opts.APISecret, stamp)
	if r.Header.Get("Api-Key") != v.opts.APIKey || !hmac.Equal([]byte(r.Header.Get("Sign")), []byte(want)) {
		return itnioAccount
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || v.now().Sub(time.Unix(seconds, 0)).Abs() > v.opts.TimestampTolerance {
		return itnioTimestamp
	}
	return itnioOK
}

// itnioGroup is the body of a send request (ITNIO, sendGroup).
type itnioGroup struct {
	Callee         string  `json:"callee"`
	DisplayNum     *string `json:"displayNum"`
	FileID         string  `json:"fileId"`
	AppID          string  `json:"appId"`
	MaxDuration    *int    `json:"maxDuration"`
	MaxRingingTime *int    `json:"maxRingingTime"`
	LoopCount      *int    `json:"loopCount"`
	CalledInfo     string  `json:"calledInfo"`
}

// readGroup reads one JSON object with no other fields than the documented ones.
func readGroup(w http.ResponseWriter, r *http.Request) (itnioGroup, error) {
	var group itnioGroup
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		return group, fmt.Errorf("read a group: %w", err)
	}
	var given map[string]any // by exact name, which the decoder of a struct does not ask for
	if err := json.Unmarshal(body, &given); err != nil {
		return group, fmt.Errorf("read a group: %w", err)
	}
	if unknownField(given, "callee", "displayNum", "fileId", "appId", "maxDuration", "maxRingingTime", "loopCount", "calledInfo") {
		return group, errors.New("a group with an unknown field")
	}
	if err := json.Unmarshal(body, &group); err != nil {
		return group, fmt.Errorf("read a group: %w", err)
	}
	return group, nil
}
