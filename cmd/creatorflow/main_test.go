package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/hub"
)

func TestHelp(t *testing.T) {
	for _, command := range []string{
		"", "serve", "demo", "connect", "connect tiktok", "sim", "sim tiktok", "verify", "rebuild", "drill", "drill crash",
		"bench", "bench append", "bench ingest", "key", "key make", "key list", "key revoke", "user", "user link", "user list", "version",
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(strings.Fields(command), "--help"), &out, &errs); code != 0 || !strings.Contains(out.String(), "Usage: creatorflow") {
			t.Errorf("%s --help: exit %d, %q, %q", command, code, &out, &errs)
		}
	}
}

// TestRefusals: one sentence on the error output, and the exit code that scripts go by.
func TestRefusals(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	held := t.TempDir()
	h, err := hub.Open(t.Context(), hub.Options{Data: held, Clock: time.Now, Log: logger(console{err: t.Output()}, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{args: []string{"serve", "--nonsense"}, code: exitUsage, want: "--help"},
		{args: []string{"nonsense"}, code: exitUsage, want: "--help"},
		{args: []string{"serve", "--data", t.TempDir(), "--listen", taken.Addr().String()}, code: exitFailure, want: "--listen"},
		{args: []string{"serve", "--data", held, "--listen", "127.0.0.1:0"}, code: exitFailure, want: held},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), c.args, &out, &errs)
		if text := errs.String(); code != c.code || !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 {
			t.Errorf("%v: exit %d, want %d and one line with %q: %q", c.args, code, c.code, c.want, text)
		}
	}
}
