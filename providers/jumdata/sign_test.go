package jumdata

import (
	"slices"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers/providertest"
)

// The golden vectors, each with the place where app id and secret end.
func TestSignVectors(t *testing.T) {
	parts := map[string][2]string{
		"J-doc": {"xyzxy2121zxyz", "efcefcef1121cefcefc1212121"},
		"J1":    {testID, testSecret},
		"J2":    {"testAppId", "testAppSecret"},
	}
	lines := strings.Split(strings.TrimSpace(providertest.Fixture(t, "vectors.tsv")), "\n")
	var ids []string
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 5 || cells[1] != "sha256" {
			t.Fatalf("row %q", line)
		}
		id, preimage, digest := cells[0], cells[2], cells[3]
		ids = append(ids, id)
		credentials := parts[id]
		stamp, ok := strings.CutPrefix(preimage, credentials[0]+credentials[1])
		if !ok || len(stamp) != len("1700000000123") {
			t.Fatalf("%s: pre-image %s does not begin with its credentials", id, preimage)
		}
		if got := sign(credentials[0], credentials[1], stamp); got != digest {
			t.Errorf("%s: %s, want %s", id, got, digest)
		}
	}
	if !slices.Equal(ids, []string{"J-doc", "J1", "J2"}) {
		t.Errorf("vectors %q", ids)
	}
}
