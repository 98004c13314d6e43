package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	healthURL     = "http://127.0.0.1:8081/readyz"
	healthTimeout = 3 * time.Second
	healthBody    = 1 << 10 // bytes of an answer that are worth reading
)

const healthHelp = `Ask a running worker whether it is healthy or ready.

It is for health checks where there is no curl, such as in a container: exit
status 0 if the address answers 200, else 1 and one line that says why. Ask
/readyz about work (it speaks to Redis), /healthz about the process alone.

--json prints {"url":…,"ok":true|false,"message":…}, also where it is not well.`

// health is the answer for machines. The URL comes without what may be secret.
type health struct {
	URL     string `json:"url"`
	OK      bool   `json:"ok"`
	Message string `json:"message"` // what the worker said, or why it is not well
}

func healthCommand(stdout io.Writer) *cobra.Command {
	var address string
	var timeout time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "health [--url URL]",
		Short:   "Ask a running worker whether it is ready",
		Long:    healthHelp,
		Example: "  worker health --url " + healthURL,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u, err := url.Parse(address)
			if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
				return usageError{errors.New("health: --url is not an http address such as " + healthURL)}
			}
			if timeout <= 0 {
				return usageError{errors.New("health: --timeout must be longer than 0")}
			}
			text, err := askHealth(cmd.Context(), u, timeout)
			if asJSON {
				said := health{URL: bare(u), OK: err == nil, Message: text}
				if err != nil {
					said.Message = err.Error()
				}
				if err := printJSON(stdout, said); err != nil {
					return err
				}
			}
			if err != nil {
				return fmt.Errorf("health: %w", err)
			}
			if !asJSON {
				fmt.Fprintln(stdout, text)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "url", healthURL, "the `URL` to ask")
	cmd.Flags().DurationVar(&timeout, "timeout", healthTimeout, "how long to wait for the whole answer")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// askHealth returns the first line of a good answer.
func askHealth(ctx context.Context, u *url.URL, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", withoutAddress(err)
	}
	client := &http.Client{
		// Neither a proxy nor another address can know how this worker is.
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return "", withoutAddress(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, healthBody))
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", withoutAddress(err))
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d: %q", answer.StatusCode, line)
	}
	return line, nil
}

// bare is an address without its user and query, which may hold a password.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// withoutAddress drops the URL, which may hold a password, from an error.
func withoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
