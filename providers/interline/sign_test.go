package interline

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/providers/providertest"
)

// vector is one row of testdata/vectors.tsv.
type vector struct{ id, algorithm, preimage, digest, reading string }

func vectors(t *testing.T) []vector {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(providertest.Fixture(t, "vectors.tsv"), "\n"), "\n")
	if lines[0] != "id\talgorithm\tpreimage\tdigest\treading" {
		t.Fatalf("header %q", lines[0])
	}
	var rows []vector
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			t.Fatalf("%d columns in %q", len(f), line)
		}
		rows = append(rows, vector{f[0], f[1], f[2], f[3], f[4]})
	}
	return rows
}

// parts takes a pre-image apart: the timestamp is its last 13 characters.
func (v vector) parts() (key, millis string) {
	return v.preimage[:len(v.preimage)-13], v.preimage[len(v.preimage)-13:]
}

// L1, L2, L23: the adapter sends the chosen readings and never the wrong ones.
func TestL1Vectors(t *testing.T) {
	for _, v := range vectors(t) {
		key, millis := v.parts()
		got := sign(key, millis)
		if devID, isHeader := strings.CutPrefix(v.algorithm, "header "); isHeader {
			got = keytime(devID, key, millis)
		}
		if chosen := strings.HasPrefix(v.reading, "chosen: "); chosen != (got == v.digest) {
			t.Errorf("%s %s: the adapter makes %q, the row (%s) says %q", v.id, v.algorithm, got, v.reading, v.digest)
		}
	}
}

// The file itself is checked by another way, so that neither a slip in it nor a
// lost row can hide one in the adapter.
func TestVectorsAreWhole(t *testing.T) {
	want := map[string]int{"L1": 5, "L2": 4}
	for _, v := range vectors(t) {
		want[v.id]--
		sum := sha256.Sum256([]byte(v.preimage))
		digest := hex.EncodeToString(sum[:])
		switch v.algorithm {
		case "sha256":
		case "sha256[24:40]":
			digest = digest[24:40]
		case "sha256[:16]":
			digest = digest[:16]
		case "sha256[24:]":
			digest = digest[24:]
		case "header 10000000":
			digest = "Keytime 10000000," + v.preimage[len(v.preimage)-13:] + "," + digest[24:40]
		default:
			t.Errorf("%s: unknown algorithm %q", v.id, v.algorithm)
		}
		if digest != v.digest {
			t.Errorf("%s %s: %q, the row says %q", v.id, v.algorithm, digest, v.digest)
		}
	}
	for id, missing := range want {
		if missing != 0 {
			t.Errorf("%s: %d rows are missing", id, missing)
		}
	}
}

// L1: the document's own example cannot be computed again (its key is not
// published) but tells the length.
func TestL1LengthOfTheDocumentsExample(t *testing.T) {
	if got := sign("any key", "1622020210513"); len(got) != len("afc1b805b6d7fb21") || strings.ToLower(got) != got {
		t.Errorf("signature %q", got)
	}
}

// L2: the developer's id is not signed, only sent.
func TestL2DevIDIsNotSigned(t *testing.T) {
	one, other := keytime("1", "key", "1700000000123"), keytime("2", "key", "1700000000123")
	if strings.TrimPrefix(one, "Keytime 1,") != strings.TrimPrefix(other, "Keytime 2,") {
		t.Errorf("%q and %q", one, other)
	}
}
