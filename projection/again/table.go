package again

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/rowsum"
)

// table is one that is compared.
type table struct {
	view    projection.Projection
	name    string
	columns []string
	json    []bool // which of them are JSON
	key     int    // so many first columns
	one     string
	page    [2]string // from the beginning, and after a key
	until   [2]string // the same up to a key
}

// parse reads what projection.Table.Create wrote.
func parse(ddl string) (*table, bool) {
	rest, ok := strings.CutPrefix(ddl, "create table ")
	name, body, cut := strings.Cut(rest, " (")
	body, key, keyed := strings.Cut(body, ", primary key (")
	if !ok || !cut || !keyed {
		return nil, false
	}
	t := &table{name: name, key: strings.Count(key, ",") + 1}
	for column := range strings.SplitSeq(body, ", ") {
		words := strings.Fields(column)
		t.columns, t.json = append(t.columns, words[0]), append(t.json, words[1] == "jsonb")
	}
	from := "select " + strings.Join(t.columns, ", ") + " from " + name
	keys := strings.Join(t.columns[:t.key], ", ")
	marks := func(first int) string {
		all := make([]string, t.key)
		for i := range all {
			all[i] = "$" + strconv.Itoa(first+i)
		}
		return "(" + strings.Join(all, ", ") + ")"
	}
	limit := func(after int) string { return " order by " + keys + " limit $" + strconv.Itoa(after+1) }
	t.one = from + " where (" + keys + ") = " + marks(1)
	t.page = [2]string{from + limit(0), from + " where (" + keys + ") > " + marks(1) + limit(t.key)}
	t.until = [2]string{
		from + " where (" + keys + ") <= " + marks(1) + limit(t.key),
		from + " where (" + keys + ") > " + marks(1) + " and (" + keys + ") <= " + marks(t.key+1) + limit(2*t.key),
	}
	return t, true
}

// place is a key's, written with spaces between its parts.
func (t *table) place(key []any) Place {
	parts := make([]string, len(key))
	for i, part := range key {
		switch v := part.(type) {
		case []byte:
			parts[i] = string(v)
		case time.Time:
			parts[i] = strconv.FormatInt(v.UnixMicro(), 10)
		default:
			parts[i] = fmt.Sprint(v)
		}
	}
	return Place{View: t.view.Name(), Table: t.name, Key: strings.Join(parts, " ")}
}

// spy notes which rows are written.
type spy struct {
	projection.Tx
	note func(t *projection.Layout, rows [][]any)
}

// farSpy is a spy of a store that is better asked for many rows at once.
type farSpy struct {
	spy
	far projection.Far
}

func watch(tx projection.Tx, note func(t *projection.Layout, rows [][]any)) projection.Tx {
	if far, ok := tx.(projection.Far); ok {
		return farSpy{spy{tx, note}, far}
	}
	return spy{tx, note}
}

// Store implements projection.Tx.
func (s spy) Store(ctx context.Context, t *projection.Layout, rows [][]any) error {
	s.note(t, rows)
	return s.Tx.Store(ctx, t, rows)
}

// Remove implements projection.Tx.
func (s spy) Remove(ctx context.Context, t *projection.Layout, keys [][]any) error {
	s.note(t, keys)
	return s.Tx.Remove(ctx, t, keys)
}

// Load implements projection.Far.
func (s farSpy) Load(ctx context.Context, t *projection.Layout, keys [][]any) (projection.Rows, error) {
	return s.far.Load(ctx, t, keys)
}

// one compares one row.
func (at reading) one(ctx context.Context, r row) error {
	serving, err := r.rows(ctx, at.serving, r.one, r.key...)
	if err != nil {
		return err
	}
	again, err := r.rows(ctx, at.copy, r.one, r.key...)
	if err != nil {
		return err
	}
	at.hold(r.table, serving, again)
	return nil
}

// page compares the next rows after a key, nil = the first ones. It gives their number and the key to go on after, nil at the end; all
// says that the copy has no more rows between the two than were compared.
func (at reading) page(ctx context.Context, t *table, after []any, limit int) (n int, last []any, all bool, err error) {
	from := 0
	if after != nil {
		from = 1
	}
	serving, err := t.rows(ctx, at.serving, t.page[from], append(append([]any{}, after...), limit)...)
	if err != nil {
		return 0, nil, false, err
	}
	var again [][]any
	if len(serving) < limit { // the rest of the table
		again, err = t.rows(ctx, at.copy, t.page[from], append(append([]any{}, after...), 2*limit)...)
	} else {
		last = serving[len(serving)-1][:t.key]
		again, err = t.rows(ctx, at.copy, t.until[from], append(append(append([]any{}, after...), last...), 2*limit)...)
	}
	if err != nil {
		return 0, nil, false, err
	}
	at.hold(t, serving, again)
	return len(serving), last, len(again) < 2*limit, nil
}

// hold holds rows of the same keys against each other.
func (at reading) hold(t *table, serving, again [][]any) {
	if slices.EqualFunc(serving, again, func(a, b []any) bool { return slices.EqualFunc(a, b, same) }) {
		return // as nearly always, and then nobody has to know which rows they are
	}
	due := map[Place][]any{}
	for _, r := range again {
		due[t.place(r[:t.key])] = r
	}
	found := func(place Place, key []any, kind string, fields []string) {
		at.differ[place], at.found[place] = Difference{Place: place, Kind: kind, Fields: fields}, row{t, key}
	}
	for _, r := range serving {
		place := t.place(r[:t.key])
		want, ok := due[place]
		delete(due, place)
		if !ok {
			found(place, r[:t.key], Extra, nil)
			continue
		}
		var fields []string
		for i, v := range r {
			if !same(v, want[i]) && !(t.json[i] && alike(v, want[i])) {
				fields = append(fields, t.columns[i])
			}
		}
		if fields != nil {
			found(place, r[:t.key], Changed, fields)
		}
	}
	for place, r := range due {
		found(place, r[:t.key], Missing, nil)
	}
}

func same(a, b any) bool {
	x, isX := a.([]byte)
	y, isY := b.([]byte)
	if isX && isY {
		return bytes.Equal(x, y)
	}
	return isX == isY && a == b
}

// alike says that two JSON values mean the same: an older program may have written another order of names.
func alike(a, b any) bool {
	x, badX := rowsum.Canonical(a)
	y, badY := rowsum.Canonical(b)
	return badX == nil && badY == nil && same(x, y)
}

// rows reads whole rows of the table.
func (t *table) rows(ctx context.Context, r projection.Reader, text string, args ...any) (all [][]any, err error) {
	rows, err := r.Query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("compare %s: %w", t.name, err)
		}
		all = append(all, slices.Clone(values))
	}
	return all, rows.Err()
}
