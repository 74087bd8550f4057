package projection

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Table describes one view table in one place: its DDL, its statements, and how a row stands in
// memory.
//
//	var stock = projection.Table[stockRow]{
//		Name: "stock_v1", Key: 1,
//		Columns: []string{"sku text", "on_hand bigint", "moved_at bigint", "listings jsonb"},
//		Fields: func(r *stockRow) []any {
//			return []any{&r.SKU, &r.OnHand, &r.MovedAt, projection.JSON(&r.Listings)}
//		},
//	}
//
//	rows := stock.Edit(tx)          // in Apply
//	row, err := rows.Get(ctx, sku)  // loaded once a batch; a zero row with its key when absent
//	row.OnHand += e.Quantity
//	return rows.Save(ctx)           // writes each changed row once
//
// Columns are NOT NULL unless they say " null". A *time.Time is kept as bigint microseconds (the
// zero time as 0), JSON(&field) as jsonb; anything else must suit database/sql.
type Table[R any] struct {
	Name    string           // ends in _v<Version of its projection>
	Columns []string         // name and type that both databases know
	Key     int              // so many first columns are the primary key
	Fields  func(r *R) []any // pointers to a row's fields, in the order of Columns

	once  sync.Once
	texts statements
}

// Querier is what rows can be read from: a Tx while folding, a Reader afterwards.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Create is the table's DDL, for Projection.Schema.
func (t *Table[R]) Create() string {
	var b strings.Builder
	b.WriteString("create table " + t.Name + " (")
	for _, c := range t.Columns {
		b.WriteString(c)
		if !strings.HasSuffix(c, " null") {
			b.WriteString(" not null")
		}
		b.WriteString(", ")
	}
	b.WriteString("primary key (" + strings.Join(t.names()[:t.Key], ", ") + "))")
	return b.String()
}

// Select reads rows. The tail is what follows FROM, e.g. "where sku > $1 order by sku limit $2".
func (t *Table[R]) Select(ctx context.Context, q Querier, tail string, args ...any) (found []R, err error) {
	rows, err := q.Query(ctx, t.statements().selected+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			found, err = nil, fmt.Errorf("read %s: %w", t.Name, closing)
		}
	}()
	for rows.Next() {
		var r R
		if err := rows.Scan(destinations(t.Fields(&r))...); err != nil {
			return nil, fmt.Errorf("read a row of %s: %w", t.Name, err)
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return found, nil
}

// Find reads the row with this key; false when there is none.
func (t *Table[R]) Find(ctx context.Context, q Querier, key ...any) (R, bool, error) {
	found, err := t.Select(ctx, q, t.statements().byKey, key...)
	if err != nil || len(found) == 0 {
		var none R
		return none, false, err
	}
	return found[0], true, nil
}

func (t *Table[R]) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], _, _ = strings.Cut(c, " ")
	}
	return names
}

// statements are the texts made from a table's description.
type statements struct {
	selected string // "select … from t " without a tail
	byKey    string // "where key = $1 …"
	upsert   [2]string
	remove   string
}

// many is how many rows the larger upsert writes at once.
const many = 16

func (t *Table[R]) statements() *statements {
	t.once.Do(func() { t.texts = t.write() })
	return &t.texts
}

func (t *Table[R]) write() statements {
	names := t.names()
	var where, set []string
	for i, name := range names {
		if i < t.Key {
			where = append(where, name+" = $"+strconv.Itoa(i+1))
		} else {
			set = append(set, name+" = excluded."+name)
		}
	}
	s := statements{
		selected: "select " + strings.Join(names, ", ") + " from " + t.Name + " ",
		byKey:    "where " + strings.Join(where, " and "),
	}
	s.remove = "delete from " + t.Name + " " + s.byKey
	onConflict := " on conflict (" + strings.Join(names[:t.Key], ", ") + ") do "
	if len(set) == 0 {
		onConflict += "nothing"
	} else {
		onConflict += "update set " + strings.Join(set, ", ")
	}
	for i, rows := range []int{1, many} {
		values := make([]string, rows)
		for r := range values {
			marks := make([]string, len(names))
			for c := range marks {
				marks[c] = "$" + strconv.Itoa(r*len(names)+c+1)
			}
			values[r] = "(" + strings.Join(marks, ", ") + ")"
		}
		s.upsert[i] = "insert into " + t.Name + " (" + strings.Join(names, ", ") + ") values " +
			strings.Join(values, ", ") + onConflict
	}
	return s
}

// Edit is the rows of one table that a batch reads and changes. It lives for one Apply.
//
// However the log is cut into batches, the same rows are left: a row that changes back to blank
// (zero but for its key) goes, one that was put blank stays until it has been anything else.
type Edit[R any] struct {
	table *Table[R]
	texts *statements
	tx    Tx
	rows  map[rowKey]*edited[R]
	order []*edited[R] // by first touch, so that a batch writes in the same order every time
}

// rowKey is a primary key of up to four columns, made comparable.
type rowKey [4]any

type edited[R any] struct {
	row    R
	key    []any
	blank  []any // a zero row with this key; made by the first Get, Has or Delete
	stands bool  // there is a row, even if it is blank
	rose   bool  // it was seen not to be blank
	stored store
	before []any // what is stored
}

