package file

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"modernc.org/sqlite"

	"github.com/creatorflow/creatorflow/eventlog"
)

// SQLite keeps no sum of its pages. A table that has to tell when a row is not what was written has a
// column `sum integer generated always as (row_sum(…)) stored` over its other columns, in their order.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("row_sum", -1, func(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
		return RowSum(values...), nil
	})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// RowSum is the CRC32C over values: for each a letter of its type, its length and its bytes.
func RowSum(values ...driver.Value) int64 {
	sum := crc32.New(castagnoli)
	for _, v := range values {
		letter, content := byte('n'), []byte(nil)
		switch v := v.(type) {
		case int64:
			letter, content = 'i', binary.BigEndian.AppendUint64(nil, uint64(v)) //nolint:gosec // the bits are what counts
		case string:
			letter, content = 's', []byte(v)
		case []byte:
			letter, content = 'b', v
		case float64: // a flipped bit can make one of an integer
			letter, content = 'f', binary.BigEndian.AppendUint64(nil, math.Float64bits(v))
		}
		_, _ = sum.Write(binary.BigEndian.AppendUint64([]byte{letter}, uint64(len(content)))) // a hash takes anything
		_, _ = sum.Write(content)
	}
	return int64(sum.Sum32())
}

// Check reads all of a database: the structure of its pages, its indexes against its tables, and every
// row's sum in tables that have one. An error that wraps eventlog.ErrCorrupt says what is not whole.
func Check(ctx context.Context, path string) (err error) {
	db, err := Connect(ctx, path, 1, "deferred", "query_only(1)")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil) // one moment, and the process that writes goes on
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	found, err := texts(ctx, tx, `pragma integrity_check(10)`)
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%w: %s: %s", eventlog.ErrCorrupt, path, strings.Join(found, "; "))
	}
	tables, err := texts(ctx, tx, `select t.name from sqlite_schema t join pragma_table_xinfo(t.name) c where t.type = 'table' and c.name = 'sum' and c.hidden = 3`)
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	for _, table := range tables {
		columns, err := texts(ctx, tx, `select name from pragma_table_xinfo($1) where hidden = 0 order by cid`, table)
		if err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
		var wrong int
		query := "select count(*) from " + table + " where sum is not row_sum(" + strings.Join(columns, ", ") + ")"
		if err := tx.QueryRowContext(ctx, query).Scan(&wrong); err != nil {
			return fmt.Errorf("check %s of %s: %w", table, path, err)
		}
		if wrong > 0 {
			return fmt.Errorf("%w: %s: %d rows of %s are not what was written", eventlog.ErrCorrupt, path, wrong, table)
		}
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func texts(ctx context.Context, q querier, query string, args ...any) (found []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, rows.Err()
}

// MissingLabels says which of some labels the vault.db at a path does not keep, beside the process that has it.
func MissingLabels(ctx context.Context, path string, ids []string) (missing []string, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	db, err := Connect(ctx, path, 1, "deferred", "query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	missing, err = texts(ctx, db, `select w.value from json_each($1) w where not exists (select 1 from labels where id = w.value)`, string(list))
	if err != nil {
		return nil, fmt.Errorf("look for labels in %s: %w", path, err)
	}
	return missing, nil
}
