package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// simulated is a vendor or an application that is played in this process.
type simulated interface {
	http.Handler
	Close()
}

// serve puts it on a free port.
func (w *world) serve(s simulated) (address string, err error) {
	l, err := open(anyPort)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: headerTimeout}
	var wg sync.WaitGroup
	var ended error
	wg.Go(func() { ended = server.Serve(l) })
	w.cleanups = append(w.cleanups, func() error {
		s.Close() // lets go of the requests that hang by design
		err := server.Close()
		wg.Wait()
		if !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return l.Addr().String(), nil
}

// newEventSecret makes a signing secret as Standard Webhooks writes one.
func newEventSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

func eventsConfig(address, secret string) string {
	return fmt.Sprintf("events: {url: \"http://%s/hooks/calls\", secret: %q}\n", address, secret)
}
