package dingxin

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vector is a row of testdata/vectors.tsv.
type vector struct{ algorithm, preimage, digest string }

func vectors(t *testing.T) map[string]vector {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "vectors.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows := map[string]vector{}
	in := bufio.NewScanner(f)
	for line := 0; in.Scan(); line++ {
		cells := strings.Split(in.Text(), "\t")
		if len(cells) != 5 {
			t.Fatalf("line %d has %d cells", line+1, len(cells))
		}
		if line == 0 {
			if in.Text() != "id\talgorithm\tpreimage\tdigest\treading" {
				t.Fatalf("header %q", in.Text())
			}
			continue
		}
		rows[cells[0]] = vector{cells[1], cells[2], cells[3]}
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return rows
}

// D1, D2, D3, D6, D9: every reading of the signature's one sentence, against
// digests that were computed with other tools.
func TestD1SignVectors(t *testing.T) {
	const pushURL = "https://cb.example.com/cb/dingxin/J1.k9f2"
	at := time.UnixMilli(1700000000123)
	call := func() map[string]string { return map[string]string{"telA": "13800000001", "telB": "13900000002"} }
	pushed := func() map[string]string {
		fields := call()
		fields["return_url"] = pushURL
		return fields
	}
	none := func() map[string]string { return map[string]string{} }
	subid := map[string]string{"subid": "04202107251831296890045359"}
	emptied := func() map[string]string {
		fields := call()
		fields["return_url"] = ""
		return fields
	}
	rows := vectors(t)
	for id, tc := range map[string]struct {
		switches map[string]string
		fields   func() map[string]string
		also     map[string]string
	}{
		"D1":         {nil, call, nil},
		"D1-upper":   {map[string]string{"sign_case": "upper"}, call, nil},
		"D1-empty":   {nil, emptied, nil},
		"D1-V2":      {map[string]string{"sign_variant": "v2"}, call, nil},
		"D1-V3":      {map[string]string{"sign_variant": "v3"}, call, nil},
		"D1-seconds": {map[string]string{"timestamp_unit": "s"}, call, nil},
		"D2":         {map[string]string{"sign_variant": "v1"}, pushed, nil},
		"D2-V3":      {map[string]string{"sign_variant": "v3"}, pushed, nil},
		"D2-V4":      {map[string]string{"sign_variant": "v4"}, pushed, nil},
		"D3":         {nil, none, subid},
		"D3-V3":      {map[string]string{"sign_variant": "v3"}, none, subid},
	} {
		t.Run(id, func(t *testing.T) {
			row, listed := rows[id]
			if !listed {
				t.Fatal("not in vectors.tsv")
			}
			delete(rows, id)
			s := testSettings()
			s.Switches = tc.switches
			cfg := newAdapter(t, s).cfg
			fields := cfg.signed(tc.fields(), tc.also, at)
			if fields["sign"] != row.digest {
				t.Errorf("digest %s, want %s", fields["sign"], row.digest)
			}
			if fields["subid"] != "" {
				t.Error("the call's id became a field")
			}
			for name, value := range tc.also {
				fields[name] = value
			}
			if got := cfg.preimage(fields); got != row.preimage {
				t.Errorf("pre-image\n%s, want\n%s", got, row.preimage)
			}
			if letters := map[string]string{"md5": caseLower, "MD5": caseUpper}[row.algorithm]; digest(row.preimage, letters) != row.digest {
				t.Errorf("the row contradicts itself: %q", row.algorithm)
			}
		})
	}
	doc := rows["D-doc"]
	delete(rows, "D-doc")
	got := config{signVariant: keysLower}.preimage(map[string]string{"d": "5", "a": "1", "c": "3", "b": "2", "sign": "x", "e": ""})
	if got != doc.preimage || digest(got, caseLower) != doc.digest {
		t.Errorf("D-doc: %s", got)
	}
	for id := range rows {
		t.Errorf("row %s is not checked", id)
	}
}
