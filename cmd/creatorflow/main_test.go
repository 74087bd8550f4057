package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

// commands are all there are.
var commands = []string{
	"serve", "demo", "connect tiktok", "connect shopify", "connect amazon", "connect instagram", "connect direct", "connect easypost", "back-fill", "doctor", "sim tiktok", "sim shopify", "sim amazon", "sim instagram", "sim stripe", "sim easypost", "verify", "rebuild", "move", "drill crash", "drill powercut",
	"drill bitrot", "drill disk", "drill month", "drill oversell", "drill flow", "drill outage", "drill simulation", "drill clock", "drill chaos",
	"bench append", "bench follow", "bench ingest", "bench reserve", "bench rebuild", "bench search", "bench stock", "bench months", "bench conflict", "bench start", "key make", "key list", "key revoke", "user link", "user list", "user role", "user disable", "user enable", "version",
}

func TestHelp(t *testing.T) {
	groups := []string{"", "connect", "sim", "drill", "bench", "key", "user"}
	for _, command := range slices.Concat(groups, commands) {
		var out, errs bytes.Buffer
		code := run(t.Context(), append(strings.Fields(command), "--help"), &out, &errs)
		if code != 0 || errs.Len() > 0 || !strings.HasPrefix(out.String(), strings.TrimSpace("Usage: creatorflow "+command)) {
			t.Errorf("%s --help: exit %d, %q, %q", command, code, &out, &errs)
		}
	}
	whole := done(t)
	if help := done(t, "--help"); help != whole {
		t.Errorf("without arguments %q, with --help %q", whole, help)
	}
	var listed []string
	_, list, _ := strings.Cut(whole, "Commands:\n")
	for line := range strings.Lines(list) {
		if name, _, _ := strings.Cut(strings.TrimPrefix(line, "  "), "  "); strings.HasPrefix(line, "  ") && name != "" {
			listed = append(listed, name)
		}
	}
	if !slices.Equal(listed, commands) {
		t.Errorf("help lists %q, want %q", listed, commands)
	}
}

func TestVersion(t *testing.T) {
	if out := done(t, "version"); out != "creatorflow dev\n" {
		t.Errorf("version prints %q", out)
	}
}

