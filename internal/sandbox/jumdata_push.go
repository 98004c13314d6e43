package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	pushTimeout = 10 * time.Second
	pushRetries = 3
	pushAck     = "success"
)

var errNotLoopback = errors.New("a simulated vendor pushes to loopback addresses only")

// pushData is a result push as documented (Jumdata, 呼叫结果回调推送), with the
// callDesc of failures that the field adds. Empty fields are absent.
type pushData struct {
	CallID         string `json:"callId"`
	CallStatus     int    `json:"callStatus"`
	CallStatusText string `json:"callStatusText"`
	CallTime       int    `json:"callTime"`
	NotifyData     string `json:"notifyData,omitempty"`
	CallDesc       string `json:"callDesc,omitempty"`
}

// wildPush is a failure push as it was seen in the field.
type wildPush struct {
	CallID         string `json:"callId"`
	CallDesc       string `json:"callDesc"`
	CallStatus     string `json:"callStatus"`
	CallStatusText string `json:"callStatusText"`
}

// pushBody is the content of a call's push and its media type.
func (j *Jumdata) pushBody(c *placedCall) ([]byte, string) {
	var asJSON any
	fields := url.Values{"callId": {c.CallID}}
	if c.desc != "" && j.opts.WildFailures {
		wild := wildPush{CallID: c.CallID, CallDesc: "110", CallStatus: "1", CallStatusText: "失败"}
		asJSON = wild
		fields.Set("callDesc", wild.CallDesc)
		fields.Set("callStatus", wild.CallStatus)
		fields.Set("callStatusText", wild.CallStatusText)
	} else {
		data := j.pushData(c)
		asJSON = data
		fields.Set("callStatus", strconv.Itoa(data.CallStatus))
		fields.Set("callStatusText", data.CallStatusText)
		fields.Set("callTime", strconv.Itoa(data.CallTime))
		if data.NotifyData != "" {
			fields.Set("notifyData", data.NotifyData)
		}
		if data.CallDesc != "" {
			fields.Set("callDesc", data.CallDesc)
		}
	}
	if j.opts.PushMode == PushJSON {
		return encode(asJSON), "application/json;charset=UTF-8"
	}
	return []byte(fields.Encode()), "application/x-www-form-urlencoded"
}

func (j *Jumdata) pushData(c *placedCall) pushData {
	data := pushData{CallID: c.CallID, CallStatusText: "成功", NotifyData: c.notifyData}
	if c.desc != "" {
		data.CallStatus, data.CallStatusText, data.CallDesc = 1, "失败", c.desc
		return data
	}
	// Whole seconds, begun ones count: an answered call never lasted 0.
	data.CallTime = int((j.opts.TalkFor + time.Second - 1) / time.Second)
	return data
}

// pushResult waits for a call's end and sends its push in all copies.
func (j *Jumdata) pushResult(c *placedCall, lasts time.Duration) {
	ended := wait(j.ctx, lasts+j.opts.PushDelay)
	var copies sync.WaitGroup
	for range j.opts.PushCopies {
		copies.Go(func() {
			delivered := ended && j.pushUntilTaken(c)
			j.mu.Lock()
			defer j.mu.Unlock()
			if delivered {
				j.pushes.Delivered++
			} else {
				j.pushes.Failed++
			}
		})
	}
	copies.Wait()
}

// pushUntilTaken sends one copy of a push, again with growing waits while it is
// not acknowledged.
func (j *Jumdata) pushUntilTaken(c *placedCall) bool {
	pause := j.opts.PushRetryBase
	for try := 0; ; try++ {
		err := j.pushOnce(c)
		j.mu.Lock()
		j.pushes.Tries++
		if err != nil {
			j.pushes.LastFailure = err.Error()
		}
		j.mu.Unlock()
		if err == nil {
			return true
		}
		if errors.Is(err, errNotLoopback) || try == pushRetries || !wait(j.ctx, pause) {
			return false
		}
		pause *= 2
	}
}

func (j *Jumdata) pushOnce(c *placedCall) error {
	ctx, cancel := context.WithTimeout(j.ctx, pushTimeout)
	defer cancel()
	body, contentType := j.pushBody(c)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.notifyURL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make a push: %w", withoutURL(err))
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := j.opts.PushClient.Do(req)
	if err != nil {
		return fmt.Errorf("send a push: %w", withoutURL(err))
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("read the answer to a push: %w", err)
	}
	if resp.StatusCode != http.StatusOK || string(answer) != pushAck {
		return fmt.Errorf("push not acknowledged: HTTP status %d, %d bytes other than %q", resp.StatusCode, len(answer), pushAck)
	}
	return nil
}

// withoutURL drops the address from a client's error: it carries a token.
func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// loopbackClient connects to this machine only, so that a simulated vendor can
// never reach a real address that a configuration names.
func loopbackClient() *http.Client {
	dialer := &net.Dialer{
		Timeout: pushTimeout,
		// "localhost" is only a name too: what it stands for is checked again.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !to.Addr().Unmap().IsLoopback() {
				return errNotLoopback
			}
			return nil
		},
	}
	return &http.Client{
		Timeout: pushTimeout,
		// No keep-alive: nothing stays behind to be closed.
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				// Other names are not even looked up.
				if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.Unmap().IsLoopback()) {
					return nil, errNotLoopback
				}
				return dialer.DialContext(ctx, network, address)
			},
			DisableKeepAlives:     true,
			TLSHandshakeTimeout:   pushTimeout,
			ResponseHeaderTimeout: pushTimeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
