package sqlite

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
	"github.com/creatorflow/creatorflow/vault/vaulttest"
)

func openVaultIn(t *testing.T, dir string) *Vault {
	t.Helper()
	v, err := OpenVault(t.Context(), folder.Beside(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func sealed(t *testing.T, store vault.Store) *vault.Vault {
	t.Helper()
	v, err := vault.Open(store, vault.Master{7}, vault.Options{Clock: func() time.Time { return time.Unix(1_790_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVaultContract(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) (vault.Store, func() vault.Store) {
		dir := t.TempDir()
		store := openVaultIn(t, dir)
		return store, func() vault.Store {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store = openVaultIn(t, dir)
			return store
		}
	})
}

// TestVaultCanary reads the raw files: nothing put into the vault may be legible in them, and
// nothing erased may be there even sealed.
func TestVaultCanary(t *testing.T) {
	dir := t.TempDir()
	store := openVaultIn(t, dir)
	v := sealed(t, store)
	ctx := t.Context()
	canary := []byte("Canary-Nightingale")
	body := append([]byte(`{"name":"`), append(canary, '"')...)
	for range 20 {
		if _, _, err := v.Put(ctx, vault.Delivery{Channel: "tiktok", App: "a", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	token, err := accounts.New(v).MakeLink(ctx, "ana", accounts.Owner, time.Hour)
	if err == nil {
		_, err = accounts.New(v).UseLink(ctx, token, "ana", vault.Secret(canary))
	}
	if err == nil {
		err = errors.Join(v.PutPerson(ctx, "p1", body), v.PutSecret(ctx, "app", "a", canary),
			v.PutLabel(ctx, vault.Label{ID: "l", Person: "p1", Tracking: string(canary), File: body}))
	}
	if err != nil {
		t.Fatal(err)
	}
	if where := inFiles(t, dir, canary); where != "" {
		t.Errorf("the canary is legible in %s", where)
	}
	if where := inFiles(t, dir, []byte("tiktok")); where == "" {
		t.Error("not even the channel's name was found: the search looks in the wrong place")
	}
	var key, data, label []byte
	if err := errors.Join(
		store.conn.QueryRowContext(ctx, `select sealed from vault_keys where kind = 'person'`).Scan(&key),
		store.conn.QueryRowContext(ctx, `select data from people`).Scan(&data),
		store.conn.QueryRowContext(ctx, `select file from labels`).Scan(&label)); err != nil {
		t.Fatal(err)
	}
	if err := v.Erase(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string][]byte{"key": key, "data": data, "label": label} {
		if where := inFiles(t, dir, bytes); where != "" {
			t.Errorf("the erased person's sealed %s is still in %s", name, where)
		}
	}
}

// inFiles names the first file of a folder that holds the bytes.
func inFiles(t *testing.T, dir string, what []byte) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, what) {
			return filepath.Base(name)
		}
	}
	return ""
}

// TestVaultFull fills the database for real: SQLite refuses pages beyond max_page_count just as
// it does on a full disk.
func TestVaultFull(t *testing.T) {
	store := openVaultIn(t, t.TempDir())
	v := sealed(t, store)
	ctx := t.Context()
	limit := func(pages int) {
		t.Helper()
		var now int
		if err := store.conn.QueryRowContext(ctx, "pragma page_count").Scan(&now); err != nil {
			t.Fatal(err)
		}
		if err := store.conn.QueryRowContext(ctx, "pragma max_page_count("+strconv.Itoa(now+pages)+")").Scan(&now); err != nil {
			t.Fatal(err)
		}
	}
	put := func(n int) (int64, error) {
		body := make([]byte, 30_000)
		for i := range body { // zstd must not shrink it
			body[i] = byte(i*i*31 + i>>3*7 + n*i)
		}
		number, _, err := v.Put(ctx, vault.Delivery{Channel: "tiktok", App: "a", Body: body})
		return number, err
	}
	if _, err := put(0); err != nil {
		t.Fatal(err)
	}
	limit(20)
	acked := int64(1)
	var err error
	for n := 1; n < 1000 && err == nil; n++ {
		var number int64
		if number, err = put(n); err == nil {
			acked = number
		}
	}
	if !errors.Is(err, eventlog.ErrFull) || errors.Is(err, eventlog.ErrFenced) {
		t.Fatalf("put into a full vault: %v, want ErrFull alone", err)
	}
	if items, err := v.Pending(ctx, 0, 1000); err != nil || int64(len(items)) != acked {
		t.Fatalf("%d items readable, %v; want %d", len(items), err, acked)
	}
	limit(10_000)
	if number, err := put(5); err != nil || number != acked+1 {
		t.Errorf("after room was made: %d, %v; want %d", number, err, acked+1)
	}
}

func TestVaultFence(t *testing.T) {
	store := openVaultIn(t, t.TempDir())
	v := sealed(t, store)
	store.fence.Trip(errors.New("fsync: input/output error"))
	if _, _, err := v.Put(t.Context(), vault.Delivery{Channel: "tiktok", Body: []byte("x")}); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("put behind the fence: %v, want ErrFenced", err)
	}
	if err := v.Erase(t.Context(), "p"); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("erase behind the fence: %v, want ErrFenced", err)
	}
	if _, err := v.InboxCounts(t.Context()); err != nil {
		t.Errorf("reads must go on: %v", err)
	}
	select {
	case <-store.Fenced():
	default:
		t.Error("the fence is not to be seen")
	}
}

// TestVaultCorrupt damages the file for real: the write that meets the damage fences.
func TestVaultCorrupt(t *testing.T) {
	dir := t.TempDir()
	first := openVaultIn(t, dir)
	v := sealed(t, first)
	for range 50 {
		if _, _, err := v.Put(t.Context(), vault.Delivery{Channel: "tiktok", Body: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "vault.db"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	for at := int64(4096); err == nil && at < info.Size(); at += 4096 { // every page but the first
		_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, 64), at)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	store, err := OpenVault(t.Context(), folder.Beside(dir))
	if err != nil {
		t.Logf("refused at opening: %v", err)
		return
	}
	defer func() { _ = store.Close() }()
	if _, err = vault.Open(store, vault.Master{7}, vault.Options{Clock: time.Now}); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("a write into a damaged file: %v, want ErrFenced", err)
	}
	if store.fence.Err() == nil {
		t.Error("the damage did not trip the fence")
	}
}

func TestVaultNewerSchema(t *testing.T) {
	dir := t.TempDir()
	store := openVaultIn(t, dir)
	if _, err := store.conn.ExecContext(t.Context(), `insert into goose_db_version (version_id, is_applied) values (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenVault(t.Context(), folder.Beside(dir)); !errors.Is(err, eventlog.ErrNewerSchema) {
		t.Errorf("a newer vault: %v, want ErrNewerSchema", err)
	}
}

// TestVaultRollback checks that a failed transaction leaves the connection ready for the next.
func TestVaultRollback(t *testing.T) {
	store := openVaultIn(t, t.TempDir())
	oops := errors.New("oops")
	write := func(fail error) error {
		return store.Write(t.Context(), func(tx vault.Tx) error {
			_, err := tx.Exec(t.Context(), `insert into cursors (name, value) values ($1, $2)`, "c", "v")
			return errors.Join(err, fail)
		})
	}
	if err := write(oops); !errors.Is(err, oops) {
		t.Errorf("got %v, want oops", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = store.Write(context.Background(), func(vault.Tx) error { panic("oops") })
	}()
	if err := write(nil); err != nil {
		t.Errorf("the next write: %v", err)
	}
}

func TestVaultPragmas(t *testing.T) {
	store := openVaultIn(t, t.TempDir())
	for pragma, want := range map[string]string{"synchronous": "2", "secure_delete": "1", "journal_mode": "wal", "wal_autocheckpoint": "0"} {
		var got string
		if err := store.conn.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
}

// TestVaultLogIsBounded writes far more than the write-ahead log may hold.
func TestVaultLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	v := sealed(t, openVaultIn(t, dir))
	noise := rand.NewChaCha8([32]byte{1})
	body := make([]byte, 1<<20)
	for range 120 {
		_, _ = noise.Read(body) // zstd must not shrink it
		if _, _, err := v.Put(t.Context(), vault.Delivery{Channel: "tiktok", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "vault.db-wal"))
	if err != nil || info.Size() > 40<<20 {
		t.Errorf("the write-ahead log has %d bytes after 120 MiB of bodies, %v; want at most 40 MiB", info.Size(), err)
	}
}

// BenchmarkVaultPut is a webhook's way to durability: b.N deliveries of 1 kB from 1 and 64 callers.
func BenchmarkVaultPut(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			store, err := OpenVault(b.Context(), folder.Beside(b.TempDir()))
			if err != nil {
				b.Fatal(err)
			}
			v, err := vault.Open(store, vault.Master{7}, vault.Options{Clock: func() time.Time { return time.Unix(1_790_000_000, 0) }})
			if err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(callers)
			var next atomic.Int64
			body := bytes.Repeat([]byte(`{"order_id":"576461413038785752","status":"AWAITING_SHIPMENT"},`), 16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := strconv.FormatInt(next.Add(1), 10)
					if _, fresh, err := v.Put(b.Context(), vault.Delivery{Channel: "tiktok", App: "a", Delivery: id, Body: body}); err != nil || !fresh {
						b.Fatal(fresh, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			if err := store.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// TestVaultSums: every table of the vault has a sum of its rows, which the check recomputes.
func TestVaultSums(t *testing.T) {
	dir := t.TempDir()
	store := openVaultIn(t, dir)
	v := sealed(t, store)
	ctx := t.Context()
	if _, _, err := v.Put(ctx, vault.Delivery{Channel: "tiktok", App: "a", Delivery: "d-1", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if err := v.SetCursor(ctx, "poll:t-1", "canary-1"); err != nil {
		t.Fatal(err)
	}
	var without string
	if err := store.db.Read.QueryRowContext(ctx, `select coalesce(group_concat(t.name), '') from sqlite_schema t where t.type = 'table'
		and t.name not like 'goose%' and t.name not like 'sqlite%' and not exists (select 1 from pragma_table_xinfo(t.name) c where c.name = 'sum')`).Scan(&without); err != nil || without != "" {
		t.Errorf("tables without a sum: %q, %v", without, err)
	}
	if err := file.Check(ctx, store.db.Path); err != nil {
		t.Fatalf("a whole vault: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("canary-1"))
	if at < 0 {
		t.Fatal("the cursor is not in the file")
	}
	content[at+7] ^= 3
	if err := os.WriteFile(filepath.Join(dir, "vault.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := file.Check(ctx, filepath.Join(dir, "vault.db")); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("a cursor that became another: %v, want ErrCorrupt", err)
	}
}

// TestVaultFromBeforeSums opens a vault that was made before its rows had sums.
func TestVaultFromBeforeSums(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	first, err := vaultMigrations.ReadFile("migrations/vault/00001_vault.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := file.Open(ctx, filepath.Join(dir, "vault.db"), file.Full)
	if err != nil {
		t.Fatal(err)
	}
	err = file.Migrate(ctx, db, fstest.MapFS{"00001_vault.sql": {Data: first}})
	for _, row := range []string{
		`update inbox_head set last = 7`, `insert into cursors values ('poll', '2026-01-05')`,
		`insert into inbox (number, channel, app, delivery, received, day, state, due, hash) values (7, 'tiktok', 'a', 'd-1', 1, '2026-01-05', 'done', 0, x'00')`,
		`insert into deliveries values ('tiktok', 'a', 'd-1', 7, 1)`,
	} {
		if err == nil {
			_, err = db.Write.ExecContext(ctx, row)
		}
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	v := sealed(t, openVaultIn(t, dir))
	if value, err := v.Cursor(ctx, "poll"); err != nil || value != "2026-01-05" {
		t.Errorf("the cursor is %q, %v", value, err)
	}
	if item, err := v.Item(ctx, 7); err != nil || item.State != vault.Done || item.Delivery != "d-1" {
		t.Errorf("the item is %+v, %v", item, err)
	}
	if number, _, err := v.Put(ctx, vault.Delivery{Channel: "tiktok", App: "a", Delivery: "d-2", Body: []byte("x")}); err != nil || number != 8 {
		t.Errorf("the next delivery is %d, %v; want 8", number, err)
	}
	if err := file.Check(ctx, filepath.Join(dir, "vault.db")); err != nil {
		t.Error(err)
	}
}
