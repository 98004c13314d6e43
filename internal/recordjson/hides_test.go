package recordjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/callpacer/callpacer/internal/record"
	"github.com/callpacer/callpacer/internal/recordjson"
)

// A call over a binding has no content of its own: its record names the numbers that
// its texts may repeat, also when the binding's record is gone.
func TestNumbersOfACallStayHidden(t *testing.T) {
	r := &record.Record{
		ID: "interline.1/t1", Kind: "call", State: record.Completed, Hides: []string{"13800000001", "13900000002"},
		Tags: map[string]string{"phone": "13800000001"}, VendorText: "13900000002 hung up", Facts: record.Facts{UserData: "cust 13800000001"},
	}
	b, err := json.Marshal(recordjson.Of(r, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range r.Hides {
		if strings.Contains(string(b), number) {
			t.Errorf("%s shows %s", b, number)
		}
	}
	if !strings.Contains(string(b), "138****0001") {
		t.Errorf("%s has no mask", b)
	}
}
