package hub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// TestTroubleIsTold checks that the program's log tells of a full and of a failed disk, and how to
// mend it.
func TestTroubleIsTold(t *testing.T) {
	var told bytes.Buffer
	h, err := Open(t.Context(), Options{
		Data: t.TempDir(), Clock: time.Now, Version: "test", Log: slog.New(slog.NewTextHandler(&told, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	says := func(level, mend string) {
		t.Helper()
		if line := told.String(); !strings.Contains(line, "level="+level) || !strings.Contains(line, mend) || strings.Count(line, "\n") != 1 {
			t.Errorf("the log says %q, want one line of level %s with %q", line, level, mend)
		}
		told.Reset()
	}
	told.Reset()
	h.trouble(fmt.Errorf("append: %w", eventlog.ErrFull))
	says("WARN", "free at least 64 MB")
	h.trouble(nil)
	says("INFO", "takes events again")
	h.damaged(fmt.Errorf("%w: a snapshot", eventlog.ErrCorrupt))
	says("ERROR", "creatorflow verify")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.folder.Fence().Trip(io.ErrUnexpectedEOF)
	if err := h.Run(t.Context(), listener); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("run ended with %v, want ErrFenced", err)
	}
	if line := told.String(); !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "start CreatorFlow again") {
		t.Errorf("the log says %q, want an ERROR with the mend", line)
	}
}
