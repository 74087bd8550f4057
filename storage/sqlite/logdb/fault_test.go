package logdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/folder"
)

// keyID is of the time at which the contract's clock stands.
var keyID = uuid.MustParse("019ca945-0a7b-7000-8000-000000000001")

var stream = eventlog.Stream{Workspace: "main", Kind: "counter", ID: "a"}

func add(t *testing.T, log *eventlog.Log, n int) error {
	t.Helper()
	_, err := eventlog.Execute(t.Context(), log, stream, eventlogtest.Counter(), n, eventlog.Meta{})
	return err
}

// answered is a command with an answer that is stored under its key; it writes nothing.
func answered() eventlog.Request {
	return eventlog.Request{
		Folds: []eventlog.Fold{eventlogtest.Counter().Fold(stream)},
		Key:   &eventlog.Key{Caller: "user:ana", ID: keyID, Hash: [32]byte{1}},
		Decide: func([]eventlog.State) (eventlog.Decision, error) {
			return eventlog.Decision{Result: []byte(`{"sum":15}`)}, nil
		},
	}
}

// filled is a closed log of ten events in two streams, one command key and one snapshot.
func filled(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	store := openTestLog(t, dir)
	log, stop := eventlogtest.Start(t, store, eventlog.Options{})
	for i := range 5 {
		if err := add(t, log, i+1); err != nil {
			t.Fatal(err)
		}
		other := eventlog.Stream{Workspace: "main", Kind: "counter", ID: "b"}
		if _, err := log.Append(t.Context(), eventlog.Write{Stream: other, Expected: eventlog.Version(i), Events: []eventlog.Event{eventlogtest.Added{N: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := log.Execute(t.Context(), answered()); err != nil {
		t.Fatal(err)
	}
	kept := eventlog.Snapshot{Stream: stream, Fold: "test.counter", Schema: 1, Version: 3, At: 5, Data: []byte(`{"sum":6,"notes":{"":3}}`)}
	kept.Guard()
	if err := store.PutSnapshot(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func tamper(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	result, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed nothing", statement)
	}
}

// TestTampered changes each thing that is stored about an event, behind the program's back.
func TestTampered(t *testing.T) {
	for _, statement := range []string{
		`update events set version = 9 where position = 9`,
		`update events set id = x'00000000000070008000000000000000' where position = 4`,
		`update events set name = 'test.renamed' where position = 4`,
		`update events set schema = 2 where position = 4`,
		`update events set at = at + 1 where position = 4`,
		`update events set occurred = at - 1 where position = 4`,
		`update events set actor = 'user:eve' where position = 4`,
		`update events set cause = 'inbox:1' where position = 4`,
		`update events set correlation = 'x' where position = 4`,
		`update events set data = '{"n":100}' where position = 4`,
		`update events set crc = crc + 1 where position = 4`,
		`update events set seal = null where position = 4`,
		`update events set seal = zeroblob(32) where position = 4`,
		`update events set stream = 3 - stream, version = version + 90 where position = 4`,
		`update events set position = 99 where position = 4`,
		`delete from events where position = 4`,
		`update streams set name = 'c' where name = 'a'`,
		`update streams set version = 6 where name = 'a'`,
		`update streams set version = 4 where name = 'a'`,
		`insert into streams (id, workspace, kind, name, version, first) values (77, 'main', 'counter', 'ghost', 5, 1)`,
		`insert into streams (id, workspace, kind, name, version, first) values (77, 'main', 'counter', 'ghost', 0, 1)`,
		`update command_keys set caller = 'user:eve'`,
		`update command_keys set id = x'019ca9450a7b70008000000000000000'`,
		`update command_keys set hash = zeroblob(32)`,
		`update command_keys set at = at + 1`,
		`update command_keys set first = first - 1`,
		`update command_keys set last = last + 1`,
		`update command_keys set version = version + 1`,
		`update command_keys set refusal = 'No.'`,
		`update command_keys set result = '{"sum":16}'`,
		`update command_keys set result = null`,
		`update command_keys set sum = zeroblob(32)`,
		`update snapshots set workspace = 'mair'`,
		`update snapshots set kind = 'countes'`,
		`update snapshots set name = 'b'`,
		`update snapshots set fold = 'test.countes'`,
		`update snapshots set schema = 3`,
		`update snapshots set version = 2`,
		`update snapshots set version = 0`,
		`update snapshots set version = 6`,
		`update snapshots set at = 4`,
		`update snapshots set data = replace(data, '6', '7')`,
		`update snapshots set sum = zeroblob(32)`,
		`update snapshots set sum = x''`,
	} {
		t.Run(statement, func(t *testing.T) {
			dir := filled(t)
			tamper(t, dir, statement)
			store, err := Read(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = store.Close() }()
			if report, err := verify.Log(t.Context(), store, 0); !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("verify says %+v, %v; want ErrCorrupt", report, err)
			}
		})
	}
	for _, statement := range []string{
		`delete from events where position = 10`,
		`update log_head set position = 9`,
		`update log_head set position = 11`,
		`update log_head set seal = zeroblob(32)`,
	} {
		t.Run(statement, func(t *testing.T) {
			dir := filled(t)
			tamper(t, dir, statement)
			if log, err := Open(t.Context(), folder.Beside(dir)); !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("opened: %v, want ErrCorrupt", err)
				_ = log.Close()
			}
		})
	}
}

// TestStreamThatEndsAtNoNumber: where a stream ends is not taken for its beginning, even when no event is asked for.
func TestStreamThatEndsAtNoNumber(t *testing.T) {
	for _, column := range []string{"version", "first"} {
		dir := filled(t)
		tamper(t, dir, `update streams set `+column+` = 'x' where name = 'a'`)
		store, err := Read(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := store.ReadStream(t.Context(), stream, 5, 10); !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%s: %d records, %v; want ErrCorrupt", column, len(found), err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTamperedAnswer checks that an answer which was changed is never given again.
func TestTamperedAnswer(t *testing.T) {
	dir := filled(t)
	store, err := Open(t.Context(), folder.Beside(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	log, _ := eventlogtest.Start(t, store, eventlog.Options{})
	if out, err := log.Execute(t.Context(), answered()); err != nil || !out.Replayed || string(out.Result) != `{"sum":15}` {
		t.Fatalf("the command again: %+v, %v", out, err)
	}
	tamper(t, dir, `update command_keys set refusal = 'No.'`)
	if out, err := log.Execute(t.Context(), answered()); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("a changed answer was given: %+v, %v; want ErrCorrupt", out, err)
	}
}

func TestNewerSchema(t *testing.T) {
	dir := filled(t)
	tamper(t, dir, `insert into goose_db_version (version_id, is_applied) values (99, 1)`)
	_, err := Open(t.Context(), folder.Beside(dir))
	if !errors.Is(err, eventlog.ErrNewerSchema) || !strings.Contains(err.Error(), "start the newer program") {
		t.Errorf("got %v, want a refusal with the mend", err)
	}
}

// TestSnapshotWithoutSpace: a snapshot that finds no room is not written, and costs the log nothing.
func TestSnapshotWithoutSpace(t *testing.T) {
	store := openTestLog(t, t.TempDir())
	log, _ := eventlogtest.Start(t, store, eventlog.Options{})
	if err := add(t, log, 5); err != nil {
		t.Fatal(err)
	}
	s := eventlog.Snapshot{Stream: stream, Fold: "test.counter", Schema: 1, Version: 1, Data: []byte(`{"sum":5,"notes":{"":1}}`)}
	s.Guard()
	if err := store.PutSnapshot(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	store.mu.Lock()
	err := store.writer.Exec(`pragma max_page_count = 1`) // no more than there are
	store.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	larger := s
	larger.Data = make([]byte, 1<<20)
	larger.Guard()
	for range 3 {
		if err := store.PutSnapshot(t.Context(), larger); !errors.Is(err, eventlog.ErrFull) || errors.Is(err, eventlog.ErrFenced) {
			t.Fatalf("a snapshot without space: %v, want ErrFull alone", err)
		}
		if err := add(t, log, 1); err != nil { // this finds room on its page
			t.Fatal(err)
		}
	}
	if got, found, err := store.Snapshot(t.Context(), stream, "test.counter"); err != nil || !found || got.Sum != s.Sum {
		t.Errorf("the snapshot is %+v, %t, %v; want the one before", got, found, err)
	}
	if report, err := verify.Log(t.Context(), store, 0); err != nil || report.Events != 4 || report.Snapshots != 1 {
		t.Errorf("verify says %+v, %v", report, err)
	}
}

// TestFull lets SQLite run out of pages for real and gives them back.
func TestFull(t *testing.T) {
	store := openTestLog(t, t.TempDir())
	log, stop := eventlogtest.Start(t, store, eventlog.Options{})
	if err := add(t, log, 5); err != nil {
		t.Fatal(err)
	}
	stop()                                                                 // the store is driven by hand, to step its 2 s
	if err := store.writer.Exec(`pragma max_page_count = 1`); err != nil { // no more than there are
		t.Fatal(err)
	}
	free := uint64(0)
	store.free = func(string) (uint64, error) { return free, nil }
	big := batch(t, store, eventlogtest.Added{N: 1, Note: strings.Repeat("x", 20_000)})
	head := store.head
	for range 3 {
		_, err := store.Commit(t.Context(), big)
		if !errors.Is(err, eventlog.ErrFull) || errors.Is(err, eventlog.ErrFenced) {
			t.Fatalf("commit without space: %v, want ErrFull alone", err)
		}
	}
	if err := store.Resume(t.Context()); !errors.Is(err, eventlog.ErrFull) {
		t.Errorf("resume without space: %v, want ErrFull", err)
	}
	if records, err := store.ReadAll(t.Context(), 0, 10); err != nil || len(records) != 1 {
		t.Errorf("reading without space: %d records, %v", len(records), err)
	}
	free = enoughSpace
	if err := store.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if store.head != head {
		t.Errorf("the head is %+v, before %+v", store.head, head)
	}
	log, _ = eventlogtest.Start(t, store, eventlog.Options{})
	for range 3 {
		if err := add(t, log, 1); err != nil {
			t.Fatal(err)
		}
	}
	if report, err := verify.Log(t.Context(), store, 0); err != nil || report.Events != 4 {
		t.Errorf("verify says %+v, %v; want 4 events", report, err)
	}
}

// TestResumeOnADeadDisk is a full disk that does not even answer any more how full it is.
func TestResumeOnADeadDisk(t *testing.T) {
	store := openTestLog(t, t.TempDir())
	if err := store.writer.Exec(`pragma max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	big := batch(t, store, eventlogtest.Added{N: 1, Note: strings.Repeat("x", 20_000)})
	if _, err := store.Commit(t.Context(), big); !errors.Is(err, eventlog.ErrFull) {
		t.Fatalf("commit without space: %v, want ErrFull", err)
	}
	store.free = func(string) (uint64, error) { return 0, syscall.EIO }
	if err := store.Resume(t.Context()); !errors.Is(err, eventlog.ErrFenced) || !errors.Is(err, syscall.EIO) {
		t.Errorf("resume: %v, want ErrFenced and the cause", err)
	}
	if store.fence.Err() == nil {
		t.Error("the vault beside it may go on writing")
	}
}

// batch makes what the appender would, for one event of a stream of its own.
func batch(t *testing.T, store *Log, e eventlog.Event) (made eventlog.Batch) {
	t.Helper()
	log, stop := eventlogtest.Start(t, catching{store, &made}, eventlog.Options{})
	_, err := log.Append(t.Context(), eventlog.Write{Stream: eventlog.Stream{Workspace: "main", Kind: "x", ID: "x"}, Events: []eventlog.Event{e}})
	if !errors.Is(err, errCaught) {
		t.Fatal(err)
	}
	stop()
	return made
}

var errCaught = errors.New("caught")

type catching struct {
	eventlog.Store
	made *eventlog.Batch
}

func (c catching) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	if len(b.Events) == 0 {
		return c.Store.Commit(ctx, b)
	}
	*c.made = b
	return eventlog.Committed{}, errCaught
}

// TestWriteFault and TestSyncFault put another file behind the descriptor of the write-ahead log:
// the kernel's own errors, at the place where a broken disk would give them.
func TestWriteFault(t *testing.T) { testFault(t, "/dev/null", os.O_RDONLY) }

func TestSyncFault(t *testing.T) { testFault(t, "/dev/null", os.O_RDWR) }

func testFault(t *testing.T, behind string, flag int) {
	dir := t.TempDir()
	in, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	store, err := Open(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: eventlogtest.Decode, Clock: eventlogtest.NewClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- log.Run(t.Context()) }()
	for range 5 {
		if err := add(t, log, 1); err != nil {
			t.Fatal(err)
		}
	}
	replace(t, filepath.Join(dir, "log.db-wal"), behind, flag)
	var wg sync.WaitGroup
	for i := range 5 {
		wg.Go(func() { // Append reads nothing: the readers have no file any more either
			own := eventlog.Stream{Workspace: "main", Kind: "own", ID: fmt.Sprint(i)}
			_, err := log.Append(t.Context(), eventlog.Write{Stream: own, Events: []eventlog.Event{eventlogtest.Added{N: 1}}})
			if !errors.Is(err, eventlog.ErrFenced) {
				t.Errorf("got %v, want ErrFenced", err)
			}
		})
	}
	wg.Wait()
	if err := <-ended; !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("run ended with %v, want ErrFenced", err)
	}
	select {
	case <-in.Fence().Tripped():
	default:
		t.Error("the folder's fence is not tripped")
	}
	if _, err := store.Commit(t.Context(), eventlog.Batch{}); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("a later commit: %v, want ErrFenced for ever", err)
	}
	if err := store.Resume(t.Context()); err != nil {
		t.Errorf("resume: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	// A new start reads what is on the disk: all that was acknowledged, at least.
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	again := openTestLog(t, dir)
	if report, err := verify.Log(t.Context(), again, 0); err != nil || report.Events != 5 {
		t.Errorf("after a new start verify says %+v, %v; want the 5 events that were acknowledged", report, err)
	}
}

// replace puts a file behind every descriptor of this process that is open for path.
func replace(t *testing.T, path, behind string, flag int) {
	t.Helper()
	other, err := os.OpenFile(behind, flag, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range descriptors {
		if target, err := os.Readlink("/proc/self/fd/" + d.Name()); err != nil || target != path {
			continue
		}
		var fd int
		if _, err := fmt.Sscan(d.Name(), &fd); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Dup3(int(other.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n == 0 {
		t.Fatalf("nobody has %s open", path)
	}
}

// TestVaultFaultStopsTheLog: both share the fence.
func TestVaultFaultStopsTheLog(t *testing.T) {
	in, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	store, err := Open(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	in.Fence().Trip(errors.New("fsync of vault.db failed"))
	if _, err := store.Commit(t.Context(), eventlog.Batch{}); !errors.Is(err, eventlog.ErrFenced) || !strings.Contains(err.Error(), "vault.db") {
		t.Errorf("got %v, want ErrFenced with the cause", err)
	}
	<-store.Fenced()
}

// TestReadBeside verifies a log while another holder of the folder appends to it.
func TestReadBeside(t *testing.T) {
	dir := t.TempDir()
	log, _ := eventlogtest.Start(t, openTestLog(t, dir), eventlog.Options{})
	beside, err := Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = beside.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 200 {
			if err := add(t, log, 1); err != nil {
				t.Error(err)
			}
		}
	})
	for report := (verify.Report{}); report.Events < 200; {
		if report, err = verify.Log(t.Context(), beside, 0); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if _, err := beside.Commit(t.Context(), eventlog.Batch{}); err == nil {
		t.Error("a log open for reading took a commit")
	}
}

// TestDamagedIndexOfStreams: wherever a byte of a stream's name has changed, the stream is read and written
// as it is, or not at all; it is never taken for a new one.
func TestDamagedIndexOfStreams(t *testing.T) {
	whole := filepath.Join(filled(t), "log.db")
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	corrupt := 0
	for _, text := range []string{"maincounterb", "bcountermain"} { // in the table and in the indexes
		for at := strings.Index(string(content), text); at >= 0; {
			dir := t.TempDir()
			damaged := []byte(string(content))
			damaged[at+strings.Index(text, "counter")] ^= 8
			if err := os.WriteFile(filepath.Join(dir, "log.db"), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			store := openTestLog(t, dir)
			other := eventlog.Stream{Workspace: "main", Kind: "counter", ID: "b"}
			read, err := store.ReadStream(t.Context(), other, 0, 10)
			if err == nil && len(read) != 5 || err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("byte %d: %d events, %v", at, len(read), err)
			}
			if errors.Is(err, eventlog.ErrCorrupt) {
				corrupt++
			}
			if head, err := store.writer.stream(other); err == nil && head.version != 5 || err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("byte %d: the appender sees version %d, %v", at, head.version, err)
			}
			next := strings.Index(string(content[at+1:]), text)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	if corrupt == 0 {
		t.Error("no damage was seen by reading")
	}
}
