//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package journal

import (
	"errors"
	"os"
)

// flock fails: without such locks nobody knows whose a segment is, so there is
// no journal on this system.
func flock(*os.File) (ours bool, err error) {
	return false, errors.New("this system has no file locks that end with their process")
}
