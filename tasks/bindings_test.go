package tasks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/tasks"
)

func TestValidationOfBind(t *testing.T) {
	common := map[string]wrong{
		"mode":              {func(j *tasks.Job) { j.Mode = "ax" }, "mode", "axb, xa"},
		"mode case":         {func(j *tasks.Job) { j.Mode = "AXB" }, "mode", "axb, xa"},
		"x absent":          {func(j *tasks.Job) { j.X = "" }, "x", "missing"},
		"x letters":         {func(j *tasks.Job) { j.X = "9501300a" }, "x", "letter"},
		"x short":           {func(j *tasks.Job) { j.X = "95" }, "x", "2 digits"},
		"x long":            {func(j *tasks.Job) { j.X = strings.Repeat("9", 25) }, "x", "25 digits"},
		"x of 24":           {func(j *tasks.Job) { j.X = strings.Repeat("9", 24) }, "", ""},
		"x AUTO":            {func(j *tasks.Job) { j.X = "AUTO" }, "x", "give a number, or auto (bind only)"},
		"x auto, space":     {func(j *tasks.Job) { j.X = "auto " }, "x", "give a number, or auto (bind only)"},
		"x is a":            {func(j *tasks.Job) { j.X = "+86 138 0000 0001" }, "x", "hide"},
		"a absent":          {func(j *tasks.Job) { j.A = "" }, "a", "missing"},
		"a short":           {func(j *tasks.Job) { j.A = "13" }, "a", "2 digits"},
		"a abroad":          {func(j *tasks.Job) { j.A = "+447911123456" }, "", ""},
		"a landline":        {func(j *tasks.Job) { j.A = "021-88888888" }, "", ""},
		"ttl negative":      {func(j *tasks.Job) { j.TTL = -time.Hour }, "ttl", "1s"},
		"ttl 999ms":         {func(j *tasks.Job) { j.TTL = 999 * time.Millisecond }, "ttl", "1s"},
		"ttl 1500ms":        {func(j *tasks.Job) { j.TTL = 1500 * time.Millisecond }, "ttl", "whole"},
		"ttl 1s":            {func(j *tasks.Job) { j.TTL = time.Second }, "", ""},
		"ttl 10 years":      {func(j *tasks.Job) { j.TTL = 10 * 365 * 24 * time.Hour }, "", ""},
		"ttl longer":        {func(j *tasks.Job) { j.TTL = 10*365*24*time.Hour + time.Second }, "ttl", "ten years"},
		"display 2":         {func(j *tasks.Job) { j.Display = "2" }, "display", "one of"},
		"prompts id":        {func(j *tasks.Job) { j.Prompts = []string{"a,b"} }, "prompts", "id 1"},
		"prompts id 65":     {func(j *tasks.Job) { j.Prompts = []string{strings.Repeat("p", 65)} }, "prompts", "id 1"},
		"user_data 129":     {func(j *tasks.Job) { j.UserData = strings.Repeat("u", 129) }, "user_data", "128"},
		"user_data 128":     {func(j *tasks.Job) { j.UserData = strings.Repeat("u", 128) }, "", ""},
		"user_data bytes":   {func(j *tasks.Job) { j.UserData = "\xff" }, "user_data", "UTF-8"},
		"user_data lines":   {func(j *tasks.Job) { j.UserData = "a\nb" }, "user_data", "one line"},
		"record":            {func(j *tasks.Job) { j.Record = true }, "", ""},
		"expires too short": {func(j *tasks.Job) { j.ExpiresIn = 1 }, "expires_in", "1ms"},
	}
	for name, job := range map[string]func() tasks.Job{"axb": axb, "xa": xa} {
		t.Run(name, func(t *testing.T) { wantValidation(t, job, common) })
	}
	t.Run("axb", func(t *testing.T) {
		wantValidation(t, axb, map[string]wrong{
			"mode said":      {func(j *tasks.Job) { j.Mode = tasks.ModeAXB }, "", ""},
			"b absent":       {func(j *tasks.Job) { j.B = "" }, "b", "missing"},
			"b letters":      {func(j *tasks.Job) { j.B = "b" }, "b", "letter"},
			"b is a":         {func(j *tasks.Job) { j.B = "013800000001" }, "b", "same number"},
			"b is x":         {func(j *tasks.Job) { j.B = j.X }, "x", "hide"},
			"ttl absent":     {func(j *tasks.Job) { j.TTL = 0 }, "ttl", "missing"},
			"display":        {func(j *tasks.Job) { j.Display = "1,0" }, "", ""},
			"display of xa":  {func(j *tasks.Job) { j.Display = "1" }, "display", "0,0 0,1 1,0 1,1"},
			"prompts 3":      {func(j *tasks.Job) { j.Prompts = []string{"1", "", "3"} }, "", ""},
			"prompts 4":      {func(j *tasks.Job) { j.Prompts = []string{"1", "2", "3", "4"} }, "prompts", "at most 3"},
			"answer 2":       {func(j *tasks.Job) { j.AnswerPrompts = []string{"1", "2"} }, "", ""},
			"answer 3":       {func(j *tasks.Job) { j.AnswerPrompts = []string{"1", "2", "3"} }, "answer_prompts", "at most 2"},
			"answer letters": {func(j *tasks.Job) { j.AnswerPrompts = []string{"1", "提示"} }, "answer_prompts", "id 2"},
		})
	})
	t.Run("xa", func(t *testing.T) {
		wantValidation(t, xa, map[string]wrong{
			"b":              {func(j *tasks.Job) { j.B = "13800000002" }, "b", "mode xa"},
			"ttl absent":     {func(j *tasks.Job) { j.TTL = 0 }, "", ""}, // the account's to say
			"display":        {func(j *tasks.Job) { j.Display = "1" }, "", ""},
			"display of axb": {func(j *tasks.Job) { j.Display = "0,0" }, "display", "one of 0 1 in mode xa"},
			"prompts 1":      {func(j *tasks.Job) { j.Prompts = []string{"1"} }, "", ""},
			"prompts 2":      {func(j *tasks.Job) { j.Prompts = []string{"1", "2"} }, "prompts", "at most 1"},
			"x auto":         {func(j *tasks.Job) { j.X = tasks.AutoX }, "", ""}, // the account's to say
			"answer 1":       {func(j *tasks.Job) { j.AnswerPrompts = []string{"1"} }, "answer_prompts", "at most 0"},
		})
	})
}

