package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
	"github.com/creatorflow/creatorflow/vault/vaulttest"
)

func openVaultIn(t testing.TB, db *database.Database) *Vault {
	t.Helper()
	v, err := OpenVault(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func sealed(t testing.TB, store vault.Store) *vault.Vault {
	t.Helper()
	v, err := vault.Open(store, vault.Master{7}, vault.Options{Clock: func() time.Time { return time.Unix(1_790_000_000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVault(t *testing.T) {
	vaulttest.Run(t, func(t *testing.T) (vault.Store, func() vault.Store) {
		db := connected(t, created(t))
		store := openVaultIn(t, db)
		return store, func() vault.Store {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store = openVaultIn(t, db)
			return store
		}
	})
}

// TestVaultOfTwoProcesses: what is decided by reading first holds with any number of processes.
func TestVaultOfTwoProcesses(t *testing.T) {
	url := created(t)
	ctx := t.Context()
	both := []*vault.Vault{sealed(t, openVaultIn(t, connected(t, url))), sealed(t, openVaultIn(t, connected(t, url)))}
	const callers, each = 16, 12
	var mu sync.Mutex
	numbers, fresh := map[string]int64{}, 0
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				id := strconv.Itoa(i)
				n, first, err := both[c%2].Put(ctx, vault.Delivery{Channel: "tiktok", App: "a", Delivery: id, Body: []byte(id)})
				if err == nil {
					err = both[c/2%2].Mark(ctx, vault.Mark{Number: n, State: []string{vault.Done, vault.Pending}[i%2]})
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if was, have := numbers[id]; have && was != n {
					t.Errorf("delivery %s has the numbers %d and %d", id, was, n)
				}
				numbers[id] = n
				if first {
					fresh++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	items, err := both[0].Listed(ctx, nil, 0, 1000)
	if err != nil || len(items) != each || fresh != each || items[each-1].Number != each {
		t.Errorf("%d items, %d fresh, %v; want %d dense", len(items), fresh, err, each)
	}
	owners := []*accounts.Accounts{accounts.New(both[0]), accounts.New(both[1])}
	for _, name := range []string{"ana", "ben"} {
		if err := owners[0].PutUser(ctx, name, accounts.Owner); err != nil {
			t.Fatal(err)
		}
	}
	var refused atomic.Int64
	for i, name := range []string{"ana", "ben"} {
		wg.Go(func() {
			if err := owners[i].Disable(ctx, name, true); errors.Is(err, accounts.ErrLast) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if refused.Load() != 1 {
		t.Errorf("%d of two owners who disabled each other at once were refused, want 1", refused.Load())
	}
}

// TestVaultCanary reads the server's data files: nothing put into the vault may be legible in them,
// and the key of an erased person may not be there even sealed.
func TestVaultCanary(t *testing.T) {
	store := openVaultIn(t, connected(t, created(t)))
	v := sealed(t, store)
	ctx := t.Context()
	canary := []byte("Canary-Nightingale")
	_, _, err := v.Put(ctx, vault.Delivery{Channel: "canary-channel", App: "a", Body: canary})
	if err := errors.Join(err, v.PutPerson(ctx, "p1", canary), v.PutPerson(ctx, "p2", canary), v.PutSecret(ctx, "app", "a", canary)); err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{}
	for name, query := range map[string]string{
		"key":    `select sealed from vault_keys where kind = 'person' and id = 'p1'`,
		"secret": `select sealed from secrets`,
	} {
		var value []byte
		if err := store.pool.QueryRow(ctx, query).Scan(&value); err != nil {
			t.Fatal(err)
		}
		secrets[name] = value
	}
	if !inData(t, store, []byte("canary-channel")) {
		t.Error("not even the channel's name was found: the search looks in the wrong place")
	}
	if inData(t, store, canary) {
		t.Error("the canary is legible")
	}
	for name, value := range secrets {
		if !inData(t, store, value) {
			t.Errorf("the sealed %s was not found before it was deleted", name)
		}
	}
	if err := errors.Join(v.Erase(ctx, "p1"), v.DeleteSecret(ctx, "app", "a")); err != nil {
		t.Fatal(err)
	}
	for name, value := range secrets {
		if inData(t, store, value) {
			t.Errorf("the deleted %s is still there, sealed", name)
		}
	}
	if got, err := v.Person(ctx, "p2"); err != nil || !bytes.Equal(got, canary) {
		t.Errorf("another person: %q, %v", got, err)
	}
}

// inData says whether a file of the server's databases holds the bytes.
func inData(t *testing.T, store *Vault, what []byte) (found bool) {
	t.Helper()
	var dir string
	if _, err := store.pool.Exec(t.Context(), "checkpoint"); err != nil {
		t.Fatal(err)
	}
	if err := store.pool.QueryRow(t.Context(), "show data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Join(dir, "base"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		found = found || bytes.Contains(content, what)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVaultFence(t *testing.T) {
	store := openVaultIn(t, connected(t, created(t)))
	v := sealed(t, store)
	if err := store.Write(t.Context(), func(tx vault.Tx) error {
		_, err := tx.Exec(t.Context(), `do $$ begin raise exception 'broken' using errcode = 'XX001'; end $$`)
		return err
	}); !errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("a corrupted table: %v, want ErrFenced", err)
	}
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

// TestVaultFull: a full disk is the server's to find; nothing of the batch stays.
func TestVaultFull(t *testing.T) {
	store := openVaultIn(t, connected(t, created(t)))
	v := sealed(t, store)
	err := store.Write(t.Context(), func(tx vault.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into cursors (name, value) values ('c', 'v')`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `do $$ begin raise exception 'full' using errcode = 'disk_full'; end $$`)
		}
		return err
	})
	if !errors.Is(err, eventlog.ErrFull) || errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("got %v, want ErrFull alone", err)
	}
	if value, err := v.Cursor(t.Context(), "c"); err != nil || value != "" {
		t.Errorf("cursor %q, %v; want nothing of the failed write", value, err)
	}
	if err := v.SetCursor(t.Context(), "c", "w"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestVaultSwallowedError: a write that hides a failed statement is not taken for done.
func TestVaultSwallowedError(t *testing.T) {
	store := openVaultIn(t, connected(t, created(t)))
	err := store.Write(t.Context(), func(tx vault.Tx) error {
		_, _ = tx.Exec(t.Context(), `insert into cursors (name, value) values ('c', 'v')`)
		_, _ = tx.Exec(t.Context(), `insert into nowhere (a) values (1)`)
		return nil
	})
	if err == nil {
		t.Error("a transaction that the server rolled back was reported as committed")
	}
}

func TestVaultRollback(t *testing.T) {
	store := openVaultIn(t, connected(t, created(t)))
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

func TestVaultNewerSchema(t *testing.T) {
	url := created(t)
	store := openVaultIn(t, connected(t, url))
	if _, err := store.pool.Exec(t.Context(), `insert into migrations (version_id, is_applied) values (99, true)`); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenVault(t.Context(), connected(t, url)); !errors.Is(err, eventlog.ErrNewerSchema) {
		t.Errorf("a newer vault: %v, want ErrNewerSchema", err)
	}
}

// BenchmarkVaultPut is a webhook's way to durability: b.N deliveries of 1 kB from 1 and 64 callers.
func BenchmarkVaultPut(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			v := sealed(b, openVaultIn(b, connected(b, created(b))))
			b.SetParallelism(callers)
			var next atomic.Int64
			body := bytes.Repeat([]byte(`{"order_id":"576461413038785752","status":"AWAITING_SHIPMENT"},`), 16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := fmt.Sprint(next.Add(1))
					if _, fresh, err := v.Put(b.Context(), vault.Delivery{Channel: "tiktok", App: "a", Delivery: id, Body: body}); err != nil || !fresh {
						b.Fatal(fresh, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}
