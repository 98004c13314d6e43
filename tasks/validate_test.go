package tasks_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

func TestNumbersAreTakenAsPeopleWriteThem(t *testing.T) {
	for _, to := range []string{
		"13800000001", "+8613800000001", "+86 138 0000 0001", "86-138-0000-0001", "008613800000001",
		" 138 0000 0001\t", "１３８０００００００１", "＋８６１３８０００００００１", "138‑0000‑0001", "\u200e13800000001",
	} {
		j := call()
		j.To = to
		if err := j.Validate(); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestValidationNamesTheField(t *testing.T) {
	at := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	tags := func(n int) map[string]string {
		m := make(map[string]string)
		for i := range n {
			m[strings.Repeat("k", i+1)] = "v"
		}
		return m
	}
	for name, c := range map[string]struct {
		change func(j *tasks.Job)
		field  string // "": it is accepted
		word   string
	}{
		"kind unknown":   {func(j *tasks.Job) { j.Kind = "fax" }, "kind", "fax"},
		"kind of ours":   {func(j *tasks.Job) { j.Kind = tasks.KindPush }, "kind", "push"},
		"account absent": {func(j *tasks.Job) { j.Account = "" }, "account", "missing"},
		"priority":       {func(j *tasks.Job) { j.Priority = "high" }, "priority", "urgent, normal, bulk"},
		"priority case":  {func(j *tasks.Job) { j.Priority = "Urgent" }, "priority", "urgent"},
		"priority bulk":  {func(j *tasks.Job) { j.Priority = tasks.Bulk }, "", ""},

		"to absent":       {func(j *tasks.Job) { j.To = "" }, "to", "missing"},
		"to blank":        {func(j *tasks.Job) { j.To = " \t" }, "to", "missing"},
		"to 10 digits":    {func(j *tasks.Job) { j.To = "1380000000" }, "to", "too short"},
		"to 12 digits":    {func(j *tasks.Job) { j.To = "138000000011" }, "to", "too long"},
		"to letters":      {func(j *tasks.Job) { j.To = "1380000000a" }, "to", "letter at position 11"},
		"to a landline":   {func(j *tasks.Job) { j.To = "02188888888" }, "to", "mobile"},
		"to abroad":       {func(j *tasks.Job) { j.To = "+12025550100" }, "", ""}, // the account's to say
		"to abroad short": {func(j *tasks.Job) { j.To = "+120255" }, "to", "+86"},
		"to abroad bare":  {func(j *tasks.Job) { j.To = "12025550100" }, "", ""}, // reads as a mobile of the mainland
		"to service":      {func(j *tasks.Job) { j.To = "95588" }, "to", "too short"},
		"to trunk prefix": {func(j *tasks.Job) { j.To = "013800000001" }, "to", "too long"},
		"to two numbers":  {func(j *tasks.Job) { j.To = "13800000001,13800000002" }, "to", "position 12"},
		"to arab digits":  {func(j *tasks.Job) { j.To = "١٣٨٠٠٠٠٠٠٠١" }, "to", "position 1"},
		"to broken bytes": {func(j *tasks.Job) { j.To = "138\xff00000001" }, "to", "position 4"},

		"template absent":  {func(j *tasks.Job) { j.Template = "" }, "template", "missing"},
		"template space":   {func(j *tasks.Job) { j.Template = "JM 1" }, "template", "letters"},
		"template newline": {func(j *tasks.Job) { j.Template = "JM1\n" }, "template", "letters"},
		"template hanzi":   {func(j *tasks.Job) { j.Template = "模板" }, "template", "letters"},
		"template 65":      {func(j *tasks.Job) { j.Template = strings.Repeat("9", 65) }, "template", "64"},
		"template 64":      {func(j *tasks.Job) { j.Template = strings.Repeat("9", 64) }, "", ""},

		"params comma":      {func(j *tasks.Job) { j.Params = []string{"a", "b,c"} }, "params", "value 2 contains ','"},
		"params full comma": {func(j *tasks.Job) { j.Params = []string{"一，二"} }, "", ""},
		"params newline":    {func(j *tasks.Job) { j.Params = []string{"a\nb"} }, "params", "control"},
		"params tab":        {func(j *tasks.Job) { j.Params = []string{"a\tb"} }, "params", "control"},
		"params NUL":        {func(j *tasks.Job) { j.Params = []string{"\x00"} }, "params", "control"},
		"params DEL":        {func(j *tasks.Job) { j.Params = []string{"a\x7f"} }, "params", "control"},
		"params C1":         {func(j *tasks.Job) { j.Params = []string{"a\u0085b"} }, "params", "control"},
		"params U+2028":     {func(j *tasks.Job) { j.Params = []string{"a\u2028b"} }, "params", "control"},
		"params U+2029":     {func(j *tasks.Job) { j.Params = []string{"a\u2029b"} }, "params", "control"},
		"params GBK":        {func(j *tasks.Job) { j.Params = []string{"\xd5\xc5\xc8\xfd"} }, "params", "UTF-8"},
		"params emoji":      {func(j *tasks.Job) { j.Params = []string{"👩‍💻 ok"} }, "", ""},
		"params 51":         {func(j *tasks.Job) { j.Params = make([]string, 51) }, "params", "at most 50"},
		"params 50":         {func(j *tasks.Job) { j.Params = make([]string, 50) }, "", ""},
		"params long":       {func(j *tasks.Job) { j.Params = []string{strings.Repeat("字", 501)} }, "params", "500"},
		"params full":       {func(j *tasks.Job) { j.Params = []string{strings.Repeat("字", 500)} }, "", ""},

		"times -1": {func(j *tasks.Job) { j.Times = -1 }, "times", "-1"},
		"times 4":  {func(j *tasks.Job) { j.Times = 4 }, "times", "4"},
		"times 3":  {func(j *tasks.Job) { j.Times = 3 }, "", ""},

		"expires twice":     {func(j *tasks.Job) { j.ExpiresAt, j.ExpiresIn = at, time.Hour }, "expires_in", "expires_at"},
		"expires negative":  {func(j *tasks.Job) { j.ExpiresIn = -time.Hour }, "expires_in", "negative"},
		"expires 31 days":   {func(j *tasks.Job) { j.ExpiresIn = 31 * 24 * time.Hour }, "expires_in", "720h"},
		"expires 30 days":   {func(j *tasks.Job) { j.ExpiresIn = 30 * 24 * time.Hour }, "", ""},
		"expires too short": {func(j *tasks.Job) { j.ExpiresIn = time.Millisecond - 1 }, "expires_in", "1ms"},
		"expires at start":  {func(j *tasks.Job) { j.NotBefore, j.ExpiresAt = at, at }, "not_before", "never"},
		"expires before":    {func(j *tasks.Job) { j.NotBefore, j.ExpiresAt = at, at.Add(-1) }, "not_before", "never"},
		"expires after":     {func(j *tasks.Job) { j.NotBefore, j.ExpiresAt = at, at.Add(1) }, "", ""},
		"event_url":         {func(j *tasks.Job) { j.EventURL = "https://example.com" }, "", ""},

		"key 257":       {func(j *tasks.Job) { j.IdempotencyKey = strings.Repeat("k", 257) }, "idempotency_key", "257"},
		"key 256":       {func(j *tasks.Job) { j.IdempotencyKey = strings.Repeat("k", 256) }, "", ""},
		"key blank":     {func(j *tasks.Job) { j.IdempotencyKey = "  " }, "idempotency_key", "white space"},
		"key ends":      {func(j *tasks.Job) { j.IdempotencyKey = "a " }, "idempotency_key", "white space"},
		"key ends wide": {func(j *tasks.Job) { j.IdempotencyKey = "a\u3000" }, "idempotency_key", "white space"},
		"key CR":        {func(j *tasks.Job) { j.IdempotencyKey = "a\r" }, "idempotency_key", "control"},
		"key bytes":     {func(j *tasks.Job) { j.IdempotencyKey = "a\xff" }, "idempotency_key", "UTF-8"},
		"key words":     {func(j *tasks.Job) { j.IdempotencyKey = "订单 4711" }, "", ""},

		"tags 21":         {func(j *tasks.Job) { j.Tags = tags(21) }, "tags", "at most 20"},
		"tags 20":         {func(j *tasks.Job) { j.Tags = tags(20) }, "", ""},
		"tags no name":    {func(j *tasks.Job) { j.Tags = map[string]string{"": "v"} }, "tags", "256"},
		"tags no value":   {func(j *tasks.Job) { j.Tags = map[string]string{"k": ""} }, "", ""},
		"tags long name":  {func(j *tasks.Job) { j.Tags = map[string]string{strings.Repeat("k", 257): "v"} }, "tags", "256"},
		"tags long value": {func(j *tasks.Job) { j.Tags = map[string]string{"k": strings.Repeat("v", 257)} }, "tags", "256"},
		"tags bytes":      {func(j *tasks.Job) { j.Tags = map[string]string{"k": "\xff"} }, "tags", "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			j := call()
			c.change(&j)
			tagsBefore := maps.Clone(j.Tags)
			err := j.Validate()
			if !maps.Equal(tagsBefore, j.Tags) {
				t.Error("the caller's tags were changed")
			}
			if c.field == "" {
				if err != nil {
					t.Fatalf("%v, want it accepted", err)
				}
				return
			}
			wantField(t, err, c.field, c.word)
			showsNoNumber(t, err)
		})
	}
}

func showsNoNumber(t *testing.T, err error) {
	t.Helper()
	for _, part := range []string{"138000", "120255", "0218888", "9501300"} {
		if strings.Contains(err.Error(), part) {
			t.Errorf("the error shows a number: %v", err)
		}
	}
}
