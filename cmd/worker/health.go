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
/readyz about work (it speaks to Redis), /healthz about the process alone.`

func healthCommand(stdout io.Writer) *cobra.Command {
	var address string
	var timeout time.Duration
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
			if err != nil {
				return fmt.Errorf("health: %w", err)
			}
			fmt.Fprintln(stdout, text)
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "url", healthURL, "the `URL` to ask")
	cmd.Flags().DurationVar(&timeout, "timeout", healthTimeout, "how long to wait for the whole answer")
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

// withoutAddress drops the URL, which may hold a password, from an error.
func withoutAddress(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