// TestWrongFlags: one sentence that names the flag and where to read on, exit 2, and nothing done.
func TestWrongFlags(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct{ args, want string }{
		{"nonsense", "nonsense"},
		{"serve --nonsense", "--nonsense"},
		{"serve --poll soon", "--poll"},
		{"serve --poll 0s", "--poll"},
		{"serve --rate-limit -1", "--rate-limit"},
		{"serve --tls certificate.pem", "--tls"},
		{"serve --trust-proxy 10.0.0.0", "--trust-proxy"},
		{"demo --speed fast", "--speed"},
		{"demo --speed 0", "--speed"},
		{"demo --speed 6x", "--speed"},
		{"connect", "tiktok"},
		{"connect tiktok --name shop", "--app-key"},
		{"connect shopify --name shop --app-key k --app-secret s", "--shop"},
		{"sim shopify --listen 0.0.0.0:8091", "--listen"},
		{`sim shopify --faults {"loose":1}`, "loose"},
		{"sim shopify --points=-1", "--points"},
		{"sim tiktok --listen 0.0.0.0:8090", "--listen"},
		{"sim tiktok --faults {", "--faults"},
		{"sim instagram --listen 0.0.0.0:8093", "--listen"},
		{`sim instagram --faults {"loose":1}`, "loose"},
		{"sim instagram --hour=-1", "--hour"},
		{`sim tiktok --faults {"loose":1}`, "loose"},
		{"sim tiktok --webhook-url here", "--webhook-url"},
		{"sim tiktok --speed 0", "--speed"},
		{"sim tiktok --rate=-1", "--rate"},
		{"sim tiktok --hold=-1s", "--hold"},
		{"connect amazon --name shop", "--client-id"},
		{"connect direct --name market", "--account"},
		{"connect easypost --grams 480 --size 200,150 --from-name Ana --from-line1 1 --from-city London --from-country GB", "--size"},
		{"back-fill", "<connection>"},
		{"back-fill k7 --from 2026-01-01", "--to"},
		{"back-fill k7 --from soon --to 2026-01-02", "--from"},
		{"sim amazon --listen 0.0.0.0:8091", "--listen"},
		{`sim amazon --faults {"loose":1}`, "loose"},
		{"sim amazon --delay=-1s", "--delay"},
		{"drill crash --cycles 0", "--cycles"},
		{"drill powercut --rate 0", "--rate"},
		{"drill bitrot --flips 0", "--flips"},
		{"drill oversell --sell-outs 0", "--sell-outs"},
		{"drill outage --engine paper", "--engine"},
		{"drill crash --binary nowhere", "--binary"},
		{"bench append --seconds 0", "--seconds"},
		{"bench ingest --rate 0", "--rate"},
		{"bench start --runs 0", "--runs"},
		{"bench stock --length 1s", "--length"},
		{"bench months --orders 1", "--orders"},
		{"verify --from here", "--from"},
		{"key", "make"},
		{"key make", "<name>"},
		{"key make till --role king", "--role"},
		{"key make till --days 0", "--days"},
		{"key revoke", "<prefix>"},
		{"user link", "<name>"},
		{"user link owner --role king", "--role"},
	} {
		var out, errs bytes.Buffer
		args := strings.Fields(c.args)
		if a := args[0]; a == "serve" || a == "key" && len(args) > 2 || a == "user" && len(args) > 2 {
			args = append(args, "--data", data)
		}
		code := run(t.Context(), args, &out, &errs)
		text := errs.String()
		if code != exitUsage || strings.Count(text, "\n") != 1 || !strings.Contains(text, c.want) || !strings.HasSuffix(text, "Run: creatorflow --help\n") || out.Len() > 0 {
			t.Errorf("%s: exit %d, want 2 and one line with %q: %q, %q", c.args, code, c.want, text, &out)
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a wrong flag made a data folder")
	}
}

// TestRefusals: one sentence with the mend on the error output, nothing on the other one, exit 1.
func TestRefusals(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in("empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"newer log", "newer vault", "open key"} {
		done(t, "key", "list", "--data", in(name))
	}
	stamp(t, in("newer log/log.db"))
	stamp(t, in("newer vault/vault.db"))
	if err := os.Chmod(in("open key/master.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	hub := startHub(t, in("held"))
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"port taken", []string{"serve", "--data", in("a"), "--listen", taken.Addr().String()}, []string{taken.Addr().String(), "--listen"}},
		{"no port", []string{"serve", "--data", in("a"), "--listen", "here"}, []string{"here", "--listen"}},
		{"port taken", []string{"demo", "--listen", taken.Addr().String()}, []string{taken.Addr().String(), "--listen"}},
		{"port taken", []string{"sim", "tiktok", "--listen", taken.Addr().String()}, []string{taken.Addr().String(), "--listen"}},
		{"no orders", []string{"sim", "tiktok", "--listen", "127.0.0.1:0", "--orders", in("none")}, []string{"--orders", in("none")}},
		{"plain http", []string{"serve", "--data", in("a"), "--listen", "0.0.0.0:0"}, []string{"--tls", "--trust-proxy"}},
		{"no certificate", []string{"serve", "--data", in("a"), "--listen", "127.0.0.1:0", "--tls", in("none") + "," + in("none")}, []string{"--tls", in("none")}},
		{"bad master key", []string{"serve", "--data", in("b"), "--listen", "127.0.0.1:0", "--master-key", "short"}, []string{"MASTER_KEY", "32 bytes"}},
		{"a file", []string{"serve", "--data", in("file"), "--listen", "127.0.0.1:0"}, []string{in("file"), "--data"}},
		{"in a file", []string{"serve", "--data", in("file/data"), "--listen", "127.0.0.1:0"}, []string{in("file/data"), "--data"}},
		{"read-only", []string{"serve", "--data", "/proc/creatorflow", "--listen", "127.0.0.1:0"}, []string{"/proc/creatorflow", "--data"}},
		{"read-only", []string{"key", "list", "--data", "/proc/self"}, []string{"/proc/self", "--data"}},
		{"a long path", []string{"serve", "--data", in(strings.Repeat("x", 120)), "--listen", "127.0.0.1:0"}, []string{"shorter", "--data"}},
		{"held", []string{"serve", "--data", in("held"), "--listen", "127.0.0.1:0"}, []string{
			in("held"), fmt.Sprintf("process %d", hub.Process.Pid), strings.TrimPrefix(hub.url, "http://"), "stop it", "--data",
		}},
		{"newer log", []string{"serve", "--data", in("newer log"), "--listen", "127.0.0.1:0"}, []string{"log.db", "schema 99", "newer program"}},
		{"newer log", []string{"key", "list", "--data", in("newer log")}, []string{"log.db", "schema 99", "newer program"}},
		{"newer log", []string{"verify", "--data", in("newer log")}, []string{"log.db", "schema 99", "newer program"}},
		{"newer vault", []string{"serve", "--data", in("newer vault"), "--listen", "127.0.0.1:0"}, []string{"vault.db", "schema 99", "newer program"}},
		{"open key", []string{"serve", "--data", in("open key"), "--listen", "127.0.0.1:0"}, []string{"master.key", "chmod 600"}},
		{"no log", []string{"verify", "--data", in("none")}, []string{in("none"), "--data"}},
		{"no log", []string{"verify", "--data", in("empty")}, []string{in("empty"), "--data"}},
		{"no such key", []string{"key", "revoke", "cf_nothing", "--data", in("held")}, []string{"cf_nothing", "key list"}},
		{"no such key", []string{"key", "revoke", "cf_nothing", "--data", in("b2")}, []string{"cf_nothing", "key list"}},
		{"no shop there", []string{
			"connect", "tiktok", "--data", in("held"), "--name", "Shop", "--app-key", "a", "--app-secret", "b", "--auth-code", "c",
			"--base-url", "http://127.0.0.1:1", "--auth-url", "http://127.0.0.1:1",
		}, []string{"127.0.0.1:1", "refused"}},
	} {
		t.Run(c.name+" "+c.args[0], func(t *testing.T) {
			code, out, errs := once(t, c.args...)
			if code != exitFailure || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "creatorflow: ") {
				t.Errorf("exit %d, want 1 and one line: %q, %q", code, errs, out)
			}
			for _, want := range c.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%q is not in %q", want, errs)
				}
			}
		})
	}
	if left, err := os.ReadDir(in("empty")); err != nil || len(left) > 0 {
		t.Errorf("verify left %v in an empty folder: %v", left, err)
	}
	hub.stop()
}

