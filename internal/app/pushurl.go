package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/all"
)

// PushURL is the address that a vendor's own settings want for the account's
// pushes. Without public.secret it needs Redis, where the secret is kept.
func PushURL(ctx context.Context, c *configs.Config, name string) (string, error) {
	i := slices.IndexFunc(c.Accounts, func(a configs.Account) bool { return a.Name == name })
	if i < 0 {
		var names []string
		for _, a := range c.Accounts {
			names = append(names, a.Name)
		}
		return "", fmt.Errorf("account %q is not in the configuration; it has %s", name, strings.Join(names, ", "))
	}
	vendorName := c.Accounts[i].Vendor
	if all.Known(vendorName) && !all.Traits(vendorName).AccountPush {
		return "", fmt.Errorf("account %s: %s is told an address with each call; nothing has to be set on its side", name, vendorName)
	}
	if c.Public == nil {
		return "", errors.New("public: is missing; without a receiver no vendor can push")
	}
	vendor, err := newVendor(&c.Accounts[i], time.Now)
	if err != nil {
		return "", fmt.Errorf("account %s: %w", name, err)
	}
	defer closeVendor(vendor) //nolint:errcheck // it was asked nothing
	if _, ok := vendor.(providers.PushParser); !ok {
		return "", fmt.Errorf("account %s: vendor %s pushes nothing", name, vendorName)
	}
	a := &App{config: c}
	if c.Public.Secret.IsZero() {
		if a.redis, err = newConnector(c.Redis, 1); err != nil {
			return "", err
		}
		a.rdb = a.redis.client()
		defer a.rdb.Close() //nolint:errcheck // nothing is on its way any more
		if err := a.redis.ping(ctx, a.rdb); err != nil {
			return "", err
		}
	}
	signer, err := a.signer(ctx)
	if err != nil {
		return "", err
	}
	return c.Public.URL + callbackrx.Path + name + "/" + signer.Account(name), nil
}
