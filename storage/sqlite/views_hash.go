package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/rowsum"
)

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

// columnsOf lists a table's columns in order and which of them are JSON, and those of its primary key.
func columnsOf(ctx context.Context, s *session, table string) (columns, key []string, json []bool, err error) {
	rows, err := s.query(ctx, `select name, pk, type = 'jsonb' from pragma_table_info($1) order by pk, cid`, table)
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
