package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// table is one of the vault's tables: its columns, the first key of them its primary key.
type table struct {
	name    string
	key     int
	columns []string
}

// tables are all of them, on every engine.
var tables = []table{
	{"vault_keys", 2, []string{"kind", "id", "version", "sealed", "at"}},
	{"inbox_head", 1, []string{"last"}}, // its only row has a key that differs between engines
	{"inbox", 1, []string{
		"number", "channel", "app", "delivery", "received", "day", "state", "attempts", "reason", "field", "rule",
		"sample", "connection", "subject", "person", "due", "hash", "body",
	}},
	{"inbox_counts", 1, []string{"state", "items"}},
	{"deliveries", 3, []string{"channel", "app", "delivery", "number", "at"}},
	{"people", 1, []string{"id", "data", "at"}},
	{"labels", 1, []string{"id", "person", "type", "file", "at"}},
	{"secrets", 2, []string{"kind", "id", "version", "sealed", "at"}},
	{"cursors", 1, []string{"name", "value"}},
	{"users", 1, []string{"name", "role", "password", "disabled", "created"}},
	{"links", 1, []string{"hash", "user_name", "role", "ends"}},
	{"sessions", 1, []string{"id", "hash", "user_name", "agent", "created", "seen", "ends"}},
	{"api_keys", 1, []string{"prefix", "hash", "name", "role", "scopes", "created", "ends", "used"}},
}

// copyRows is how many rows a transaction of a copy writes.
const copyRows = 500

// Copy puts all rows of one store into another, in the place of what is there, as they are: sealed,
// so that neither needs the master key. It returns how many there are.
func Copy(ctx context.Context, from, to Store) (rows int, err error) {
	for _, t := range tables {
		n, err := t.copy(ctx, from, to)
		rows += n
		if err != nil {
			return rows, fmt.Errorf("copy the vault's %s: %w", t.name, err)
		}
	}
	return rows, nil
}

func (t *table) copy(ctx context.Context, from, to Store) (rows int, err error) {
	if err := to.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "delete from "+t.name)
		return err
	}); err != nil {
		return 0, err
	}
	marks := make([]string, len(t.columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := "insert into " + t.name + " (" + strings.Join(t.columns, ", ") + ") values (" + strings.Join(marks, ", ") + ")"
	var page [][]any
	put := func() error {
		err := to.Write(ctx, func(tx Tx) error {
			for _, row := range page {
				if _, err := tx.Exec(ctx, insert, row...); err != nil {
					return err
				}
			}
			return nil
		})
		rows += len(page)
		page = page[:0]
		return err
	}
	err = t.each(ctx, from, func(row []any) error {
		if page = append(page, row); len(page) < copyRows {
			return nil
		}
		return put()
	})
	return rows, errors.Join(err, put())
}

// Empty says that a store holds nothing that was put in: at most keys, which a start makes.
func Empty(ctx context.Context, s Store) (bool, error) {
	for _, t := range tables {
		if t.name == "vault_keys" || t.name == "inbox_head" {
			continue
		}
		var one int
		if err := s.Read(ctx, func(r Reader) error {
			_, err := One(ctx, r, "select 1 from "+t.name+" limit 1", nil, &one)
			return err
		}); err != nil || one == 1 {
			return false, err
		}
	}
	return true, nil
}

// each reads a table in the order of its key.
func (t *table) each(ctx context.Context, from Store, do func(row []any) error) error {
	query := "select " + strings.Join(t.columns, ", ") + " from " + t.name + " order by " + strings.Join(t.columns[:t.key], ", ")
	return from.Read(ctx, func(r Reader) error {
		return Each(ctx, r, query, nil, func(rows Rows) error {
			row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			return do(row)
		})
	})
}

// Sum is the SHA-256 over all rows of a store, the same on every engine, to compare a copy with.
func Sum(ctx context.Context, s Store) (sum [32]byte, err error) {
	digest := sha256.New()
	for _, t := range tables {
		_, _ = fmt.Fprintf(digest, "%s\n", t.name) // a hash takes anything
		if err := t.each(ctx, s, func(row []any) error {
			for _, value := range row {
				if text, ok := value.(string); ok {
					value = []byte(text)
				}
				_, _ = fmt.Fprintf(digest, "%x;", value)
			}
			return nil
		}); err != nil {
			return sum, fmt.Errorf("read the vault's %s: %w", t.name, err)
		}
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// Columns names what a copy takes, as table.column.
func Columns() (names []string) {
	for _, t := range tables {
		for _, column := range t.columns {
			names = append(names, t.name+"."+column)
		}
	}
	return names
}
