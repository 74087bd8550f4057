package projection

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/creatorflow/creatorflow/projection/field"
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

	once sync.Once
	laid Layout
}

// JSON keeps a field as JSON text in a jsonb column. Maps are written with sorted keys, so equal
// values are equal bytes.
func JSON[T any](f *T) any { return field.JSON(f) }

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
func (t *Table[R]) Select(ctx context.Context, q Querier, tail string, args ...any) ([]R, error) {
	rows, err := q.Query(ctx, t.layout().selected+tail, args...)
	return t.read(rows, err)
}

// Find reads the row with this key; false when there is none.
func (t *Table[R]) Find(ctx context.Context, q Querier, key ...any) (R, bool, error) {
	rows, err := q.Query(ctx, t.layout().Find, key...)
	found, err := t.read(rows, err)
	if err != nil || len(found) == 0 {
		var none R
		return none, false, err
	}
	return found[0], true, nil
}

// read takes in the answer of a query.
func (t *Table[R]) read(rows Rows, asking error) (found []R, err error) {
	if asking != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, asking)
	}
	defer func() {
		if closing := rows.Close(); closing != nil && err == nil {
			found, err = nil, fmt.Errorf("read %s: %w", t.Name, closing)
		}
	}()
	for rows.Next() {
		var r R
		if err := rows.Scan(field.Destinations(t.Fields(&r))...); err != nil {
			return nil, fmt.Errorf("read a row of %s: %w", t.Name, err)
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return found, nil
}

func (t *Table[R]) names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], _, _ = strings.Cut(c, " ")
	}
	return names
}

// Layout is what a store knows of a table: its columns, of which the first Key are the primary key, and the
// statements that read, write and remove one row.
type Layout struct {
	Name                 string
	Columns, Types       []string
	Key                  int
	Find, Upsert, Remove string
	Conflict             string // how the upsert ends: what becomes of a row with the same key

	selected string // "select … from t " without a tail
}

func (t *Table[R]) layout() *Layout {
	t.once.Do(func() { t.laid = t.lay() })
	return &t.laid
}

func (t *Table[R]) lay() Layout {
	l := Layout{Name: t.Name, Key: t.Key, Columns: t.names()}
	marks := make([]string, len(l.Columns))
	var where, set []string
	for i, name := range l.Columns {
		_, kind, _ := strings.Cut(t.Columns[i], " ")
		l.Types = append(l.Types, strings.TrimSuffix(kind, " null"))
		marks[i] = "$" + strconv.Itoa(i+1)
		if i < t.Key {
			where = append(where, name+" = "+marks[i])
		} else {
			set = append(set, name+" = excluded."+name)
		}
	}
	l.selected = "select " + strings.Join(l.Columns, ", ") + " from " + t.Name + " "
	l.Find = l.selected + "where " + strings.Join(where, " and ")
	l.Remove = "delete from " + t.Name + " where " + strings.Join(where, " and ")
	l.Upsert = "insert into " + t.Name + " (" + strings.Join(l.Columns, ", ") + ") values (" + strings.Join(marks, ", ") + ")"
	if l.Conflict = " on conflict (" + strings.Join(l.Columns[:t.Key], ", ") + ") do nothing"; len(set) > 0 {
		l.Conflict = strings.TrimSuffix(l.Conflict, "nothing") + "update set " + strings.Join(set, ", ")
	}
	l.Upsert += l.Conflict
	return l
}

// Edit is the rows of one table that a batch reads and changes. It lives for one Apply.
//
// However the log is cut into batches, the same rows are left: a row that changes back to blank
// (zero but for its key) goes, one that was put blank stays until it has been anything else.
type Edit[R any] struct {
	table *Table[R]
	tx    Tx
	rows  map[rowKey]*edited[R]
	order []*edited[R] // by first touch, so that a batch writes in the same order every time
}

// rowKey is a primary key of up to four columns, made comparable.
type rowKey [4]any

type edited[R any] struct {
	row    R
	fields []any // of row
	key    []any
	stands bool // there is a row, even if it is blank
	rose   bool // it was seen not to be blank
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
	return &Edit[R]{table: t, tx: tx, rows: map[rowKey]*edited[R]{}}
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
	return e.there(held), nil
}

// Put writes a whole row without reading what stands there.
func (e *Edit[R]) Put(r R) error {
	held, _, err := e.find(field.Values(e.table.Fields(&r)[:e.table.Key]))
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
	held.stands, held.rose = false, false
	return e.zero(held)
}

