package all

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pinned are the golden vectors of each vendor: the SHA-256 of the file, so that
// no vector changes beside this list, and its rows.
var pinned = map[string]struct {
	sum  string
	rows []string
}{
	"dingxin": {"1f7a8cbcc29cf412541613b4f8bbc5d9dc7f7ea590437cc692c1733ce5d17395", []string{"D-doc md5", "D1 md5", "D1-upper MD5", "D1-empty md5", "D1-V2 md5", "D1-V3 md5", "D1-seconds md5",
		"D2 md5", "D2-V3 md5", "D2-V4 md5", "D3 md5", "D3-V3 md5"}},
	"interline": {"4036658610ed52f312f29c4546e04ab003271eae740d25ba5101bab30782b9b3", []string{
		"L1 sha256", "L1 sha256[24:40]", "L1 sha256[:16]", "L1 sha256[24:]", "L1 header 10000000",
		"L2 sha256", "L2 sha256[24:40]", "L2 sha256[:16]", "L2 sha256[24:]",
	}},
	"itnio":   {"c4ef033654539cac760b10d2d424d6453fedc43d46290e9f4ec40721feecf441", []string{"I-doc md5", "I1 md5"}},
	"jumdata": {"ac754a65fa2da1bc31c634f1c0b055237bc7ae95cf4de6bb46e336c321c00aad", []string{"J-doc sha256", "J1 sha256", "J2 sha256"}},
}

type vector struct{ id, algorithm, preimage, digest, reading string }

const vectorHeader = "id\talgorithm\tpreimage\tdigest\treading"

func parseVectors(t *testing.T, file string) (rows []vector, sum string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if lines[0] != vectorHeader {
		t.Fatalf("%s: header %q", file, lines[0])
	}
	for i, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != 5 || slices.Contains(cells, "") {
			t.Fatalf("%s, line %d: %d cells, or an empty one", file, i+2, len(cells))
		}
		rows = append(rows, vector{cells[0], cells[1], cells[2], cells[3], cells[4]})
	}
	digest := sha256.Sum256(raw)
	return rows, hex.EncodeToString(digest[:])
}

// The vectors were computed with other tools. Here they are computed once more,
// by the standard library alone: no adapter's code takes part.
func TestGoldenVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "*", "testdata", "vectors.tsv"))
	if err != nil || len(files) != len(pinned) {
		t.Fatalf("%d files of vectors, %v; want those of %d vendors", len(files), err, len(pinned))
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(filepath.Dir(file)))
		t.Run(name, func(t *testing.T) {
			rows, sum := parseVectors(t, file)
			want := pinned[name]
			if sum != want.sum {
				t.Errorf("the file has changed: its SHA-256 is %s", sum)
			}
			var names []string
			for _, row := range rows {
				names = append(names, row.id+" "+row.algorithm)
				if got := row.compute(t); got != row.digest {
					t.Errorf("%s %s: computed %s, the row says %s", row.id, row.algorithm, got, row.digest)
				}
			}
			if !slices.Equal(names, want.rows) {
				t.Errorf("rows %q, want %q", names, want.rows)
			}
			checkWrongAnswers(t, rows)
		})
	}
}

// compute is what the row's algorithm makes of its pre-image.
func (v vector) compute(t *testing.T) string {
	t.Helper()
	sum256 := sha256.Sum256([]byte(v.preimage))
	full := hex.EncodeToString(sum256[:])
	if device, ok := strings.CutPrefix(v.algorithm, "header "); ok {
		return "Keytime " + device + "," + v.preimage[len(v.preimage)-len("1700000000123"):] + "," + full[24:40]
	}
	switch v.algorithm {
	case "sha256":
		return full
	case "sha256[24:40]":
		return full[24:40]
	case "sha256[:16]":
		return full[:16]
	case "sha256[24:]":
		return full[24:]
	}
	sum5 := md5.Sum([]byte(v.preimage))
	switch v.algorithm {
	case "md5":
		return hex.EncodeToString(sum5[:])
	case "MD5":
		return strings.ToUpper(hex.EncodeToString(sum5[:]))
	}
	t.Fatalf("%s: unknown algorithm %q", v.id, v.algorithm)
	return ""
}

// A wrong answer stands in the file to be told from the right one of its id.
func checkWrongAnswers(t *testing.T, rows []vector) {
	t.Helper()
	wrong := 0
	for _, row := range rows {
		if !strings.HasPrefix(row.reading, "wrong:") {
			continue
		}
		wrong++
		rivals := 0
		for _, other := range rows {
			if other.id == row.id && strings.HasPrefix(other.reading, "chosen:") {
				rivals++
				if other.digest == row.digest {
					t.Errorf("%s %s: the wrong answer is the right one", row.id, row.algorithm)
				}
			}
		}
		if rivals == 0 {
			t.Errorf("%s %s: no right answer beside the wrong one", row.id, row.algorithm)
		}
	}
	if strings.HasPrefix(rows[0].id, "L") != (wrong == 4) {
		t.Errorf("%d wrong answers", wrong)
	}
	// Readings of one sentence must differ, or choosing one would mean nothing.
	for _, pair := range [][2]string{{"D1", "D1-V2"}, {"D1", "D1-V3"}, {"D1-V2", "D1-V3"}, {"D1", "D1-seconds"}, {"D2", "D2-V3"}, {"D2", "D2-V4"}, {"D3", "D3-V3"}} {
		if a, b := find(rows, pair[0]), find(rows, pair[1]); a != "" && a == b {
			t.Errorf("%s and %s have one digest", pair[0], pair[1])
		}
	}
}

func find(rows []vector, id string) string {
	if i := slices.IndexFunc(rows, func(v vector) bool { return v.id == id }); i >= 0 {
		return rows[i].digest
	}
	return ""
}
