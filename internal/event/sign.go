package event

import (
	"encoding/base64"
	"errors"
	"strings"
)

// keyOf is the key that a secret stands for: base64, with or without whsec_ before
// it, is decoded as every library of Standard Webhooks does; any other text is its
// own bytes.
func keyOf(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errors.New("events.secret: is empty")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err == nil && len(key) > 0 {
		return key, nil
	}
	return []byte(secret), nil
}
