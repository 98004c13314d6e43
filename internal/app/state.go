package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callpacer/callpacer/configs"
	"github.com/callpacer/callpacer/internal/journal"
)

// errNoState says that nothing is to be kept on this machine.
var errNoState = errors.New("state_dir is off")

// packagedState is the folder that packages and images make for us.
const packagedState = "/var/lib/callpacer"

// stateDir is where this machine keeps what Redis cannot take; the folder need
// not exist yet.
func stateDir(configured string, getenv func(string) string) (string, error) {
	switch configured {
	case configs.StateOff:
		return "", errNoState
	case "":
	default:
		return configured, nil
	}
	if dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if info, err := os.Stat(packagedState); err == nil && info.IsDir() && journal.Writable(packagedState) == nil {
		return packagedState, nil
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "callpacer"), nil
	}
	if dir := getenv("HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, ".local", "state", "callpacer"), nil
	}
	return "", errors.New("no folder to keep anything in: set state_dir")
}

// deployment names the Redis, so that what was kept for one is not replayed into
// another.
func (c *connector) deployment() string {
	addrs := slices.Sorted(slices.Values(c.options.Addrs))
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %d", addrs, c.options.MasterName, c.options.DB)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// journal opens the journal of this name for this worker's Redis. Stop closes
// it, after what was started later. The error is for people: what it was for has
// no place on this machine.
func (a *App) journal(name string) (*journal.Journal, error) {
	dir, err := stateDir(a.config.StateDir, os.Getenv)
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(filepath.Join(dir, a.redis.deployment(), name), journal.Options{Log: a.log.WithField("journal", name)})
	if err != nil {
		return nil, fmt.Errorf("state_dir: %w", err)
	}
	a.onStop("journal "+name, j.Close)
	return j, nil
}

// journals are the names of what this configuration's workers keep.
func journals(c *configs.Config) []string {
	names := []string{"pushes"}
	for i := range c.Accounts {
		names = append(names, settlements+c.Accounts[i].Name)
	}
	return names
}

// strandedState names the folders under the state folder that keep something which
// no worker of this configuration brings in: those of other deployments, which wait
// for a worker with their Redis, and our own that are in none of the names.
func strandedState(dir, own string, names []string) []string {
	found, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.journal"))
	if err != nil {
		return nil // a folder whose own name is a pattern
	}
	var out []string
	for _, path := range found {
		folder := filepath.Dir(path)
		of := filepath.Dir(folder)
		if filepath.Base(of) != own {
			folder = of
		} else if slices.Contains(names, filepath.Base(folder)) {
			continue
		}
		if !slices.Contains(out, folder) {
			out = append(out, folder)
		}
	}
	return out
}

// canKeep says whether the folder, or the nearest one above it that exists, can
// be written to.
func canKeep(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("%s is no folder", at)
		case err == nil:
			return journal.Writable(at)
		case !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at):
			return fmt.Errorf("%s cannot be looked at: %w", at, err)
		}
	}
}
