package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/seal"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/postgres"
	pglog "github.com/creatorflow/creatorflow/storage/postgres/logdb"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/storage/sqlite/logdb"
	"github.com/creatorflow/creatorflow/vault"
)

// movable is a log that can be taken from one engine to another; those of both engines are.
type movable interface {
	eventlog.Store
	// State says where the log was moved to, if it was, and whether it is a copy in the making.
	State(ctx context.Context) (movedTo string, filling bool, err error)
	// Fill makes an empty log the beginning of a copy, which only a move opens until Filled.
	Fill(ctx context.Context, id uuid.UUID) error
	PutKeys(ctx context.Context, keys []eventlog.StoredKey) error
	// Sync makes what Fill began durable.
	Sync(ctx context.Context) error
	// Filled opens the copy to all.
	Filled(ctx context.Context) error
	// MoveTo ends the log here for good.
	MoveTo(ctx context.Context, where string) error
}

// Place is where an engine keeps its data: a folder that this process has, or a database.
type Place struct {
	Folder *folder.Folder
	DB     string // postgres://…; empty = SQLite in the folder
}

// Moved says what a move took along.
type Moved struct {
	Where    string // it is now
	Events   int
	Keys     int // of commands, with their answers
	Rows     int // of the vault
	Position eventlog.Position
	Seal     [32]byte
}

// Move takes log, vault, inbox and command keys from one place to another, keeps every position, id,
// sum and the log's id, and ends the log at the old place for good, once the copy is on disk and was
// compared. Views are not moved: the next start builds them. What a move leaves that is cut off is no
// log that opens; once the old place has ended, the same move again opens the new one.
func Move(ctx context.Context, from, to Place) (m Moved, err error) {
	source, err := openForMove(ctx, from)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openForMove(ctx, to)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	m.Where = target.Where
	old, copied := source.Log.(movable), target.Log.(movable)
	movedTo, filling, err := old.State(ctx)
	switch {
	case err != nil:
		return m, err
	case filling:
		return m, fmt.Errorf("%s: %w", source.Where, eventlog.ErrFilling)
	case movedTo == "":
		if err := ownedBy(ctx, old, to.Folder.Dir()); err != nil {
			return m, err
		}
		if err := m.copy(ctx, source, target); err != nil {
			return m, err
		}
		select {
		case <-source.Lost: // another hub may have written meanwhile
			return m, fmt.Errorf("another hub has taken the database %s while it was being moved: stop it, empty %s and repeat the move", source.Where, target.Where)
		default:
		}
		if err := old.MoveTo(ctx, target.Where); err != nil {
			return m, fmt.Errorf("end the log at the old place: %w", err)
		}
	case movedTo != target.Where:
		return m, fmt.Errorf("%s: %w", source.Where, eventlog.MovedTo(movedTo))
	default:
		report, err := verify.Log(ctx, copied, 0)
		if err != nil {
			return m, fmt.Errorf("the copy is not whole: %w", err)
		}
		m.take(report)
	}
	same, err := sameHead(ctx, old, copied)
	if _, filling, err := copied.State(ctx); err != nil || !same && !filling {
		return m, errors.Join(err, fmt.Errorf("%s: %w", source.Where, eventlog.MovedTo(movedTo)))
	}
	if err != nil || !same {
		return m, errors.Join(err, fmt.Errorf("%w: the copy in %s does not end where the original does", eventlog.ErrCorrupt, target.Where))
	}
	return m, copied.Filled(ctx)
}

func (m *Moved) take(r verify.Report) {
	m.Events, m.Keys, m.Position, m.Seal = r.Events, r.Keys, r.Position, r.Seal
}

// sameHead says whether two logs are the same up to their end.
func sameHead(ctx context.Context, one, other eventlog.Store) (bool, error) {
	a, err := one.Head(ctx)
	if err != nil {
		return false, err
	}
	b, err := other.Head(ctx)
	return a == b, err
}

// openForMove opens log and vault in whatever state an earlier move has left them.
func openForMove(ctx context.Context, p Place) (*Stores, error) {
	s := &Stores{Name: SQLite, Where: p.Folder.Dir()}
	open := s.moveSQLite
	if p.DB != "" {
		open = s.movePostgres
	}
	if err := open(ctx, p); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stores) moveSQLite(ctx context.Context, p Place) error {
	if err := sqlite.Mend(p.Folder, slog.Default()); err != nil {
		return err
	}
	events, err := logdb.OpenForMove(ctx, p.Folder)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	kept, err := sqlite.OpenVault(ctx, p.Folder)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	s.Vault, s.closers = kept, append(s.closers, kept.Close)
	return nil
}

func (s *Stores) movePostgres(ctx context.Context, p Place) error {
	db, err := s.connect(ctx, p.DB)
	if err != nil {
		return err
	}
	hold, err := db.Hold(ctx)
	if err != nil {
		return err
	}
	s.Lost, s.closers = hold.Lost(), append(s.closers, func() error { hold.Close(); return nil })
	events, err := pglog.OpenForMove(ctx, db, p.Folder.Dir())
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	s.Log, s.closers = events, append(s.closers, events.Close)
	kept, err := postgres.OpenVault(ctx, db)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	s.Vault, s.closers = kept, append(s.closers, kept.Close)
	return nil
}

