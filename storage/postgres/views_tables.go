package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/rowsum"
)

// column is a column's name and type in the DDL that both engines read.
var column = regexp.MustCompile(`([(,]\s*[a-z_][a-z0-9_]*\s+)(text|integer|real|blob)\b`)

// types are what SQLite means by its types: its text compares byte by byte.
var types = map[string]string{"text": `text collate "C"`, "integer": "bigint", "real": "double precision", "blob": "bytea"}

// ddl writes a statement that makes tables in PostgreSQL's dialect.
func ddl(text string) string {
	if !strings.HasPrefix(text, "create table ") {
		return text
	}
	return column.ReplaceAllStringFunc(text, func(found string) string {
		parts := column.FindStringSubmatch(found)
		return parts[1] + types[parts[2]]
	})
}

// Hashes implements projection.Store.
func (v *Views) Hashes(ctx context.Context, tables []string) (sums [][32]byte, at []projection.Checkpoint, err error) {
	err = v.Read(ctx, func(r projection.Reader) error {
		s := r.(viewReader).s
		if at, err = checkpoints(ctx, s); err != nil {
			return err
		}
		for _, table := range tables {
			sum, err := hashTable(ctx, s, table)
			if err != nil {
				return fmt.Errorf("hash %s: %w", table, err)
			}
			sums = append(sums, sum)
		}
		return nil
	})
	return sums, at, err
}

func hashTable(ctx context.Context, s *session, table string) (sum [32]byte, err error) {
	columns, key, json, err := columnsOf(ctx, s, table)
	if err != nil {
		return sum, err
	}
	if len(key) == 0 {
		return sum, errors.New("there is no such table, or it has no primary key")
	}
	rows, err := s.query(ctx, "select "+strings.Join(columns, ", ")+" from "+quote(table)+" order by "+strings.Join(key, ", "))
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rowsum.Of(rows, json)
}

// columnsOf lists a table's columns and which of them are JSON, in the order in which SQLite does too,
// and those of its primary key.
func columnsOf(ctx context.Context, s *session, table string) (columns, key []string, json []bool, err error) {
	rows, err := s.query(ctx, `select a.attname::text, coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0) as part, a.atttypid = 'jsonb'::regtype
		from pg_attribute a left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
		where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by part, a.attnum`, quote(table))
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		var part int
		var isJSON bool
		if err := rows.Scan(&name, &part, &isJSON); err != nil {
			return nil, nil, nil, err
		}
		columns, json = append(columns, quote(name)), append(json, isJSON)
		if part > 0 {
			key = append(key, quote(name))
		}
	}
	return columns, key, json, rows.Err()
}