// stamp makes a file one that a newer program has migrated.
func stamp(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `insert into goose_db_version (version_id, is_applied) values (99, 1)`); err != nil {
		t.Fatal(err)
	}
}

// TestNewerEvent: an event that a newer program wrote is met when the views are folded, so serving has
// begun; the last line says why it ends.
func TestNewerEvent(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	happened(t, data)
	code, _, errs := once(t, "serve", "--data", data, "--listen", "127.0.0.1:0")
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	last := lines[len(lines)-1]
	if code != exitFailure || !strings.HasPrefix(last, "creatorflow: ") || !strings.Contains(last, "future.happened") || !strings.HasSuffix(last, "start the newer program") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// future is an event that this program does not know.
type future struct{}

func (future) EventName() string { return "future.happened" }

// happened makes a folder with a log that holds one.
func happened(t *testing.T, data string) {
	t.Helper()
	done(t, "rebuild", "--data", data)
	folder, err := sqlite.OpenFolder(data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	store, err := sqlite.OpenLog(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{
		Clock:  time.Now,
		Decode: func(string, int, []byte) (eventlog.Event, error) { return future{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- log.Run(ctx) }()
	_, err = log.Append(t.Context(), eventlog.Write{
		Stream: eventlog.Stream{Workspace: "main", Kind: "future", ID: "a"}, Events: []eventlog.Event{future{}},
	})
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
}
