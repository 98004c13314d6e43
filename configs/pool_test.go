package configs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// interlineWith is an interline account with more lines.
func interlineWith(lines ...string) string {
	return withAccount(vendorInterline, append([]string{"base_url: https://vendor.example.com"}, lines...)...)
}

// problemOf is what is wrong with a file, without its name and the lines.
func problemOf(t *testing.T, text string) string {
	t.Helper()
	cfg, err := loadWith(text, "x.yaml", nil, nil)
	if err == nil {
		t.Errorf("loads, as %+v:\n%s", cfg.Accounts, text)
		return ""
	}
	var out []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		parts := strings.SplitN(line, ":", 3)
		out = append(out, strings.TrimPrefix(strings.TrimSpace(parts[len(parts)-1]), "accounts[0]."))
	}
	return strings.Join(out, "\n")
}

func TestPool(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                 nil,
		`pool: ["17000000001"]`:            {"17000000001"},
		"pool: [17000000002, 17000000001]": {"17000000002", "17000000001"},
		`pool: ["+86 170-0000-0001", "008617000000002", "１７０００００００３０", "0512 8888 0001"]`: {"17000000001", "17000000002", "17000000030", "051288880001"},
		`pool: ["+44 20 7946 0000", 95001]`:           {"+442079460000", "95001"},
		"pool:\n  - 17000000001\n  - \"17000000002\"": {"17000000001", "17000000002"},
	} {
		if got := mustLoad(t, interlineWith(text)).Accounts[0].Pool; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func poolOf(n int) string {
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprint(17000000000 + i)
	}
	return "pool: [" + strings.Join(numbers, ", ") + "]"
}

func TestPoolIsBounded(t *testing.T) {
	if got := len(mustLoad(t, interlineWith(poolOf(10000))).Accounts[0].Pool); got != 10000 {
		t.Errorf("%d numbers", got)
	}
	if got, want := problemOf(t, interlineWith(poolOf(10001))), "pool: has 10001 numbers; the most is 10000"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestBadPool(t *testing.T) {
	for text, want := range map[string]string{
		"pool: []":                    "pool: is an empty list; leave the key out where there is no pool",
		"pool: off":                   "pool: must be a list",
		"pool: 17000000001":           "pool: must be a list",
		`pool: [""]`:                  "pool[0]: phone number is empty",
		"pool: [17000000001, ]":       "",
		"pool: [17000000001, 17]":     "pool[1]: phone number has 2 digits, want 3 to 24",
		`pool: ["1700000000x"]`:       "pool[0]: phone number has a letter at position 11",
		"pool: [{x: 17000000001}]":    "pool[0]: must be a single value, not a mapping",
		"pool: [17000000001, ~]":      "pool[1]: has no value; write one or leave the key out",
		"pool: [\"${NOT_SET}\"]":      "pool[0]: environment variable NOT_SET is not set",
		"pool: [1.7e10, 17000000001]": "pool[0]: phone number has a character that is not a digit at position 2",
		`pool: ["17000000001", 17000000002, "+86 170 0000 0001"]`:         "pool[2]: is the same number as accounts[0].pool[0]",
		"pool: [17000000001, x, 17000000002, 17000000002, 8617000000002]": "pool[1]: phone number has a letter at position 1\npool[3]: is the same number as accounts[0].pool[2]\npool[4]: is the same number as accounts[0].pool[2]",
		"pools: [17000000001]": "pools: unknown key; did you mean pool?",
	} {
		if want == "" {
			mustLoad(t, interlineWith(text))
			continue
		}
		got := problemOf(t, interlineWith(text))
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
		if strings.Contains(got, "1700000000") {
			t.Errorf("%s: the error quotes a number: %s", text, got)
		}
	}
	for _, vendor := range []string{vendorJumdata, vendorITNIO, vendorDingxin} {
		for _, text := range []string{"pool: [17000000001]", "pool: []", "pool: 17000000001"} {
			got, want := problemOf(t, withAccount(vendor, text)), "pool: "+vendor+" has no middle numbers of its own to choose from; leave the key out"
			if got != want {
				t.Errorf("%s: %s, want %s", vendor, got, want)
			}
		}
	}
}

// Of a vendor that is misspelt nothing is known, so nothing more is said.
func TestUnknownVendorIsTheOnlyProblem(t *testing.T) {
	text := strings.Replace(interlineWith("pool: [17000000001]", "probe: {every: 1m}", "redial: {max: 1}"), "vendor: interline", "vendor: interlin", 1)
	if got := problemOf(t, text); !strings.HasPrefix(got, "vendor: ") || strings.Contains(got, "\n") {
		t.Errorf("problems: %s", got)
	}
}
