package graph

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// Result is what a run gave. Data is nil when a field that must not be null failed.
type Result struct {
	Data   map[string]any
	Errors []*Error
	Actual int
}

// Run carries a plan out: root fields in their order, each resolved by root.
func (p *Plan) Run(root Root) Result {
	r := Result{Data: map[string]any{}}
	for _, f := range p.fields(p.op.SelectionSet, "") {
		value, err := p.root(f, root)
		var counted int
		var done any
		if err == nil {
			done, counted, err = p.complete(f.Definition.Type, value, f)
		}
		r.Actual += counted
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				e = &Error{Code: "INTERNAL_SERVER_ERROR", Message: err.Error()}
			}
			e.Path = f.Alias
			r.Errors = append(r.Errors, e)
			if f.Definition.Type.NonNull {
				r.Data = nil
				return r
			}
			done = nil
		}
		r.Data[f.Alias] = done
	}
	if p.Mutation {
		r.Actual = max(r.Actual, mutationCost)
	}
	return r
}

func (p *Plan) root(f *ast.Field, root Root) (any, error) {
	if f.Name == "__typename" {
		return f.ObjectDefinition.Name, nil
	}
	key, keyed := "", false
	if d := f.Directives.ForName("idempotent"); d != nil {
		key, keyed = Args(d.ArgumentMap(p.vars)).Text("key"), true
	}
	return root(f.Name, f.ArgumentMap(p.vars), key, keyed)
}

// complete turns a value into JSON as the selection asks, and counts its objects.
func (p *Plan) complete(t *ast.Type, value any, f *ast.Field) (out any, cost int, err error) {
	if list, ok := value.([]Object); ok {
		items := make([]any, len(list))
		for i, o := range list {
			if o != nil {
				items[i] = o
			}
		}
		value = items
	}
	switch v := value.(type) {
	case nil:
		if t.NonNull {
			return nil, 0, fmt.Errorf("field %s must not be null", f.Name)
		}
		return nil, 0, nil
	case Object:
		if v == nil {
			return nil, 0, nil
		}
		return p.object(v, f)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			var n int
			if items[i], n, err = p.complete(t.Elem, item, f); err != nil {
				return nil, cost, err
			}
			cost += n
		}
		return items, cost, nil
	}
	return value, 0, nil
}

func (p *Plan) object(o Object, f *ast.Field) (any, int, error) {
	name, _ := o["__typename"].(string)
	if name == "" {
		name = f.Definition.Type.Name()
	}
	cost := 1
	switch {
	case len(name) > 10 && name[len(name)-10:] == "Connection":
		cost = connectionCost
	case name == "PageInfo", len(name) > 4 && name[len(name)-4:] == "Edge":
		cost = 0
	}
	out := map[string]any{}
	for _, sub := range p.fields(f.SelectionSet, name) {
		if sub.Name == "__typename" {
			out[sub.Alias] = name
			continue
		}
		value, known := o[sub.Name]
		if !known {
			return nil, cost, fmt.Errorf("the simulator does not resolve %s.%s", name, sub.Name)
		}
		var err error
		if make, ok := value.(Field); ok {
			if value, err = make(sub.ArgumentMap(p.vars)); err != nil {
				return nil, cost, err
			}
		}
		done, n, err := p.complete(sub.Definition.Type, value, sub)
		if err != nil {
			return nil, cost, err
		}
		out[sub.Alias] = done
		cost += n
	}
	return out, cost, nil
}
