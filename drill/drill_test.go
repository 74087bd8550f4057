package drill

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestNotRun: a drill that the machine lacks something for says so, and has not passed.
func TestNotRun(t *testing.T) {
	r, err := Run(t.Context(), "powercut", Options{Dir: t.TempDir(), Cycles: 3, Out: io.Discard}, func(context.Context, *Campaign) error {
		return NotRun("there is no /dev/fuse")
	})
	if err != nil {
		t.Fatal(err)
	}
	var lacking NotRun
	if !errors.As(r.Err(), &lacking) || r.Cycles != 0 {
		t.Errorf("the report is %+v with error %v; want no cycles and a NotRun", r, r.Err())
	}
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"not_run":"there is no /dev/fuse"`; !strings.Contains(string(line), want) {
		t.Errorf("the line %s does not say %s", line, want)
	}
}
