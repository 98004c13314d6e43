package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/sandbox"
)

// SandboxOptions say how the sandbox runs.
type SandboxOptions struct {
	Once     bool // take free ports, and end when the sample batch is done
	JSON     bool // the closing table as JSON lines
	Out, Err io.Writer
}

const (
	sandboxRedis = "127.0.0.1:16379"
	sandboxAdmin = "127.0.0.1:8081"
	anyPort      = "127.0.0.1:0"

	sandboxAppID     = "sandbox"
	sandboxAppSecret = "sandbox-secret"
	sandboxAccount   = "jumdata-sandbox"
	closedAccount    = "jumdata-closed"
)

// world is the sandbox: Redis, the vendor and the worker in this process.
type world struct {
	vendor   *sandbox.Jumdata
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

// RunSandbox shows the whole path in one process: a sample batch with progress
// and a closing table; then, without Once, it stays up until ctx ends.
func RunSandbox(ctx context.Context, o SandboxOptions) (err error) {
	log := logrus.New()
	log.SetOutput(o.Err)
	log.SetLevel(logrus.ErrorLevel)
	w, err := openWorld(ctx, o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	say := o.Out
	if o.JSON {
		say = o.Err // standard output has the table's objects and nothing else
	}
	fmt.Fprintln(say, "This is callpacer's sandbox: the vendor is simulated, Redis runs inside this process,")
	fmt.Fprintln(say, "nobody is called, and nothing is kept when it ends.")
	fmt.Fprintln(say)
	batch := &sampleBatch{world: w, say: say, out: o.Out, json: o.JSON}
	if err := batch.run(ctx); err != nil {
		return err
	}
	if o.Once {
		return nil
	}
	fmt.Fprintf(say, "\nThe sandbox stays up until Ctrl-C. Monitoring: http://%s/monitor/\n", w.admin)
	fmt.Fprintf(say, "Try:  go run ./cmd/enqueue notify --sandbox --account %s --to 13800000012 --template T1\n", sandboxAccount)
	fmt.Fprintln(say, "The last two digits of a number decide what becomes of the call:")
	for _, n := range sandbox.Numbers() {
		suffix := n.Suffix
		if suffix == "" {
			suffix = "any other"
		}
		fmt.Fprintf(say, "  %-9s  %s\n", suffix, n.What)
	}
	<-ctx.Done()
	return nil
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
	w.vendor = sandbox.NewJumdata(sandbox.JumdataOptions{AppID: sandboxAppID, AppSecret: sandboxAppSecret})
	vendor, err := w.serveVendor()
	if err != nil {
		return w, err
	}
	public, err := open(anyPort)
	if err != nil {
		return w, err
	}
	admin, err := openAdmin(o.Once)
	if err != nil {
		return w, errors.Join(err, public.Close())
	}
	w.admin = admin.Addr().String()
	text := sandboxConfig(w.redis, vendor, public.Addr().String(), w.admin, time.Now())
	if w.config, err = configs.Load([]byte(text), "sandbox.yaml"); err != nil {
		return w, errors.Join(err, public.Close(), admin.Close())
	}
	if w.app, err = Start(ctx, w.config, Options{Log: log, Public: public, Admin: admin}); err != nil {
		return w, errors.Join(err, public.Close(), admin.Close())
	}
	w.cleanups = append(w.cleanups, w.app.Stop)
	return w, nil
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

// serveVendor puts the simulated vendor on a free port.
func (w *world) serveVendor() (address string, err error) {
	l, err := open(anyPort)
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: w.vendor, ReadHeaderTimeout: headerTimeout}
	var wg sync.WaitGroup
	var ended error
	wg.Go(func() { ended = server.Serve(l) })
	w.cleanups = append(w.cleanups, func() error {
		w.vendor.Close() // lets go of the requests that hang by design
		err := server.Close()
		wg.Wait()
		if !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return l.Addr().String(), nil
}

// sandboxConfig is an ordinary configuration; one account's window is shut at
// any hour, for it opens two hours from now.
func sandboxConfig(redis, vendor, public, admin string, now time.Time) string {
	zone := time.FixedZone("CST", 8*3600)
	opens := now.In(zone).Add(2 * time.Hour)
	account := func(name, window string) string {
		return fmt.Sprintf(`  - name: %s
    vendor: jumdata
    base_url: http://%s
    credentials: {app_id: %s, app_secret: %s}
    timeout: 2s
    rules: {window: {%s, time_zone: Asia/Shanghai}}
    retry: {max_attempts: 3, backoff: [1s]}
    poll: {first: 3s, backoff: [3s], give_up: 5m}
    in_doubt_deadline: 1m
`, name, vendor, sandboxAppID, sandboxAppSecret, window)
	}
	return strings.Join([]string{
		"redis: {url: redis://" + redis + "/0}\n",
		"public: {listen: \"" + public + "\", url: \"http://" + public + "\"}\n",
		"admin: {listen: \"" + admin + "\"}\n",
		"accounts:\n",
		account(sandboxAccount, `open: "00:00", close: "24:00"`),
		account(closedAccount, fmt.Sprintf(`open: %q, close: %q`, opens.Format("15:04"), opens.Add(time.Hour).Format("15:04"))),
	}, "")
}
