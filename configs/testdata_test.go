package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every file in testdata holds one mistake. Its first lines say, after
// "# want: ", the whole error; the file's name before each line is left out.
func TestEveryMistakeIsNamed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 35 {
		t.Fatalf("%d files in testdata, %v", len(files), err)
	}
	t.Setenv("CALLPACER_TEST_SECRET", clearText)
	t.Setenv("CALLPACER_TEST_EMPTY", "")
	t.Setenv("CALLPACER_TEST_STRUCTURE", "a, admin: {listen: 0.0.0.0:1}}\nlog: {level: debug}")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(strings.TrimSpace(line), "# want: "); ok {
					want = append(want, file+":"+text)
				}
			}
			cfg, err := LoadFile(file)
			if err == nil {
				t.Fatalf("loads, as %+v", cfg)
			}
			if got := err.Error(); got != strings.Join(want, "\n") {
				t.Errorf("error:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}
