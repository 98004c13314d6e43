package event

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/callpacer/callpacer/internal/record"
)

// maxAnswer is how much of an answer is read, so that its connection can be used
// again. What it says is of no account.
const maxAnswer = 64 << 10

// verdict is what became of one try.
type verdict struct {
	outcome    outcome
	told       bool
	gone       bool          // the endpoint wants no more of it, ever
	why        string        // of a failure: fixed words, never a URL or a secret
	retryAfter time.Duration // 0: the endpoint asked for none
}

// post makes one try. now is the time that is signed.
func (e *Endpoints) post(ctx context.Context, to target, ev record.Event, now time.Time) verdict {
	content, err := body(ev, e.opts.Data)
	if err != nil {
		return verdict{why: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, e.opts.Timeout)
	defer cancel()
	request, err := e.request(ctx, to, WebhookID(ev), content, now)
	if err != nil {
		return verdict{why: err.Error()}
	}
	answer, err := e.client.Do(request)
	if err != nil {
		return verdict{outcome: failed, why: reason(ctx, err, e.opts.Timeout)}
	}
	defer answer.Body.Close()
	// Its status is the answer. What comes behind it is read so that the connection can
	// be used again; where it does not end, it cannot.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	return judge(answer, now)
}

func (e *Endpoints) request(ctx context.Context, to target, id string, content []byte, now time.Time) (*http.Request, error) {
	signature, err := e.signer.Sign(id, now, content)
	if err != nil {
		return nil, fmt.Errorf("the event cannot be signed")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(content))
	if err != nil { // its words repeat the URL
		return nil, fmt.Errorf("the event_url cannot be used")
	}
	h := request.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "callpacer")
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return request, nil
}

func judge(answer *http.Response, now time.Time) verdict {
	status := answer.StatusCode
	switch {
	case status/100 == 2:
		return verdict{outcome: passed, told: true}
	case status == http.StatusGone: // said of the path, by an endpoint that works
		return verdict{outcome: passed, gone: true, why: "the endpoint answered 410: it wants no more of this"}
	case status/100 == 3:
		return verdict{outcome: failed, why: fmt.Sprintf("the endpoint answered %d: redirects are not followed", status)}
	}
	v := verdict{outcome: failed, why: fmt.Sprintf("the endpoint answered %d", status)}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		v.retryAfter = retryAfter(answer.Header, now)
	}
	return v
}

// retryAfter reads seconds or a date as a wait from now, at most an hour.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), longestRetryAfter)
	}
	return 0
}
