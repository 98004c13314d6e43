package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

// Jobs that are accepted as they stand, one of each kind and mode.
func connectJob() tasks.Job {
	return tasks.Job{Kind: tasks.KindConnect, Account: "all-main", From: "021-8888 8888", To: "13800000001"}
}

func axb() tasks.Job {
	return tasks.Job{
		Kind: tasks.KindBind, Account: "all-main", X: "95013000000001", A: "13800000001", B: "13800000002", TTL: time.Hour,
	}
}

func xa() tasks.Job {
	return tasks.Job{Kind: tasks.KindBind, Account: "all-main", Mode: tasks.ModeXA, X: "95013000000001", A: "13800000001", TTL: time.Hour}
}

func unbindJob() tasks.Job {
	return tasks.Job{Kind: tasks.KindUnbind, Account: "all-main", Binding: "jumdata.01JD0000000000000000000000"}
}

func pollJob() tasks.Job {
	return tasks.Job{Kind: tasks.KindPoll, Account: "all-main", VendorID: "call-1", To: "13800000001"}
}

func recordingJob() tasks.Job {
	return tasks.Job{Kind: tasks.KindRecording, Account: "all-main", VendorID: "sub-1"}
}

func accountJob() tasks.Job { return tasks.Job{Kind: tasks.KindAccount, Account: "all-main"} }

// allKinds takes whatever the vendors take together.
func allKinds() tasks.Account {
	a := account
	a.Name, a.Vendor = "all-main", "all"
	a.Kinds = []tasks.Kind{
		tasks.KindNotify, tasks.KindConnect, tasks.KindBind, tasks.KindUnbind, tasks.KindPoll, tasks.KindRecording, tasks.KindAccount,
	}
	a.Traits = tasks.Traits{International: true, Params: true, Endless: true}
	return a
}

// jobsOfAllKinds by name.
func jobsOfAllKinds() map[string]tasks.Job {
	notify := call()
	notify.Account, notify.Kind = "all-main", tasks.KindNotify
	return map[string]tasks.Job{
		"notify": notify, "connect": connectJob(), "axb": axb(), "xa": xa(), "unbind": unbindJob(),
		"poll": pollJob(), "recording": recordingJob(), "account": accountJob(),
	}
}

// fill sets one field of content, by its name in JSON.
var fill = map[string]func(j *tasks.Job){
	"to": func(j *tasks.Job) { j.To = "13800000003" }, "template": func(j *tasks.Job) { j.Template = "T" },
	"params": func(j *tasks.Job) { j.Params = []string{"p"} }, "times": func(j *tasks.Job) { j.Times = 1 },
	"from": func(j *tasks.Job) { j.From = "13800000004" }, "mode": func(j *tasks.Job) { j.Mode = tasks.ModeAXB },
	"x": func(j *tasks.Job) { j.X = "95013" }, "a": func(j *tasks.Job) { j.A = "13800000005" },
	"b": func(j *tasks.Job) { j.B = "13800000006" }, "ttl": func(j *tasks.Job) { j.TTL = time.Minute },
	"record": func(j *tasks.Job) { j.Record = true }, "display": func(j *tasks.Job) { j.Display = "0,0" },
	"prompts":        func(j *tasks.Job) { j.Prompts = []string{"1"} },
	"answer_prompts": func(j *tasks.Job) { j.AnswerPrompts = []string{"1"} },
	"user_data":      func(j *tasks.Job) { j.UserData = "u" }, "job": func(j *tasks.Job) { j.Binding = "g.1" },
	"subid": func(j *tasks.Job) { j.Subid = "s" }, "vendor_id": func(j *tasks.Job) { j.VendorID = "v" },
}

// A field that a kind would leave out is an error that names it and the kind.
func TestEveryKindRefusesTheOthersFields(t *testing.T) {
	takes := map[string]string{
		"notify": "to template params times", "connect": "from to",
		"axb":    "mode x a b ttl record display prompts answer_prompts user_data",
		"xa":     "mode x a b ttl record display prompts answer_prompts user_data",
		"unbind": "mode x job subid", "poll": "to vendor_id", "recording": "vendor_id", "account": "",
	}
	for name, job := range jobsOfAllKinds() {
		if err := job.Validate(); err != nil {
			t.Errorf("%s: %v, want it accepted", name, err)
		}
		refused := 0
		for field, set := range fill {
			if strings.Contains(" "+takes[name]+" ", " "+field+" ") {
				continue
			}
			refused++
			j := job
			set(&j)
			wantField(t, j.Validate(), field, "is not a field of a "+string(j.Kind)+" job")
		}
		if want := len(fill) - len(strings.Fields(takes[name])); refused != want {
			t.Errorf("%s: %d fields were tried, want %d", name, refused, want)
		}
	}
}

