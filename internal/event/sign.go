package event

import (
	"encoding/base64"
	"fmt"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// newSigner signs with the key that a secret stands for: base64, with or without
// whsec_ before it, is decoded as every library of Standard Webhooks does; any
// other text is its own bytes.
func newSigner(secret string) (*standardwebhooks.Webhook, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err == nil && len(key) > 0 {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil { // its words may repeat the secret
			return nil, fmt.Errorf("events.secret: cannot be used as a key")
		}
		return signer, nil
	}
	if secret == "" {
		return nil, fmt.Errorf("events.secret: is empty")
	}
	signer, err := standardwebhooks.NewWebhookRaw([]byte(secret))
	if err != nil {
		return nil, fmt.Errorf("events.secret: cannot be used as a key")
	}
	return signer, nil
}
