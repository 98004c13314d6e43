package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/sandbox"
)

const (
	sandboxRedis = "127.0.0.1:16379"
	sandboxAdmin = "127.0.0.1:8081"
	anyPort      = "127.0.0.1:0"
)

// world is the sandbox: Redis, the vendors and the worker in this process.
type world struct {
	vendors  simulators
	hears    *sandbox.Application
	app      *App
	config   *configs.Config
	redis    string // address
	admin    string // address
	cleanups []func() error
}

func (w *world) close() error {
	var errs []error
	for i := len(w.cleanups) - 1; i >= 0; i-- {
		errs = append(errs, w.cleanups[i]())
	}
	w.cleanups = nil
	return errors.Join(errs...)
}

// openWorld starts everything; on an error it has stopped what it started.
func openWorld(ctx context.Context, o SandboxOptions, log *logrus.Logger) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	redisAddress := sandboxRedis
	if o.Once {
		redisAddress = anyPort
	}
	redis, err := sandbox.StartRedis(redisAddress)
	if err != nil && !o.Once {
		return w, fmt.Errorf("%s is taken, perhaps by another sandbox: stop that one, or use --once, which takes free ports", redisAddress)
	}
	if err != nil {
		return w, err
	}
	w.redis = redis.Addr()
	w.cleanups = append(w.cleanups, func() error { redis.Close(); return nil })
	public, err := open(anyPort)
	if err != nil {
		return w, err
	}
	admin, err := openAdmin(o.Once)
	if err != nil {
		return w, errors.Join(err, public.Close())
	}
	w.admin = admin.Addr().String()
	if err := w.start(ctx, public, admin, log); err != nil {
		return w, errors.Join(err, public.Close(), admin.Close())
	}
	return w, nil
}

// start brings up the vendors and the worker behind the open listeners.
func (w *world) start(ctx context.Context, public, admin net.Listener, log *logrus.Logger) error {
	w.vendors = newSimulators(public.Addr().String())
	addresses := map[string]string{}
	for _, v := range w.vendors.all() {
		address, err := w.serve(v.handler)
		if err != nil {
			return err
		}
		addresses[v.account] = address
	}
	w.vendors.record(addresses)
	secret := newEventSecret()
	w.hears = sandbox.NewApplication(sandbox.ApplicationOptions{Secret: secret})
	hook, err := w.serve(w.hears)
	if err != nil {
		return err
	}
	text := sandboxConfig(w.redis, public.Addr().String(), w.admin, addresses, time.Now()) + eventsConfig(hook, secret)
	if w.config, err = configs.Load([]byte(text), "sandbox.yaml"); err != nil {
		return err
	}
	if w.app, err = Start(ctx, w.config, Options{Log: log, Public: public, Admin: admin}); err != nil {
		return err
	}
	w.cleanups = append(w.cleanups, w.app.Stop)
	return nil
}

func open(address string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open a listener: %w", err)
	}
	return l, nil
}

// openAdmin takes the usual port where it is free, and else any.
func openAdmin(once bool) (net.Listener, error) {
	if !once {
		if l, err := open(sandboxAdmin); err == nil {
			return l, nil
		}
	}
	return open(anyPort)
}
