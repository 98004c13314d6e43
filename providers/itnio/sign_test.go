package itnio

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/providers"
	"github.com/callpacer/callpacer/providers/providertest"
)

// secondsDigits is how long the timestamp at the end of a pre-image is.
const secondsDigits = 10

// Each golden vector, through the adapter's own function and through the hash
// alone, so that neither the file nor the function can drift.
func TestSignVectors(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(providertest.Fixture(t, "vectors.tsv")), "\n")
	if lines[0] != "id\talgorithm\tpreimage\tdigest\treading" {
		t.Fatalf("header %q", lines[0])
	}
	var ids []string
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		if len(columns) != 5 || columns[1] != "md5" {
			t.Fatalf("row %q", line)
		}
		id, preimage, digest := columns[0], columns[2], columns[3]
		ids = append(ids, id)
		cut := len(preimage) - secondsDigits
		if got := sign(preimage[:8], preimage[8:cut], preimage[cut:]); got != digest {
			t.Errorf("%s: %s, want %s", id, got, digest)
		}
		sum := md5.Sum([]byte(preimage))
		if hex.EncodeToString(sum[:]) != digest {
			t.Errorf("%s: the file's digest is not its pre-image's", id)
		}
	}
	if got := strings.Join(ids, " "); got != "I-doc I1" {
		t.Errorf("vectors %q", got)
	}
}

// I16: the case of the hex is free; lower case is sent.
func TestI16LowerCaseHex(t *testing.T) {
	got := sign(testKey, testSecret, "1700000000")
	if got != strings.ToLower(got) || len(got) != 32 || !strings.ContainsAny(got, "abcdef") {
		t.Errorf("got %q", got)
	}
}

// I7, I11: the Timestamp header is epoch seconds, wherever the clock stands.
func TestI11TimestampHasNoZone(t *testing.T) {
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("CST", 8*60*60), time.FixedZone("", -11*60*60)} {
		s := testSettings()
		s.Now = func() time.Time { return testNow.In(zone) }
		v := recordVendor(200, providertest.Fixture(t, "record_ok.json"))
		if got := v.adapter(t, s).Poll(t.Context(), query()); got.Class != providers.ClassOK {
			t.Errorf("%v: %+v", zone, got)
		}
		if got := v.last.Get("Timestamp"); got != "1700000000" {
			t.Errorf("%v: Timestamp %q", zone, got)
		}
	}
}

// X9: Go's canonical header names are the vendor's own.
func TestX9HeaderNames(t *testing.T) {
	v := sendVendor(200, providertest.Fixture(t, "send_ok.json"))
	notify(t, v.adapter(t, testSettings()), minimal())
	for _, name := range []string{"Api-Key", "Sign", "Timestamp"} {
		if len(v.last[name]) != 1 { // the map is keyed by canonical names
			t.Errorf("%s: %q", name, v.last[name])
		}
	}
}
