package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
)

const (
	dequeuePause  = 250 * time.Millisecond
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 60 * time.Second
	closeTimeout  = 10 * time.Second

	publicListener = "public"
)

// listen opens the configured listeners.
func (a *App) listen(o Options, receiver *callbackrx.Receiver) error {
	if o.Admin != nil || a.config.Admin != nil {
		handler := a.adminHandler()
		a.onStop("monitoring", handler.Close)
		address := ""
		if a.config.Admin != nil {
			address = a.config.Admin.Listen
		}
		if err := a.serve("admin", address, o.Admin, handler); err != nil {
			return err
		}
	}
	if a.config.Public == nil {
		a.log.Warn("no public section: the vendors cannot push, and only polls tell how calls end")
		return nil
	}
	return a.serve(publicListener, a.config.Public.Listen, o.Public, receiver.Routes())
}

// serve runs a listener until Stop.
func (a *App) serve(name, address string, open net.Listener, handler http.Handler) error {
	listener := open
	if listener == nil {
		var config net.ListenConfig
		var err error
		if listener, err = config.Listen(context.Background(), "tcp", address); err != nil {
			return fmt.Errorf("%s.listen: %w", name, err)
		}
	}
	if name == publicListener { // the one that strangers reach
		listener = boundedListener(listener, publicConnections)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10,
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.WithError(err).Errorf("the %s listener ended", name)
		}
	})
	a.log.Infof("%s listens on http://%s", name, listener.Addr())
	a.onStop(name+" listener", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		wg.Wait()
		return err
	})
	return nil
}
