package record

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

//go:embed lua/store_push.lua
var storePushBody string

//go:embed lua/push_done.lua
var pushDoneBody string

var (
	storePushScript = NewScript("store a push", storePushBody)
	pushDoneScript  = NewScript("end a push", pushDoneBody)
)

const pushPrefix = ".push-"

// Push is one push of a vendor, as it came.
type Push struct {
	Account, Token                string
	Method, ContentType, RawQuery string
	Body                          []byte
	State                         string // received, or how it ended
	ReceivedAt                    time.Time

	// Blanked: something was taken out of Body and RawQuery, and EndRead keeps them so.
	Blanked bool

	replayedAt string
}

// PushID returns the id under which a group keeps the push with this hash.
func PushID(group, hash string) string { return group + pushPrefix + hash }

// IsPush says that a due entry is a push.
func IsPush(member string) bool {
	// Only right behind the group: what follows in other ids is not all ours.
	i := strings.IndexByte(member, '.')
	return i > 0 && strings.HasPrefix(member[i:], pushPrefix)
}

func pushKeys(id string) ([]string, error) {
	group, ok := GroupOf(id)
	if !ok || !IsPush(id) {
		return nil, fmt.Errorf("%q is not a push id", id)
	}
	k := keysOf(group)
	return []string{k.clock(), k.due(), k.push(id)}, nil
}

// StorePush makes a push durable; duplicate says that it was there already, and
// done that it was processed, too.
func (s *Store) StorePush(ctx context.Context, id string, p Push) (duplicate, done bool, err error) {
	names, err := pushKeys(id)
	if err != nil {
		return false, false, err
	}
	answer, err := s.run(ctx, storePushScript, names, id, map[string]any{"fields": map[string]string{
		"account": p.Account, "token": p.Token, "method": p.Method, "content_type": p.ContentType,
		"query": base64.StdEncoding.EncodeToString([]byte(p.RawQuery)), "body": base64.StdEncoding.EncodeToString(p.Body),
	}})
	if err != nil {
		return false, false, err
	}
	return at(answer, 0) == "duplicate", at(answer, 0) == "duplicate" && at(answer, 1) != "received", nil
}

// GetPush returns a stored push, or nil.
func (s *Store) GetPush(ctx context.Context, id string) (*Push, error) {
	names, err := pushKeys(id)
	if err != nil {
		return nil, err
	}
	h, err := s.rdb.HGetAll(ctx, names[2]).Result()
	if err != nil {
		return nil, fmt.Errorf("read push: %w", err)
	}
	if h["state"] == "" {
		return nil, nil
	}
	body, err := base64.StdEncoding.DecodeString(h["body"])
	if err != nil {
		return nil, fmt.Errorf("read push: its body: %w", err)
	}
	query, err := base64.StdEncoding.DecodeString(h["query"])
	if err != nil {
		return nil, fmt.Errorf("read push: its query: %w", err)
	}
	return &Push{
		Account: h["account"], Token: h["token"], Method: h["method"], ContentType: h["content_type"],
		RawQuery: string(query), Body: body, State: h["state"], ReceivedAt: instant(h["received_at"]), replayedAt: h["replayed_at"],
	}, nil
}

// EndPush says that a push was read, and how; it is kept so long that a copy of
// it stays one job.
func (s *Store) EndPush(ctx context.Context, id, state, detail string, retain time.Duration) error {
	return s.endPush(ctx, id, map[string]any{"state": state, "detail": detail, "retain": retain.Milliseconds()})
}

// EndRead is EndPush by who read p. Where somebody has had it read again since,
// nothing changes.
func (s *Store) EndRead(ctx context.Context, id string, p *Push, state, detail string, retain time.Duration) error {
	args := map[string]any{
		"state": state, "detail": detail, "retain": retain.Milliseconds(), "replayed": p.replayedAt,
	}
	if p.Blanked {
		args["query"], args["body"] = base64.StdEncoding.EncodeToString([]byte(p.RawQuery)), base64.StdEncoding.EncodeToString(p.Body)
	}
	return s.endPush(ctx, id, args)
}

func (s *Store) endPush(ctx context.Context, id string, args map[string]any) error {
	names, err := pushKeys(id)
	if err != nil {
		return err
	}
	_, err = s.run(ctx, pushDoneScript, names, id, args)
	return err
}
