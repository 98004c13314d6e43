package recordings

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test's own binary, started again, plays the process that is killed, or whose
// disk is full.
const (
	roleVariable   = "CALLPACER_RECORDINGS_ROLE"
	folderVariable = "CALLPACER_RECORDINGS_FOLDER"
)

const diskSize = 1 << 20

func play(role, dir string) int {
	s, err := Open(context.Background(), "file://"+dir, Options{})
	if err != nil {
		return 3
	}
	switch role {
	case "hang":
		half := breaking(wav(1<<19), nil, func() {
			fmt.Fprintln(os.Stdout, "half")
			select {} // until it is killed
		})
		_, _ = s.Save(context.Background(), ofJob(job), half)
	case "full":
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: diskSize, Max: diskSize}); err != nil {
			return 4
		}
		_, err := s.Save(context.Background(), ofJob(job), bytes.NewReader(wav(4*diskSize)))
		if errors.Is(err, syscall.EFBIG) {
			fmt.Fprintln(os.Stdout, "told")
			return 0
		}
	}
	return 5
}

func playedBy(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, folderVariable+"="+dir)
	return cmd
}

func TestAProcessKilledInTheMiddleOfASave(t *testing.T) {
	s, dir := inFolder(t, Options{})
	cmd := playedBy(t, "hang", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "half\n" {
		t.Errorf("it said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
	kept := files(t, dir)
	for name := range kept {
		if kindOf(name) != leftover || !strings.HasPrefix(name, dayOfTest+job+".wav.") {
			t.Errorf("%s is there", name)
		}
	}
	if len(kept) != 1 {
		t.Fatalf("%d files", len(kept))
	}
	// What is left is swept a day later, not before: it might be a save under way.
	edge := time.Now().Add(-720 * time.Hour)
	if n, err := s.Sweep(t.Context(), edge); n != 0 || err != nil {
		t.Errorf("swept %d at once, %v", n, err)
	}
	audio := wav(1 << 20)
	mustSave(t, s, ofJob(job), audio)
	later := mustOpen(t, "file://"+dir, Options{Now: func() time.Time { return time.Now().Add(leftoverAge + time.Minute) }})
	if n, err := later.Sweep(t.Context(), edge); n != 1 || err != nil {
		t.Errorf("swept %d a day later, %v", n, err)
	}
	if kept := files(t, dir); len(kept) != 1 || !bytes.Equal(kept[dayOfTest+job+".wav"], audio) {
		t.Errorf("%d files after the sweep", len(kept))
	}
}

func TestADiskThatFillsHalfWay(t *testing.T) {
	_, dir := inFolder(t, Options{})
	out, err := playedBy(t, "full", dir).CombinedOutput()
	if err != nil || string(out) != "told\n" {
		t.Errorf("%q, %v", out, err)
	}
	if kept := files(t, dir); len(kept) != 0 {
		t.Errorf("%d files", len(kept))
	}
}
