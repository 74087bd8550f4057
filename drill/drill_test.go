package drill

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// TestCheckNeedsWhatADrillLeft: a folder of something else is no proof.
func TestCheckNeedsWhatADrillLeft(t *testing.T) {
	for _, c := range []struct{ name, history, want string }{
		{name: "nothing", want: "there is no history.json"},
		{name: "no history", history: "{", want: "read the drill's history history.json"},
		{name: "a database of the owner's", history: `{"report":{"engine":"postgres"}}`, want: "name its database with --db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.history != "" {
				if err := os.WriteFile(filepath.Join(dir, historyName), []byte(c.history), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Check(t.Context(), dir, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
