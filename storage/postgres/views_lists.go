package postgres

import (
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/projection"
)

// lists are the first columns of rows as a table v of parameters, a list for each column: so one statement
// takes any number of rows.
func lists(l *projection.Layout, width int) string {
	marks := make([]string, width)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1) + "::" + listed(l.Types[i]) + "[]"
	}
	return "unnest(" + strings.Join(marks, ", ") + ") as v (" + strings.Join(l.Columns[:width], ", ") + ")"
}

// listed is the type in which a column's values come in a list.
func listed(kind string) string {
	switch kind {
	case "text", "jsonb":
		return "text"
	}
	if of, ok := types[kind]; ok {
		return of
	}
	return kind
}

// keyed is the condition that a row has the key of v.
func keyed(l *projection.Layout) string {
	same := make([]string, l.Key)
	for i, name := range l.Columns[:l.Key] {
		same[i] = l.Name + "." + name + " = v." + name
	}
	return strings.Join(same, " and ")
}

// columns are the lists of the first columns of rows.
func columns(l *projection.Layout, rows [][]any, width int) []any {
	out := make([]any, width)
	for i := range out {
		switch l.Types[i] {
		case "bigint":
			out[i] = list[int64](rows, i)
		case "text", "jsonb":
			out[i] = list[string](rows, i)
		default:
			out[i] = anything(rows, i)
		}
	}
	return out
}

// list is a column whose values are all of one type, as a list of that; else a list of anything.
func list[T any](rows [][]any, i int) any {
	all := make([]T, len(rows))
	for r, row := range rows {
		v, ok := row[i].(T)
		if !ok {
			return anything(rows, i)
		}
		all[r] = v
	}
	return all
}

func anything(rows [][]any, i int) []any {
	all := make([]any, len(rows))
	for r, row := range rows {
		all[r] = row[i]
	}
	return all
}
