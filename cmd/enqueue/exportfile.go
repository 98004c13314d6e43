package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// outFile is where rows go: a stream, or a file that takes its name when it is
// whole. Its errors are failures that name it.
type outFile struct {
	buffer *bufio.Writer
	name   string
	to     io.Writer
	file   *os.File // nil: to is standard output
	whole  string   // the name that file takes at the end; "": it has it
}

// openOut opens FILE, or standard output for "-". What is no plain file, such as
// a named pipe, is written to and not replaced.
func (a *app) openOut(name string) (*outFile, error) {
	o := &outFile{name: name, to: a.stdout}
	o.buffer = bufio.NewWriter(o)
	if name == "-" {
		o.name = "standard output"
		return o, nil
	}
	there, err := os.Lstat(name)
	switch {
	case err == nil && !there.Mode().IsRegular():
		o.file, err = os.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	case err == nil || errors.Is(err, fs.ErrNotExist):
		o.whole = name
		o.file, err = os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	}
	if err != nil {
		return nil, failf("out", "%s", err)
	}
	o.to = o.file
	return o, nil
}

// Write implements io.Writer.
func (o *outFile) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		return n, failf("", "write to %s: %v", o.name, err)
	}
	return n, nil
}

// keep ends a whole file.
func (o *outFile) keep() error {
	err := o.buffer.Flush()
	if err == nil && o.whole != "" {
		err = o.named(o.file.Sync()) // a name without its content is worse than none
	}
	if err != nil {
		o.drop()
		return err
	}
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return o.named(errors.Join(err, o.remove()))
	}
	if o.whole == "" {
		return nil
	}
	if err := os.Rename(o.file.Name(), o.whole); err != nil {
		return o.named(errors.Join(err, o.remove()))
	}
	return nil
}

// drop ends a file that is not whole. Of a stream, what there is goes out: the
// rows in it are right. The failure that ended it is the one to tell.
func (o *outFile) drop() {
	if o.whole == "" {
		_ = o.buffer.Flush()
	}
	if o.file != nil {
		_ = o.file.Close()
		_ = o.remove()
	}
}

func (o *outFile) remove() error {
	if o.whole == "" {
		return nil
	}
	return os.Remove(o.file.Name())
}

func (o *outFile) named(err error) error {
	if err == nil {
		return nil
	}
	return failf("", "write to %s: %v", o.name, err)
}
