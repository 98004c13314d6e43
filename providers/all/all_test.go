package all

import (
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers"
)

func settings() providers.Settings {
	return providers.Settings{
		BaseURL:    "https://vendor.example", // interline has no address of its own
		Credential: func(name string) string { return "test-" + name },
	}
}

// Every vendor named here can be built and does what its kinds promise.
func TestKindsMatchCapabilities(t *testing.T) {
	for name := range vendors {
		adapter, err := Build(name, settings())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, notify := adapter.(providers.Notifier)
		_, poll := adapter.(providers.Poller)
		_, recording := adapter.(providers.RecordingFetcher)
		for kind, able := range map[string]bool{"notify": notify, "poll": poll, "recording": recording} {
			if slices.Contains(Kinds(name), kind) != able {
				t.Errorf("%s: kind %s listed: %v, able: %v", name, kind, !able, able)
			}
		}
		if !Known(name) {
			t.Errorf("%s is not known", name)
		}
	}
	if got := Kinds("jumdata"); !slices.Equal(got, []string{"notify", "poll"}) {
		t.Errorf("jumdata: kinds %v", got)
	}
}

func TestKindsCannotBeChangedFromOutside(t *testing.T) {
	Kinds("jumdata")[0] = "changed"
	if Kinds("jumdata")[0] != "notify" {
		t.Error("the table can be written through Kinds")
	}
}

func TestUnknownVendor(t *testing.T) {
	_, err := Build("nobody", settings())
	if err == nil || !strings.Contains(err.Error(), `"nobody"`) || !strings.Contains(err.Error(), "jumdata") {
		t.Errorf("got %v, want an error that names it and the known ones", err)
	}
	if Known("nobody") || len(Kinds("nobody")) != 0 {
		t.Error("an unknown vendor is known")
	}
}

func TestFailedBuildIsNil(t *testing.T) {
	adapter, err := Build("jumdata", providers.Settings{})
	if err == nil || adapter != nil {
		t.Errorf("got %v, %v; want nil and an error", adapter, err)
	}
}
