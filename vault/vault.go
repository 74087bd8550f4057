// Package vault keeps what must not be in the log: personal data, raw webhook bodies, labels,
// channel secrets, and (package accounts) who may sign in. Everything readable is sealed with a key of its own, so
// forgetting is destroying a key.
//
//	webhook ─► Put ─► inbox row (zstd, sealed with the day's key) ─► Pending ─► ingest ─► Mark
//	order   ─► PutPerson, PutLabel (sealed with the person's key) ─► Erase destroys that key
//	connect ─► PutSecret (sealed with the master key)      browser ─► accounts
//
// The write order is vault first, then log: an event may point here, never the other way round.
// Writes that arrive together share one durable commit. SQL is written once, for both engines.
package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// What a read can fail with, besides eventlog.ErrFenced, eventlog.ErrFull and plain faults.
var (
	// ErrNotFound says that nothing is kept under this id.
	ErrNotFound = errors.New("vault: not found")
	// ErrGone says that it was kept and its key has been destroyed since.
	ErrGone = errors.New("vault: its key has been destroyed")
	// ErrMaster says that the master key is not the one this vault was sealed with.
	ErrMaster = errors.New("the master key does not open this vault: put back the key it was made with (file master.key or CREATORFLOW_MASTER_KEY)")
)

// Rows is a query's answer; the caller closes it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Reader reads rows. Placeholders are $1 … $n.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Tx is a write transaction.
type Tx interface {
	Reader
	// Exec runs one statement and says how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
}

// Store is what a storage engine gives: durable transactions over the vault's tables.
type Store interface {
	// Write runs do in one transaction, all or nothing, and returns when it is durable. A full
	// disk is eventlog.ErrFull, an I/O fault eventlog.ErrFenced, then and for ever.
	Write(ctx context.Context, do func(tx Tx) error) error
	// Read runs queries that see one commit. It does not wait for the writer.
	Read(ctx context.Context, do func(r Reader) error) error
	// Scrub makes deleted rows unreadable in the files, write-ahead log included.
	Scrub(ctx context.Context) error
	Close() error
}

// Options are what a Vault needs from outside.
type Options struct {
	Clock func() time.Time // required
	Rand  io.Reader        // of keys, nonces and tokens; nil = crypto/rand
}

// Vault seals, keeps and forgets. Its methods may be called from many goroutines.
type Vault struct {
	store   Store
	clock   func() time.Time
	rand    io.Reader
	keys    sealer // seals the keys in table vault_keys
	secrets sealer
	index   []byte // HMAC key of person ids
	pack    *zstd.Encoder
	unpack  *zstd.Decoder
	commits *commits

	mu       sync.Mutex
	today    string // the day whose key is at hand
	todayKey sealer
}

// Open prepares a vault on a store, which stays the caller's to close. It refuses a master key
// that is not the vault's own with ErrMaster.
func Open(store Store, master Master, o Options) (*Vault, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	v := &Vault{
		store: store, clock: o.Clock, rand: &oneReader{from: o.Rand},
		index:   master.derive("person index"),
		commits: newCommits(store),
	}
	var err error
	if v.keys, err = newSealer(master.derive("keys")); err != nil {
		return nil, err
	}
	if v.secrets, err = newSealer(master.derive("secrets")); err != nil {
		return nil, err
	}
	if v.pack, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithWindowSize(1<<18), zstd.WithLowerEncoderMem(true)); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if v.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBody)); err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	return v, v.checkMaster(context.Background(), master)
}

// checkMaster compares a fingerprint of the master key with the one kept at first start.
func (v *Vault) checkMaster(ctx context.Context, master Master) error {
	mine := master.derive("fingerprint")
	var kept []byte
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.Exec(ctx, `insert into vault_keys (kind, id, version, sealed, at) values ('master', '', 1, $1, $2)
			on conflict (kind, id) do nothing`, mine, Micros(v.clock())); err != nil {
			return err
		}
		_, err := One(ctx, tx, `select sealed from vault_keys where kind = 'master' and id = ''`, nil, &kept)
		return err
	})
	if err != nil {
		return fmt.Errorf("open vault: %w", err)
	}
	if !hmac.Equal(mine, kept) {
		return ErrMaster
	}
	return nil
}

// PersonID is the stable reference to a buyer: without the master key it says nothing about them.
func (v *Vault) PersonID(connection, buyer string) string {
	return "p" + v.reference(connection, buyer)
}

// AddressID is the stable reference to an address, whoever lives there and whichever shop sends there.
func (v *Vault) AddressID(address string) string { return "a" + v.reference("address", "of", address) }

// reference is told from those of other parts by how many there are.
func (v *Vault) reference(parts ...string) string {
	mac := hmac.New(sha256.New, v.index)
	mac.Write(joined(parts...))
	return fmt.Sprintf("%x", mac.Sum(nil)[:16])
}

// Now is the vault's clock.
func (v *Vault) Now() time.Time { return v.clock().UTC() }

// Random gives n random bytes from the vault's source.
func (v *Vault) Random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(v.rand, b); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	return b, nil
}

// Write joins the next durable commit. When ctx ends before its turn nothing is written; later it
// runs to its end. It is for packages below vault that keep tables of their own here.
func (v *Vault) Write(ctx context.Context, do func(ctx context.Context, tx Tx) error) error {
	return v.commits.write(ctx, do)
}

// Read runs queries that see one commit.
func (v *Vault) Read(ctx context.Context, do func(r Reader) error) error {
	return v.store.Read(ctx, do)
}

// One reads a single row and says whether there was one.
func One(ctx context.Context, r Reader, query string, args []any, dest ...any) (found bool, err error) {
	err = Each(ctx, r, query, args, func(rows Rows) error {
		found = true
		return rows.Scan(dest...)
	})
	return found, err
}

// Each calls do for every row of a query.
func Each(ctx context.Context, r Reader, query string, args []any, do func(rows Rows) error) (err error) {
	rows, err := r.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Micros is how times are kept; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Moment is the time that Micros wrote.
func Moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