func TestValidationOfUnbind(t *testing.T) {
	by := func(mode, x, job, subid string) func(j *tasks.Job) {
		return func(j *tasks.Job) { j.Mode, j.X, j.Binding, j.Subid = mode, x, job, subid }
	}
	wantValidation(t, unbindJob, map[string]wrong{
		"nothing":       {by("", "", "", ""), "job", "missing"},
		"axb, nothing":  {by("axb", "", "", ""), "job", "missing"},
		"job":           {by("", "", "jumdata.a", ""), "", ""},
		"job, axb":      {by("axb", "", "jumdata.a", ""), "", ""},
		"job, xa":       {by("xa", "", "jumdata.a", ""), "x", "missing"},
		"job is no id":  {by("", "", "4711", ""), "job", "not the id"},
		"job is a call": {by("", "", "jumdata.a/1", ""), "job", "not the id"},
		"job, lines":    {by("", "", "jumdata.a\n", ""), "job", "not the id"},
		"subid":         {by("", "", "", "s-1"), "", ""},
		"subid signs":   {by("", "", "", "s&1"), "subid", "letters"},
		"subid 65":      {by("", "", "", strings.Repeat("s", 65)), "subid", "64"},
		"subid, xa":     {by("xa", "", "", "s-1"), "x", "missing"},
		"xa, x":         {by("xa", "95013000000001", "", ""), "", ""},
		"xa, no x":      {by("xa", "", "", ""), "x", "missing"},
		"xa, x letters": {by("xa", "9501300a", "", ""), "x", "letter"},
		"xa, x auto":    {by("xa", tasks.AutoX, "", ""), "x", "give a number, or auto (bind only)"},
		"x, no mode":    {by("", "95013000000001", "", ""), "x", "mode xa"},
		"x, axb":        {by("axb", "95013000000001", "", ""), "x", "mode xa"},
		"x, other mode": {by("ax", "95013000000001", "", ""), "mode", "axb, xa"},
		"other mode":    {by("ax", "", "", "s-1"), "mode", "axb, xa"},
		"two ways":      {by("", "", "jumdata.a", "s-1"), "job", "one way"},
		"three ways":    {by("xa", "95013000000001", "jumdata.a", "s-1"), "job", "one way"},
	})
}
