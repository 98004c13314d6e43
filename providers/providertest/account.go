package providertest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
)

// Settings are an account with these credentials and the clock Now.
func Settings(account string, credentials map[string]string) providers.Settings {
	return providers.Settings{
		Account:    account,
		Credential: func(name string) string { return credentials[name] },
		Now:        Now,
	}
}

// Open builds an adapter and closes it with the test.
func Open[A io.Closer](t testing.TB, build func(providers.Settings) (A, error), s providers.Settings) A {
	t.Helper()
	a, err := build(s)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return a
}

// Ready is a line to the vendor; it is closed with the test at the latest.
func Ready(ctx context.Context, t testing.TB, adapter any) providers.Line {
	t.Helper()
	acting, ok := adapter.(providers.Acting)
	if !ok {
		t.Fatalf("%T makes no acting request", adapter)
	}
	line, err := acting.Ready(ctx)
	if err != nil {
		t.Fatalf("Ready: %v", err)
	}
	t.Cleanup(func() { _ = line.Close() })
	return line
}

// Lasting is a permit that holds for the whole test.
func Lasting() providers.Permit {
	until := time.Now().Add(time.Minute)
	return providers.Permit{Until: until, Wall: until.UnixMilli()}
}

// Fixture is a file of the adapter's testdata.
func Fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