// copy fills the target. Nothing of the source is changed.
func (m *Moved) copy(ctx context.Context, source, target *Stores) error {
	old, copied := source.Log.(movable), target.Log.(movable)
	original, err := verify.Log(ctx, old, 0)
	if err != nil {
		return fmt.Errorf("the log to be moved is not whole: %w", err)
	}
	head, err := old.Head(ctx)
	switch {
	case err != nil:
		return err
	case head.Position == 0:
		return fmt.Errorf("the log in %s is empty, there is nothing to move: name the place that has it", source.Where)
	}
	if err := target.empty(ctx); err != nil {
		return err
	}
	if err := copied.Fill(ctx, head.LogID); err != nil {
		return err
	}
	if m.Rows, err = vault.Copy(ctx, source.Vault, target.Vault); err != nil {
		return err
	}
	before, err := vault.Sum(ctx, source.Vault)
	if err != nil {
		return err
	}
	after, err := vault.Sum(ctx, target.Vault)
	if err != nil {
		return err
	}
	if before != after {
		return errors.New("the copied vault is not what the old one is")
	}
	if err := copyEvents(ctx, old, copied, head); err != nil {
		return err
	}
	if err := copyKeys(ctx, old, copied); err != nil {
		return err
	}
	if err := copied.Sync(ctx); err != nil {
		return err
	}
	report, err := verify.Log(ctx, copied, 0)
	if err != nil {
		return fmt.Errorf("the copy is not whole: %w", err)
	}
	original.Snapshots, report.Snapshots = 0, 0 // the new place makes its own
	if original != report {
		return fmt.Errorf("%w: the copy has %+v, the original %+v", eventlog.ErrCorrupt, report, original)
	}
	m.take(report)
	return nil
}

// empty refuses a target that holds something.
func (s *Stores) empty(ctx context.Context) error {
	copied := s.Log.(movable)
	_, filling, err := copied.State(ctx)
	if err != nil {
		return err
	}
	at, err := copied.Head(ctx)
	if err != nil {
		return err
	}
	bare, err := vault.Empty(ctx, s.Vault)
	switch {
	case err != nil:
		return err
	case filling && (at.Position > 0 || !bare):
		return fmt.Errorf("%s has what a move left that was cut off: empty it and repeat the move", s.Where)
	case at.Position > 0:
		return fmt.Errorf("%s has a log already: name an empty place", s.Where)
	case !bare:
		return fmt.Errorf("%s has a vault with users or an inbox already: name an empty place", s.Where)
	}
	return nil
}

const (
	pageEvents = 2000
	pageKeys   = 1000
)

// copyEvents commits every commit again: the seals come out the same or something is wrong.
func copyEvents(ctx context.Context, old, copied movable, head eventlog.Head) error {
	var commit []eventlog.Stored
	for after := eventlog.Position(0); after < head.Position; {
		page, err := old.ReadAll(ctx, after, pageEvents)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return fmt.Errorf("%w: the log ends at position %d, but its head is %d", eventlog.ErrCorrupt, after, head.Position)
		}
		after += eventlog.Position(len(page))
		for i := range page {
			commit = append(commit, page[i])
			if page[i].Seal == nil {
				continue
			}
			batch, err := again(commit)
			if err != nil {
				return err
			}
			done, err := copied.Commit(ctx, batch)
			if err != nil {
				return err
			}
			if !done.OK || [32]byte(page[i].Seal) != done.Head.Seal {
				return fmt.Errorf("%w: the commit that ends at position %d came out differently", eventlog.ErrCorrupt, page[i].Position)
			}
			commit = commit[:0]
		}
	}
	return nil
}

// again makes the batch that a commit was.
func again(commit []eventlog.Stored) (eventlog.Batch, error) {
	b := eventlog.Batch{At: commit[0].At, Events: commit}
	digest := seal.NewDigest()
	bases := map[eventlog.Stream]int{}
	for i := range commit {
		s := &commit[i]
		body, err := s.Check()
		if err != nil {
			return b, err
		}
		digest.Add(body, s.Tail())
		base, known := bases[s.Stream]
		if !known {
			base = len(b.Bases)
			bases[s.Stream] = base
			b.Bases = append(b.Bases, eventlog.Base{Stream: s.Stream, Expect: s.Version - 1})
		}
		b.BaseOf = append(b.BaseOf, base)
	}
	b.Digest = digest.Sum()
	return b, nil
}

func copyKeys(ctx context.Context, old, copied movable) error {
	var after eventlog.StoredKey
	for {
		page, err := old.ReadKeys(ctx, after, pageKeys)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := copied.PutKeys(ctx, page); err != nil {
			return err
		}
		after = page[len(page)-1]
	}
}