type wrong struct {
	change func(j *tasks.Job)
	field  string // "": it is accepted
	word   string
}

func wantValidation(t *testing.T, job func() tasks.Job, cases map[string]wrong) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			j := job()
			c.change(&j)
			err := j.Validate()
			if c.field == "" {
				if err != nil {
					t.Errorf("%v, want it accepted", err)
				}
				return
			}
			wantField(t, err, c.field, c.word)
			showsNoNumber(t, err)
		})
	}
}

func TestValidationOfConnect(t *testing.T) {
	wantValidation(t, connectJob, map[string]wrong{
		"from absent":         {func(j *tasks.Job) { j.From = "" }, "from", "missing"},
		"from blank":          {func(j *tasks.Job) { j.From = " " }, "from", "missing"},
		"from short":          {func(j *tasks.Job) { j.From = "1380000000" }, "from", "too short"},
		"from abroad":         {func(j *tasks.Job) { j.From = "+12025550100" }, "from", "+86"},
		"from service":        {func(j *tasks.Job) { j.From = "95588" }, "from", "too short"},
		"from local landline": {func(j *tasks.Job) { j.From = "88888888" }, "from", "too short"},
		"from mobile":         {func(j *tasks.Job) { j.From = "+86 13800000009" }, "", ""},
		"from landline +86":   {func(j *tasks.Job) { j.From = "+86 21 8888 8888" }, "", ""},
		"to absent":           {func(j *tasks.Job) { j.To = "" }, "to", "missing"},
		"to abroad":           {func(j *tasks.Job) { j.To = "+12025550100" }, "to", "+86"},
		"to landline":         {func(j *tasks.Job) { j.To = "0755-8888 8888" }, "", ""},
		"to trunk prefix":     {func(j *tasks.Job) { j.To = "013800000001" }, "to", "too long"},
		"to letters":          {func(j *tasks.Job) { j.To = "0755x8888" }, "to", "letter"},
		"to is from":          {func(j *tasks.Job) { j.To = "+86 021 88888888" }, "to", "same number"},
		"to is from again":    {func(j *tasks.Job) { j.To = "+86 21 88888888" }, "to", "same number"},
	})
}

func TestValidationOfPollRecordingAccount(t *testing.T) {
	id := map[string]wrong{
		"vendor_id absent": {func(j *tasks.Job) { j.VendorID = "" }, "vendor_id", "missing"},
		"vendor_id path":   {func(j *tasks.Job) { j.VendorID = "../x" }, "vendor_id", "letters"},
		"vendor_id line":   {func(j *tasks.Job) { j.VendorID = "x\n" }, "vendor_id", "letters"},
		"vendor_id 65":     {func(j *tasks.Job) { j.VendorID = strings.Repeat("x", 65) }, "vendor_id", "64"},
		"vendor_id 64":     {func(j *tasks.Job) { j.VendorID = strings.Repeat("x", 64) }, "", ""},
		"key":              {func(j *tasks.Job) { j.IdempotencyKey = "a " }, "idempotency_key", "white space"},
		"expires negative": {func(j *tasks.Job) { j.ExpiresIn = -1 }, "expires_in", "negative"},
	}
	wantValidation(t, recordingJob, id)
	wantValidation(t, pollJob, id)
	wantValidation(t, pollJob, map[string]wrong{
		"to absent":  {func(j *tasks.Job) { j.To = "" }, "", ""}, // the account's to say
		"to short":   {func(j *tasks.Job) { j.To = "1380000000" }, "to", "too short"},
		"to abroad":  {func(j *tasks.Job) { j.To = "+12025550100" }, "", ""},
		"to service": {func(j *tasks.Job) { j.To = "95588" }, "to", "too short"},
	})
	wantValidation(t, accountJob, map[string]wrong{
		"priority": {func(j *tasks.Job) { j.Priority = "high" }, "priority", "urgent"},
		"account":  {func(j *tasks.Job) { j.Account = "" }, "account", "missing"},
		"tags":     {func(j *tasks.Job) { j.Tags = map[string]string{"": ""} }, "tags", "name"},
	})
}
