package configs

import (
	"strings"
	"unicode"

	"github.com/callpacer/callpacer/internal/secret"
)

// secret reads a secret from its key or from the file that key_file names. A
// secret that is not given is empty.
func (o *object) secret(key string) secret.String {
	if o.producerSkips(key) {
		return secret.String{}
	}
	fileKey := key + "_file"
	v, plain := o.take(key)
	f, fromFile := o.take(fileKey)
	switch {
	case plain && fromFile:
		o.fail(fileKey, "given together with %s; keep one of the two", key)
	case plain:
		if s, ok := v.scalar(); ok {
			return v.checkedSecret(s.text)
		}
	case fromFile:
		if path := o.text(fileKey, ""); path != "" {
			data, err := o.l.readFile(path)
			if err != nil {
				f.fail("cannot read the secret's file: %v", err)
				return secret.String{}
			}
			return f.checkedSecret(string(data))
		}
	}
	return secret.String{}
}

// requiredSecret is secret of a key that has to be given.
func (o *object) requiredSecret(key string) secret.String {
	if !o.producerSkips(key) && !o.has(key) && !o.has(key+"_file") {
		o.fail(key, "is required (or %s_file)", key)
	}
	return o.secret(key)
}

// secrets reads a list of secrets, or of the files that key_files names. The
// plain ones come first where both are given.
func (o *object) secrets(key string) []secret.String {
	fileKey := key + "_files"
	if o.l.producer {
		o.take(key)
		o.take(fileKey)
		return nil
	}
	var out []secret.String
	for _, item := range o.items(key) {
		if s, ok := item.scalar(); ok {
			out = append(out, item.checkedSecret(s.text))
		}
	}
	for _, item := range o.items(fileKey) {
		s, ok := item.scalar()
		if !ok {
			continue
		}
		data, err := o.l.readFile(s.text)
		if err != nil {
			item.fail("cannot read the secret's file: %v", err)
			continue
		}
		out = append(out, item.checkedSecret(string(data)))
	}
	return out
}

// checkedSecret makes a secret of text without its final line breaks.
func (v value) checkedSecret(text string) secret.String {
	text = strings.TrimRight(text, "\r\n")
	switch {
	case text == "":
		v.fail("the secret is empty")
	case strings.ContainsFunc(text, unicode.IsControl):
		v.fail("the secret holds a line break or another control character")
	case strings.TrimSpace(text) != text:
		v.fail("the secret begins or ends with a space")
	default:
		return secret.New(text)
	}
	return secret.String{}
}

// producerSkips reports whether a producer has no business with this secret.
// Its keys are known all the same.
func (o *object) producerSkips(key string) bool {
	o.take(key)
	o.take(key + "_file")
	return o.l.producer && o.path != "redis" && o.path != "redis.sentinel"
}