// Save writes what changed, each row once. The Edit may be used on afterwards.
func (e *Edit[R]) Save(ctx context.Context) error {
	if _, looking := e.tx.(*scout); looking {
		return errSeen
	}
	var rows, gone [][]any
	for _, held := range e.order {
		held.stands, held.rose = e.there(held), false
		if !held.stands {
			if held.stored != absent {
				gone = append(gone, held.key)
				held.stored = absent
			}
			continue
		}
		now := field.Values(slices.Clone(held.fields))
		if held.stored != present || !slices.EqualFunc(held.before, now, field.Same) {
			held.stored, held.before = present, now
			rows = append(rows, now)
		}
	}
	if len(gone) > 0 {
		if err := e.tx.Remove(ctx, e.table.layout(), gone); err != nil {
			return fmt.Errorf("delete from %s: %w", e.table.Name, err)
		}
	}
	if len(rows) > 0 {
		if err := e.tx.Store(ctx, e.table.layout(), rows); err != nil {
			return fmt.Errorf("write to %s: %w", e.table.Name, err)
		}
	}
	return nil
}

// there says whether the row is one to keep.
func (e *Edit[R]) there(h *edited[R]) bool {
	return h.stands && !h.rose || !e.blank(h)
}

// blank says that nothing of a row is set but its key.
func (e *Edit[R]) blank(h *edited[R]) bool {
	return !slices.ContainsFunc(h.fields[e.table.Key:], func(f any) bool { return !field.Unset(f) })
}

// hold finds the row in memory, else in the database, and notes whether it is blank.
func (e *Edit[R]) hold(ctx context.Context, key []any) (*edited[R], error) {
	held, fresh, err := e.find(key)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := e.load(ctx, held); err != nil {
			return nil, err
		}
	}
	held.rose = held.rose || !e.blank(held)
	return held, nil
}

// load reads a row, and with it those of which a scout has told that the batch will ask for them.
func (e *Edit[R]) load(ctx context.Context, held *edited[R]) (err error) {
	layout, loading := e.table.layout(), []*edited[R]{held}
	var rows Rows
	switch tx := e.tx.(type) {
	case *scout:
		tx.note(layout, held.key)
		rows = nothing{}
	case *guided:
		keys := [][]any{held.key}
		for _, key := range tx.take(layout) {
			other, fresh, err := e.find(key)
			if err != nil {
				return err
			}
			if fresh {
				keys, loading = append(keys, other.key), append(loading, other)
			}
		}
		rows, err = tx.Load(ctx, layout, keys)
	case Filling:
		if rows = (nothing{}); !tx.Absent(layout, held.key) {
			rows, err = tx.Query(ctx, layout.Find, held.key...)
		}
	default:
		rows, err = tx.Query(ctx, layout.Find, held.key...)
	}
	found, err := e.table.read(rows, err)
	if err != nil {
		return err
	}
	for _, one := range loading {
		one.stored = absent
		if err := e.zero(one); err != nil {
			return err
		}
	}
	for _, row := range found {
		one := held
		if len(loading) > 1 {
			if one, _, err = e.find(field.Values(e.table.Fields(&row)[:layout.Key])); err != nil {
				return err
			}
		}
		one.row, one.stands, one.stored = row, true, present
		one.before = field.Values(slices.Clone(one.fields))
	}
	return nil
}

// find gives the place of a key in memory; fresh means that nothing was known of it so far.
func (e *Edit[R]) find(key []any) (held *edited[R], fresh bool, err error) {
	if len(key) != e.table.Key || len(key) > len(rowKey{}) {
		return nil, false, fmt.Errorf("%s has a key of %d columns, got %v", e.table.Name, e.table.Key, key)
	}
	var at rowKey
	for i, part := range key {
		if at[i] = field.Value(part); !field.CanBeKey(at[i]) {
			return nil, false, fmt.Errorf("%s: %T cannot be part of a key", e.table.Name, part)
		}
	}
	if held, ok := e.rows[at]; ok {
		return held, false, nil
	}
	held = &edited[R]{key: slices.Clone(at[:len(key)])}
	held.fields = e.table.Fields(&held.row)
	e.rows[at] = held
	e.order = append(e.order, held)
	return held, true, nil
}

// zero leaves of a row its key alone.
func (e *Edit[R]) zero(h *edited[R]) error {
	var none R
	h.row = none
	for i, f := range h.fields[:e.table.Key] {
		if err := field.Set(f, h.key[i]); err != nil {
			return fmt.Errorf("%s: key %v: %w", e.table.Name, h.key, err)
		}
	}
	return nil
}
