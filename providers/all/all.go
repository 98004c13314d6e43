// Package all names every vendor that callpacer can speak to.
package all

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/dingxin"
	"github.com/callpacer/callpacer/providers/interline"
	"github.com/callpacer/callpacer/providers/itnio"
	"github.com/callpacer/callpacer/providers/jumdata"
)

type vendor struct {
	build  func(providers.Settings) (any, error)
	kinds  []string // the kinds of jobs that applications can give it
	traits providers.Traits
}

// vendors: adding one is its folder and a line here.
var vendors = map[string]vendor{
	"jumdata":   {factory(jumdata.New), []string{"notify", "poll"}, jumdata.Traits},
	"itnio":     {factory(itnio.New), []string{"notify", "poll", "account"}, itnio.Traits},
	"dingxin":   {factory(dingxin.New), []string{"connect", "recording"}, dingxin.Traits},
	"interline": {factory(interline.New), []string{"bind", "unbind", "account", "recording"}, interline.Traits},
}

// factory forgets a constructor's type: capabilities are found by assertion.
func factory[T any](build func(providers.Settings) (T, error)) func(providers.Settings) (any, error) {
	return func(s providers.Settings) (any, error) {
		adapter, err := build(s)
		if err != nil {
			return nil, err // never a typed nil
		}
		return adapter, nil
	}
}

// Build makes the adapter of an account of the vendor. What it can do is found
// by asserting the interfaces of package providers. An error names the setting
// at fault, or the vendors that exist.
func Build(name string, s providers.Settings) (any, error) {
	v, ok := vendors[name]
	if !ok {
		return nil, fmt.Errorf("unknown vendor %q (known: %s)", name, strings.Join(slices.Sorted(maps.Keys(vendors)), ", "))
	}
	return v.build(s)
}

// Known says whether there is an adapter for the vendor.
func Known(name string) bool {
	_, ok := vendors[name]
	return ok
}

// Traits are what the vendor's requests can carry.
func Traits(name string) providers.Traits { return vendors[name].traits }

// Kinds are the kinds of jobs that applications can give the vendor; none for
// an unknown one.
func Kinds(name string) []string { return slices.Clone(vendors[name].kinds) }
