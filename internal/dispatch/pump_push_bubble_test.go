package dispatch

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callpacer/callpacer/callbackrx"
	"github.com/callpacer/callpacer/tasks"
)

// A stored push comes to its queue, whatever lies there under its id.
func TestStoredPushIsBrought(t *testing.T) {
	for name, tt := range map[string]struct {
		put  func(b *memBroker, task string)
		want string // behind the push's id
	}{
		"its task was lost":     {func(b *memBroker, task string) { delete(b.tasks, task) }, ""},
		"its task lives":        {func(*memBroker, string) {}, ""},
		"its task was archived": {func(b *memBroker, task string) { b.tasks[task] = &memTask{done: true} }, "~1"},
		"and so was the next one": {func(b *memBroker, task string) {
			b.tasks[task], b.tasks[task+"~1"] = &memTask{done: true}, &memTask{done: true}
		}, "~2"},
	} {
		t.Run(name, func(t *testing.T) {
			inScene(t, func(t *testing.T, s scene) {
				answer := httptest.NewRecorder()
				target := callbackrx.Path + "phone/" + signer.Account("phone")
				s.receiver.Routes().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, target, strings.NewReader("x")))
				var push string
				for task := range s.broker.tasks {
					push = task
				}
				tt.put(s.broker, push)
				time.Sleep(6 * time.Second)
				if n, err := s.pump.Step(s.ctx); n != 1 || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
				task := s.broker.tasks[push+tt.want]
				if task == nil || task.done || task.entry.ID != push || task.entry.Kind != tasks.KindPush || task.entry.Queue != tasks.PushQueue("phone") {
					t.Errorf("on the queue is %+v", task)
				}
				if in, ok := s.due(push); !ok || in.Round(time.Second) != 5*time.Minute {
					t.Errorf("due in %v, %v", in, ok)
				}
			})
		})
	}
}