// store is what is known of a row in the database.
type store int

const (
	unknown store = iota
	absent
	present
)

// Edit begins a batch's work on the table.
func (t *Table[R]) Edit(tx Tx) *Edit[R] {
	return &Edit[R]{table: t, texts: t.statements(), tx: tx, rows: map[rowKey]*edited[R]{}}
}

// Get hands out the row with this key to be changed in place; the pointer is good until Save. An
// absent row comes as a zero row with its key set, and is written only when something else of it
// was set too (Put writes it in any case).
func (e *Edit[R]) Get(ctx context.Context, key ...any) (*R, error) {
	held, err := e.hold(ctx, key)
	if err != nil {
		return nil, err
	}
	return &held.row, nil
}

// Has says whether there is a row with this key, as the batch has left it so far.
func (e *Edit[R]) Has(ctx context.Context, key ...any) (bool, error) {
	held, err := e.hold(ctx, key)
	if err != nil {
		return false, err
	}
	return held.there(values(e.table.Fields(&held.row))), nil
}

// Put writes a whole row without reading what stands there.
func (e *Edit[R]) Put(r R) error {
	held, _, err := e.find(values(e.table.Fields(&r)[:e.table.Key]))
	if err != nil {
		return err
	}
	held.row, held.stands, held.rose = r, true, false
	return nil
}

// Delete removes the row with this key, if there is one.
func (e *Edit[R]) Delete(key ...any) error {
	held, _, err := e.find(key)
	if err != nil {
		return err
	}
	if held.row, err = e.zero(key); err != nil {
		return err
	}
	held.blank = values(e.table.Fields(&held.row))
	held.stands, held.rose = false, false
	return nil
}

// Save writes what changed, each row once. The Edit may be used on afterwards.
func (e *Edit[R]) Save(ctx context.Context) error {
	var pending []any
	width := len(e.table.Columns)
	for _, held := range e.order {
		now := values(e.table.Fields(&held.row))
		held.stands, held.rose = held.there(now), false
		switch {
		case !held.stands && held.stored != absent:
			if err := e.tx.Exec(ctx, e.texts.remove, held.key...); err != nil {
				return fmt.Errorf("delete %v from %s: %w", held.key, e.table.Name, err)
			}
			held.stored = absent
		case held.stands && (held.stored != present || !slices.EqualFunc(held.before, now, same)):
			held.stored, held.before = present, now
			pending = append(pending, now...)
		}
	}
	for len(pending) > 0 {
		text, take := e.texts.upsert[1], many*width
		if len(pending) < take {
			text, take = e.texts.upsert[0], width
		}
		if err := e.tx.Exec(ctx, text, pending[:take]...); err != nil {
			return fmt.Errorf("write %v to %s: %w", pending[:e.table.Key], e.table.Name, err)
		}
		pending = pending[take:]
	}
	return nil
}

// there says whether the row, with these values, is one to keep.
func (h *edited[R]) there(now []any) bool {
	return h.stands && !h.rose || !slices.EqualFunc(h.blank, now, same)
}

// hold finds the row in memory, else in the database, and notes whether it is blank.
func (e *Edit[R]) hold(ctx context.Context, key []any) (*edited[R], error) {
	held, fresh, err := e.find(key)
	if err != nil {
		return nil, err
	}
	if fresh {
		row, found, err := e.table.Find(ctx, e.tx, held.key...)
		if err != nil {
			return nil, err
		}
		held.row, held.stands, held.stored = row, found, absent
		if found {
			held.stored, held.before = present, values(e.table.Fields(&row))
		} else if held.row, err = e.zero(key); err != nil {
			return nil, err
		}
	}
	if held.blank == nil {
		zero, err := e.zero(key)
		if err != nil {
			return nil, err
		}
		held.blank = values(e.table.Fields(&zero))
	}
	held.rose = held.rose || !slices.EqualFunc(held.blank, values(e.table.Fields(&held.row)), same)
	return held, nil
}

// find gives the place of a key in memory; fresh means that nothing was known of it so far.
func (e *Edit[R]) find(key []any) (held *edited[R], fresh bool, err error) {
	if len(key) != e.table.Key || len(key) > len(rowKey{}) {
		return nil, false, fmt.Errorf("%s has a key of %d columns, got %v", e.table.Name, e.table.Key, key)
	}
	var at rowKey
	for i, part := range key {
		if at[i] = value(part); !canBeKey(at[i]) {
			return nil, false, fmt.Errorf("%s: %T cannot be part of a key", e.table.Name, part)
		}
	}
	if held, ok := e.rows[at]; ok {
		return held, false, nil
	}
	held = &edited[R]{key: slices.Clone(at[:len(key)])}
	e.rows[at] = held
	e.order = append(e.order, held)
	return held, true, nil
}

// zero is a row of which only the key is set.
func (e *Edit[R]) zero(key []any) (r R, err error) {
	for i, field := range e.table.Fields(&r)[:e.table.Key] {
		if err := set(field, key[i]); err != nil {
			return r, fmt.Errorf("%s: key %v: %w", e.table.Name, key, err)
		}
	}
	return r, nil
}
