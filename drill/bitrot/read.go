package bitrot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/vault"
)

var quiet = slog.New(slog.DiscardHandler)

// page is how many rows are read at a time; limit is how long reading everything may take.
const (
	page  = 1000
	limit = time.Minute
)

// reading is what was read of a folder, up to the first thing that failed.
type reading struct {
	parts  map[string][32]byte // sums by what it is
	stage  string              // that failed
	told   bool                // a warning was logged
	silent []string            // records that were read as something else though nothing failed
}

// differ names the parts that are not the same.
func (r reading) differ(other reading) (names []string) {
	for name, sum := range r.parts {
		if other.parts[name] != sum {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// warnings notes that one was logged.
type warnings struct {
	slog.Handler
	told atomic.Bool
}

// Enabled implements slog.Handler.
func (w *warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (w *warnings) Handle(context.Context, slog.Record) error {
	w.told.Store(true)
	return nil
}

// reader reads one folder.
type reader struct {
	reading
	before map[string][32]byte
	stores *engine.Stores
	log    *eventlog.Log
	vault  *vault.Vault
}

// read reads everything that the files hold, as change makes them. An error says that something of it
// is not what was written.
func (x *rot) read(ctx context.Context, dir string, change func(name string, content []byte) []byte) (got reading, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := x.place(dir, change); err != nil {
		return got, fmt.Errorf("place the files: %w", err)
	}
	r := &reader{reading: reading{parts: map[string][32]byte{}}, before: x.before.parts}
	warnings := &warnings{Handler: quiet.Handler()}
	defer func() {
		r.told = warnings.told.Load()
		got = r.reading
		if cause := recover(); cause != nil {
			got.silent = append(got.silent, "a panic")
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	f, err := folder.Open(dir)
	if err != nil {
		return got, err
	}
	defer func() { _ = f.Close() }()
	defer func() {
		if r.stores != nil {
			_ = r.stores.Close() // a damaged file may well fail once more
		}
	}()
	for _, stage := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"open", func(ctx context.Context) error { return r.open(ctx, f, slog.New(warnings)) }},
		{"read", r.records},
		{"fold", r.states},
		{"verify", r.verify},
		{"check", func(ctx context.Context) error { return r.stores.Check(ctx) }},
		{"keys", r.keys},
		{"vault", r.sealed},
		{"rebuild", r.rebuild},
	} {
		if err := stage.do(ctx); err != nil {
			r.stage = stage.name
			return got, fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return got, nil
}

func (r *reader) sum(name string, h hash.Hash) { r.parts[name] = [32]byte(h.Sum(nil)) }

// open opens all that a hub opens.
func (r *reader) open(ctx context.Context, f *folder.Folder, log *slog.Logger) (err error) {
	if r.stores, err = engine.Open(ctx, f, "", log); err != nil {
		return err
	}
	r.log, err = eventlog.Open(ctx, r.stores.Log, eventlog.Options{
		Decode: events.Decode, Clock: time.Now, Damaged: func(err error) { log.WarnContext(ctx, "snapshot", "error", err) },
	})
	if err != nil {
		return err
	}
	master, err := vault.LoadMaster(f.Dir(), "")
	if err != nil {
		return err
	}
	r.vault, err = vault.Open(r.stores.Vault, master, vault.Options{Clock: time.Now})
	return err
}

// records reads the log by position and by stream, as the hub does; what is not what was written must
// fail here already.
func (r *reader) records(ctx context.Context) error {
	head := sha256.New()
	_, _ = fmt.Fprintf(head, "%v", r.log.Head()) // a hash takes anything
	r.sum("log_head", head)
	all, streams := sha256.New(), map[eventlog.Stream]bool{}
	for after := eventlog.Position(0); ; {
		records, err := r.log.ReadAll(ctx, after, page)
		if err != nil {
			return err
		}
		stored, err := r.stores.Log.ReadAll(ctx, after, page)
		if err != nil {
			return err
		}
		for i := range stored {
			stored[i].Seal = nil // is for verify
			_, _ = fmt.Fprintf(all, "%v", stored[i])
			streams[stored[i].Stream] = true
		}
		if len(records) == 0 {
			break
		}
		after = records[len(records)-1].Position
	}
	r.spoken("the log by position", all)
	sorted := slices.SortedFunc(maps.Keys(streams), func(a, b eventlog.Stream) int { return strings.Compare(a.String(), b.String()) })
	each := sha256.New()
	for _, s := range sorted {
		for after := eventlog.Version(0); ; {
			records, err := r.log.ReadStream(ctx, s, after, page)
			if err != nil {
				return err
			}
			if len(records) == 0 {
				break
			}
			for i := range records {
				records[i].Seal, records[i].Event = nil, nil // what is decoded is in Data
				_, _ = fmt.Fprintf(each, "%v", records[i])
			}
			after = records[len(records)-1].Version
		}
	}
	r.spoken("the log by stream", each)
	return nil
}

// spoken sums what was read without an error and notes when that is something else than before.
func (r *reader) spoken(name string, h hash.Hash) {
	r.sum(name, h)
	if before, ok := r.before[name]; ok && before != r.parts[name] {
		r.silent = append(r.silent, name)
	}
}

// states folds the busy SKU, for which commands would decide: from a damaged snapshot the state must come out
// as from the stream alone.
func (r *reader) states(ctx context.Context) error {
	state, err := r.log.Fold(ctx, inventory.Fold(workspace.Main, busy))
	if err != nil {
		return err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%+v", state) // which sorts maps
	r.spoken("the state of a long stream", h)
	return nil
}

func (r *reader) verify(ctx context.Context) error {
	report, err := verify.Log(ctx, r.stores.Log, 0)
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%v", report)
	r.sum("the report of verify", h)
	if err != nil {
		return err
	}
	_, err = verify.Snapshots(ctx, r.log, r.stores.Log, hub.Folds)
	return err
}

func (r *reader) keys(ctx context.Context) error {
	kept, err := r.stores.Log.ReadSnapshots(ctx, eventlog.Snapshot{}, page)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%v", kept)
	r.sum("snapshots", h)
	h = sha256.New()
	for after := (eventlog.StoredKey{}); ; {
		found, err := r.stores.Log.ReadKeys(ctx, after, page)
		if err != nil {
			return err
		}
		for i := range found {
			_, _ = fmt.Fprintf(h, "%v", found[i])
		}
		if len(found) < page {
			r.sum("command_keys", h)
			return nil
		}
		after = found[len(found)-1]
	}
}

// sealed opens every sealed value, then reads every column.
func (r *reader) sealed(ctx context.Context) error {
	for after := int64(0); ; {
		items, err := r.vault.Listed(ctx, nil, after, page)
		if err != nil {
			return err
		}
		for _, listed := range items {
			if _, err := r.vault.Item(ctx, listed.Number); err != nil {
				return err
			}
			after = listed.Number
		}
		if len(items) == 0 {
			break
		}
	}
	for query, open := range map[string]func(id string) error{
		`select id from people`: func(id string) error { _, err := r.vault.Person(ctx, id); return err },
		`select id from labels`: func(id string) error { _, err := r.vault.Label(ctx, id); return err },
		`select kind from secrets group by kind`: func(kind string) error {
			_, err := r.vault.Secrets(ctx, kind)
			return err
		},
	} {
		ids, err := r.texts(ctx, query)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := open(id); err != nil {
				return err
			}
		}
	}
	for _, name := range vault.Columns() {
		if err := r.column(ctx, name); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	return nil
}

func (r *reader) texts(ctx context.Context, query string) (found []string, err error) {
	err = r.vault.Read(ctx, func(in vault.Reader) error {
		return vault.Each(ctx, in, query, nil, func(rows vault.Rows) error {
			var text string
			err := rows.Scan(&text)
			found = append(found, text)
			return err
		})
	})
	return found, err
}

// column reads one column in the order of the table.
func (r *reader) column(ctx context.Context, name string) error {
	table, column, _ := strings.Cut(name, ".")
	h := sha256.New()
	err := r.vault.Read(ctx, func(in vault.Reader) error {
		return vault.Each(ctx, in, "select "+column+" from "+table, nil, func(rows vault.Rows) error {
			var value any
			err := rows.Scan(&value)
			_, _ = fmt.Fprintf(h, "%T:%v;", value, value)
			return err
		})
	})
	r.sum(name, h)
	return err
}

// rebuild folds the views from nothing.
func (r *reader) rebuild(ctx context.Context) error {
	if err := projection.Rebuild(ctx, r.log, r.stores.Views, hub.Projections(), projection.Options{Log: quiet}); err != nil {
		return err
	}
	var tables []string
	for _, p := range hub.Projections() {
		tables = append(tables, p.Tables()...)
	}
	sums, at, err := r.stores.Views.Hashes(ctx, tables)
	if err != nil {
		return err
	}
	if len(at) == 0 {
		return errors.New("no view was built")
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%x", sums)
	r.sum("the views", h)
	return nil
}
